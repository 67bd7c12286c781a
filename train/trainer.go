package train

import (
	"context"
	"fmt"
	"time"

	"pare/layers/activity"
	"pare/nn"
)

// Trainer runs one phase of training on a network, whose parameters it changes
// in place; with a Reshaper it may go on with a smaller one, see Network. Not safe for concurrent use.
type Trainer struct {
	o          Options
	net        *nn.Network
	program    *nn.Program
	evaluator  *Evaluator         // nil without validation data
	last       *Evaluator         // of the last batch; nil until it is needed
	statistics *RunningStatistics // nil: they stay as the steps leave them
	optimizer  Optimizer
	schedule   Schedule
	norm       *gradientNorm
	perEpoch   int

	pos      Position
	best     []NamedTensor // nil unless the best weights are kept
	params   []NamedTensor // the live values
	zeros    float64       // share of zeros when last counted
	size     int64         // trainable values when the phase began
	reshaped bool          // net is not the one of the start
	val      *Metrics
	left     *Remaining // at the end of the last epoch
	byLoss   bool       // see Status

	activity *activity.Report // of the last evaluation

	continues bool // the batch under way goes on from the one before

	started   time.Time // of this session
	spent     float64   // seconds of the sessions before
	firstStep int       // of this session
}

// Result is the outcome of a phase.
type Result struct {
	Epochs  int      // complete ones
	Steps   int      // updates
	Loss    float64  // mean over the last complete epoch of this session
	Val     *Metrics // of the last evaluation of this session; nil when there was none
	Best    *Best    // best validation; nil without
	Stopped bool     // early stop ended the phase before all epochs
	Seconds float64  // over all sessions
	Waited  float64  // seconds of them waiting for training data
}

// New compiles the network for training and evaluation.
func New(net *nn.Network, o Options) (*Trainer, error) {
	o.complete()
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("phase %s: %w", o.Phase, err)
	}
	t := &Trainer{o: o, perEpoch: o.Train.Batches(), size: net.Count().Params}
	t.pos.Phase, t.pos.Last.Terms = o.Phase, make([]LastTerm, len(o.Penalties))
	_, scored := o.Loss.(Scorer)
	t.byLoss = scored || nn.TargetsOf(o.Loss, net.Output().Shape) > 1
	var err error
	if t.schedule, err = o.Schedule.New(o.Optimizer.LR, o.Epochs); err != nil {
		return nil, fmt.Errorf("phase %s: %w", o.Phase, err)
	}
	if err := o.Optimizer.CheckSchedule(o.Schedule); err != nil {
		return nil, fmt.Errorf("phase %s: %w", o.Phase, err)
	}
	return t, t.bind(net, o.Penalties)
}

// bind compiles a network for training and evaluation and makes the optimizer.
func (t *Trainer) bind(net *nn.Network, penalties []Penalty) (err error) {
	o := &t.o
	t.net, t.params, o.Penalties, t.last = net, paramTensors(net), penalties, nil
	if t.program, err = nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: o.Train.BatchSize(),
		Loss: o.Loss, Terms: lossTerms(o.Penalties), Seed: o.Seed}); err != nil {
		return err
	}
	if o.Statistics.EvalSource != nil {
		if t.statistics, err = NewRunningStatistics(net, o.Statistics.Batch); err != nil {
			return err
		}
	}
	if o.Val != nil {
		if t.evaluator, err = NewEvaluator(net, o.EvalBatch, o.Loss); err != nil {
			return err
		}
	}
	if t.optimizer, err = NewOptimizer(o.Optimizer, Setup{Params: net.Params(), Grad: t.program.Grad,
		Penalties: o.Penalties, FreezeZeros: o.FreezeZeros,
		Steps: o.Epochs * t.perEpoch, Rate: func(step int) float64 { return t.schedule(t.epochOf(step)) }}); err != nil {
		return fmt.Errorf("phase %s: %w", o.Phase, err)
	}
	var grads [][]float32
	for _, p := range net.Params() {
		if g := t.program.Grad(p.Param); g != nil {
			grads = append(grads, g)
		}
	}
	t.norm = newGradientNorm(grads)
	return nil
}

// Fit trains to the end of the phase, or goes on from where Resume or an
// interrupted Fit left off. When ctx ends it finishes the step under way, saves
// a checkpoint and returns ErrInterrupted. When a value is no longer finite, be it
// after the last update only, it returns ErrDiverged; the last checkpoint is then
// from before, and the network in memory is of no more use.
func (t *Trainer) Fit(ctx context.Context) (Result, error) {
	t.started, t.spent, t.firstStep = time.Now(), t.pos.Seconds, t.pos.Step
	t.zeros = t.zeroShare()
	if t.o.Reshaper != nil {
		t.o.Reshaper.Begin(t.net)
	}
	defer t.o.Reporter.Close()
	res := Result{}
	for !t.pos.Done {
		loss, err := t.epoch(ctx)
		if err != nil {
			return t.fill(res), err
		}
		res.Loss = loss
	}
	if t.o.Stop.RestoreBest && t.best != nil {
		copyTensors(t.params, t.best)
	}
	if err := t.save(); err != nil {
		return t.fill(res), err
	}
	return t.fill(res), nil
}

func (t *Trainer) fill(r Result) Result {
	r.Epochs, r.Steps, r.Val, r.Best = t.pos.Epoch, t.pos.Step, t.val, t.pos.Best
	r.Stopped = t.pos.Done && t.pos.Epoch < t.o.Epochs
	r.Seconds, r.Waited = t.seconds(), t.pos.Waited
	return r
}

// seconds is the time spent on the phase, this session included.
func (t *Trainer) seconds() float64 {
	if t.started.IsZero() {
		return t.pos.Seconds
	}
	return t.spent + time.Since(t.started).Seconds()
}

// zeroShare is the share of the trainable values that are exactly 0, or were and
// have been removed since the phase began.
func (t *Trainer) zeroShare() float64 {
	if t.size == 0 {
		return 0
	}
	return 1 - float64(t.net.Count().NonZero)/float64(t.size)
}
