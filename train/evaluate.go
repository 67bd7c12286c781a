package train

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"pare/datasets"
	"pare/infer"
	"pare/layers"
	"pare/layers/activity"
	"pare/nn"
)

// Metrics is the quality of a network on a set of examples.
type Metrics struct {
	Loss     float64 `json:"loss"`     // mean loss over the targets
	Accuracy float64 `json:"accuracy"` // share of the targets that were predicted
	Correct  int     `json:"correct"`  // correct predictions
	N        int     `json:"n"`        // targets: one an example, or one for each position of a sequence
	// NoAccuracy says that no output counts as correct: targets are numbers to come near to.
	NoAccuracy bool `json:"no_accuracy,omitempty"` // no prediction counts as correct: targets are numbers
}

// Scorer is implemented by losses that evaluate one target themselves: its
// loss and whether the prediction counts as correct. Other losses are scored
// as classification, by CrossEntropyScore. output is the share of the output
// that belongs to the target.
type Scorer interface {
	Score(output []float32, target float32) (loss float64, correct bool)
}

// Evaluate runs the network in evaluation mode over all examples of the source
// in programs of the given batch size, which no batch may exceed. Losses are
// computed from the outputs in float64. loss may be nil: cross-entropy. An output
// that is not finite is ErrNotFinite.
func Evaluate(ctx context.Context, net *nn.Network, source EvalSource, batch int, loss nn.Loss) (Metrics, error) {
	e, err := NewEvaluator(net, batch, loss)
	if err != nil {
		return Metrics{}, err
	}
	return e.Run(ctx, source)
}

// Evaluator is a network compiled for evaluation.
type Evaluator struct {
	program *nn.Program
	meter   *activity.Meter
	targets int // of an example
	score   Score
	first   []float32 // the output for the first target of the last Run
	varied  bool      // some other target had another one
	n       int       // targets of the last Run
	loss    nn.Loss
	tally   *Tally // of the last Run; nil: not asked for
	detail  bool
}

// NewEvaluator compiles the network for batches of up to batch examples. It reads the parameters
// as they are at each Run.
func NewEvaluator(net *nn.Network, batch int, loss nn.Loss) (*Evaluator, error) {
	meter := activity.NewMeter(net)
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: batch, Probes: meter.Probes()})
	if err != nil {
		return nil, err
	}
	return newEvaluator(p, meter, loss), nil
}

// NewFinalEvaluator is NewEvaluator for parameters that do not change any more, as long as it is
// used: it runs as a predictor serves the network.
func NewFinalEvaluator(net *nn.Network, batch int, loss nn.Loss) (*Evaluator, error) {
	p, err := infer.New(net, infer.Options{SharesLayers: true, Zeros: infer.Dense})
	if err != nil {
		return nil, err
	}
	meter := activity.NewMeter(p.Network())
	program, err := p.Compile(batch, meter.Probes()...)
	if err != nil {
		return nil, err
	}
	return newEvaluator(program, meter, loss), nil
}

func newEvaluator(p *nn.Program, meter *activity.Meter, loss nn.Loss) *Evaluator {
	return &Evaluator{program: p, meter: meter,
		targets: nn.TargetsOf(loss, p.Network().Output().Shape), score: ScoreBy(loss), loss: loss}
}

// InDetail has the next Runs collect a Detail.
func (e *Evaluator) InDetail() { e.detail = true }

// Detail is the closer look of the last Run; nil unless InDetail was called before it, and
// for losses of other modules.
func (e *Evaluator) Detail() *Detail {
	if e.tally == nil || e.n == 0 {
		return nil
	}
	return e.tally.Detail()
}

// Run evaluates all examples of the source, or returns ErrNotFinite.
func (e *Evaluator) Run(ctx context.Context, source EvalSource) (Metrics, error) {
	var m Metrics
	sum := 0.0
	e.meter.Reset()
	e.first, e.varied, e.n = e.first[:0], false, 0
	width := len(e.program.Output()) / (e.program.Batch() * e.targets)
	if e.tally = nil; e.detail {
		e.tally = NewTally(e.loss, e.targets, width)
	}
	err := Forward(ctx, e.program, source, e.targets, e.meter.Expect, func(b Batch, outputs []float32) error {
		e.meter.Add()
		if !finite(outputs) {
			return ErrNotFinite
		}
		for i := range b.N * e.targets {
			output := outputs[i*width:][:width]
			if m.N == 0 {
				e.first = append(e.first, output...)
			}
			e.varied = e.varied || !slices.Equal(output, e.first)
			loss, correct, err := e.score(output, b.Y[i])
			if err != nil {
				return err
			}
			if e.tally != nil {
				e.tally.Add(i%e.targets, output, b.Y[i])
			}
			sum += loss
			m.N++
			e.n++
			if correct {
				m.Correct++
			}
		}
		return nil
	})
	switch {
	case err != nil && err == ctx.Err():
		return m, err
	case err != nil:
		return m, fmt.Errorf("evaluation after %d targets: %w", m.N, err)
	case m.N == 0:
		return m, errors.New("evaluation: the source has no examples")
	}
	m.NoAccuracy = !HasAccuracy(e.loss)
	m.Loss, m.Accuracy = sum/float64(m.N), float64(m.Correct)/float64(m.N)
	return m, nil
}

