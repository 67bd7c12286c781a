package train

import (
	"context"
	"iter"
	"math"
	"math/rand/v2"

	"pare/attack"
	"pare/internal/kernel/parallel"
	"pare/layers"
	"pare/nn"
)

// Attacker moves the examples of batches so that the loss of a network grows. The network
// computes as in inference: running statistics, no dropout. Where an example goes depends on
// the seed, the stream and its place in the batch, not on the number of threads. Not safe for
// concurrent use.
type Attacker struct {
	Eps float64 // radius of the ball in pixel units, at first the one of the options

	o         *Adversarial
	loss      nn.Loss // whose targets batches have
	ball      *attack.Ball[float32]
	program   *nn.Program
	teacher   []float32 // outputs for clean examples, which KL compares with; nil: the loss goes by targets
	size      int       // of an example
	seed      uint64
	low, high []float32 // limits of each value
	x         []float32 // clean examples

	best  []float32 // of several starts
	worst []float64
}

// NewAttacker compiles the network for attacks on batches of up to batch examples, which
// increase the loss or, with o.Trades, the divergence from the outputs of the clean examples.
func NewAttacker(net *nn.Network, o *Adversarial, loss nn.Loss, batch int, seed uint64) (*Attacker, error) {
	if err := attackable(net, len(o.Std)); err != nil {
		return nil, err
	}
	pixels := attack.Range{Lower: 0, Upper: 1}
	for c, std := range o.Std {
		pixels.Mean, pixels.Std = append(pixels.Mean, float64(o.Mean[c])), append(pixels.Std, float64(std))
	}
	ball, err := attack.NewBall[float32](attack.Threat{Norm: attack.Norm(o.Norm), Eps: o.Eps, Range: pixels}, len(o.Std))
	if err != nil {
		return nil, err
	}
	a := &Attacker{Eps: o.Eps, o: o, loss: loss, ball: ball, size: net.Input.Size(), seed: seed}
	if o.Trades > 0 {
		a.teacher = make([]float32, batch*net.Output().Shape.Size())
		loss = layers.Distilled{Loss: loss, Form: layers.TargetForm{Classes: net.Output().Shape.Units()},
			Teacher: a.teacher, Temperature: 1, Weight: 1}
	}
	if a.program, err = nn.Compile(net, nn.CompileOptions{Mode: nn.Eval, Batch: batch, Loss: loss, InputGradient: true}); err != nil {
		return nil, err
	}
	n := batch * a.size
	a.x, a.low, a.high = make([]float32, n), make([]float32, n), make([]float32, n)
	return a, nil
}

// Move writes the attacked examples of a batch, which has no more than the program, to dst.
func (a *Attacker) Move(dst []float32, b Batch, stream uint64) {
	if a.Eps == 0 {
		copy(dst, b.X[:b.N*a.size])
		return
	}
	p, path, n := a.program, a.o.Attack.Path(a.Eps), b.N
	setTargets(p.Target, a.loss, b)
	copy(a.x, b.X[:n*a.size])
	a.ball.Eps = a.Eps
	a.each(n, func(i int) { a.ball.Limit(a.limits(i)) })
	if a.teacher != nil {
		copy(p.X, a.x)
		a.run()
		copy(a.teacher, p.Output())
	}
	for start := range path.Restarts {
		copy(p.X, a.x[:n*a.size])
		if path.Random {
			a.each(n, func(i int) {
				rng := rand.New(rand.NewPCG(a.seed^stream*0x9e3779b97f4a7c15, uint64(start)<<32|uint64(i)))
				a.ball.Random(a.of(p.X, i), a.limits(i), rng)
			})
		}
		for range path.Steps {
			a.run()
			a.each(n, func(i int) { a.ball.Step(a.of(p.X, i), a.of(p.InputGrad(), i), a.limits(i), path.Step) })
		}
		if path.Restarts > 1 {
			a.run()
			a.keep(n, start)
		}
	}
	if path.Restarts > 1 {
		copy(dst, a.best[:n*a.size])
		return
	}
	copy(dst, p.X[:n*a.size])
}

func (a *Attacker) run() {
	a.program.ResetState()
	a.program.Run()
}

// each calls f for every example, in parallel.
func (a *Attacker) each(n int, f func(i int)) {
	chunk := max(1, 1<<14/a.size)
	parallel.Run((n+chunk-1)/chunk, func(task int) {
		for i := task * chunk; i < min((task+1)*chunk, n); i++ {
			f(i)
		}
	})
}

// of is the part of values that belongs to an example.
func (a *Attacker) of(values []float32, i int) []float32 { return values[i*a.size:][:a.size] }

// limits are the limits of an example of a batch.
func (a *Attacker) limits(i int) attack.Limits[float32] {
	return attack.Limits[float32]{Clean: a.of(a.x, i), Low: a.of(a.low, i), High: a.of(a.high, i)}
}

// keep remembers the examples of a start whose loss is the largest so far.
func (a *Attacker) keep(n, start int) {
	if a.best == nil {
		a.best, a.worst = make([]float32, len(a.x)), make([]float64, a.program.Batch())
	}
	width := len(a.program.Output()) / a.program.Batch()
	for i := range n {
		output := a.program.Output()[i*width:][:width]
		loss := math.Inf(-1)
		if a.teacher != nil {
			loss = layers.Divergence(a.teacher[i*width:][:width], output)
		} else if v, _, err := CrossEntropyScore(output, a.program.Target[i]); err == nil {
			loss = v
		}
		if start == 0 || loss > a.worst[i] {
			a.worst[i] = loss
			copy(a.of(a.best, i), a.of(a.program.X, i))
		}
	}
}

// attacked is a source whose examples an Attacker moves.
type attacked struct {
	EvalSource
	by     *Attacker
	stream uint64
	beside bool // each batch is followed by its clean examples
}

// All implements EvalSource.
func (s attacked) All(ctx context.Context) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		var x []float32
		for b, err := range s.EvalSource.All(ctx) {
			if err != nil {
				yield(b, err)
				return
			}
			if x == nil {
				x = make([]float32, len(b.X))
			}
			moved := b
			moved.X = x[:b.N*s.by.size]
			s.by.Move(moved.X, b, s.stream<<32|uint64(uint32(b.Index)))
			if !yield(moved, nil) || s.beside && !yield(b, nil) {
				return
			}
		}
	}
}

// Statistics gives the examples of a source as training sees them, for running statistics:
// attacked and, with TRADES, clean ones beside them.
func (a *Attacker) Statistics(s EvalSource) EvalSource {
	return attacked{EvalSource: s, by: a, stream: statisticsStream, beside: a.o.Trades > 0}
}