// Activity is how sparse the activations were in the last Run; nil for a network
// without activations that make zeros.
func (e *Evaluator) Activity() *activity.Report { return e.meter.Report() }

// Constant reports whether every target of the last Run, of two at least, had the same
// output: the network does not see its input.
func (e *Evaluator) Constant() bool { return e.n > 1 && !e.varied }

// HasAccuracy reports whether outputs can be correct by a loss: not where targets are numbers
// to come near to.
func HasAccuracy(loss nn.Loss) bool {
	square, numbers := loss.(layers.MeanSquare)
	return !numbers || square.Near > 0
}

// Score evaluates one target by the share of the output that belongs to it.
type Score func(output []float32, target float32) (loss float64, correct bool, err error)

// ScoreBy is how a loss is evaluated: as it says (see Scorer), or by
// CrossEntropyScore, also where it is nil.
func ScoreBy(loss nn.Loss) Score {
	s, ok := loss.(Scorer)
	if !ok {
		return CrossEntropyScore
	}
	return func(output []float32, target float32) (float64, bool, error) {
		loss, correct := s.Score(output, target)
		if math.IsNaN(loss) && finite(output) {
			return 0, false, fmt.Errorf("target %g makes no sense to the loss %T", target, s)
		}
		return loss, correct, nil
	}
}

// CrossEntropyScore is −log softmax(logits)[target], without label smoothing, and whether
// the first largest logit is the target's. It returns an error if the target is not a
// class.
func CrossEntropyScore(logits []float32, target float32) (loss float64, correct bool, err error) {
	t := int(target)
	if t < 0 || t >= len(logits) || float32(t) != target {
		return 0, false, fmt.Errorf("target %g is not a class; the network has %d outputs", target, len(logits))
	}
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - float64(logits[best]))
	}
	return math.Log(sum) + float64(logits[best]) - float64(logits[t]), best == t, nil
}

// Forward runs a program on every batch of a source, which may be smaller than the program's
// unless it measures statistics: then smaller ones are left out.
// A batch has the number of targets an example, 0 where they do not matter. expect, unless it
// is nil, is called with the number of examples before a run; each with the batch and its
// outputs after it. The end of ctx is its error.
func Forward(ctx context.Context, p *nn.Program, source EvalSource, targets int,
	expect func(n int), each func(b Batch, outputs []float32) error) error {
	size, width := len(p.X)/p.Batch(), len(p.Output())/p.Batch()
	p.ResetState()
	for b, err := range source.All(ctx) {
		if err == nil {
			err = checkBatch(b, size, targets)
		}
		if err == nil && b.N != p.Batch() && len(p.Statistics()) > 0 {
			continue
		}
		if err == nil && b.N > p.Batch() {
			err = fmt.Errorf("batch of %d examples in a program for %d", b.N, p.Batch())
		}
		if err != nil {
			return err
		}
		copy(p.X, b.X[:b.N*size])
		if !b.Continues {
			p.ResetState()
		}
		if expect != nil {
			expect(b.N)
		}
		p.Run()
		if err := each(b, p.Output()[:b.N*width]); err != nil {
			return err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return ctx.Err()
}

// checkBatch compares the lengths of a batch with its number of examples.
func checkBatch(b Batch, input, targets int) error {
	if b.N < 1 || len(b.X) < b.N*input || len(b.Y) < b.N*targets {
		return fmt.Errorf("a batch of %d examples has %d input values and %d targets, expected %d and %d",
			b.N, len(b.X), len(b.Y), b.N*input, b.N*targets)
	}
	return nil
}

// Batch is a mini-batch.
type Batch = datasets.Batch

// Source gives mini-batches to train on, all of the same size. A *datasets.Loader is one.
type Source interface {
	// BatchSize is the number of examples in every batch.
	BatchSize() int
	// Batches is the number of batches in an epoch.
	Batches() int
	// Epoch gives the batches of an epoch, counted from 0, from the one with
	// index first on. Batch i of an epoch is always the same. It may end early,
	// without an error, when ctx ends.
	Epoch(ctx context.Context, epoch uint64, first int) iter.Seq2[Batch, error]
}

// EvalSource gives every example once, in order unless Batch.Examples says
// another. Batches may be smaller than asked for. It may end early, without an
// error, when ctx ends.
type EvalSource interface {
	All(ctx context.Context) iter.Seq2[Batch, error]
}
