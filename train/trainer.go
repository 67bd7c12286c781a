package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pare/internal/option"
	"pare/layers"
	"pare/layers/activity"
	"pare/nn"
)

// Errors that callers can distinguish; returned errors wrap them and add details.
var (
	// ErrInterrupted: the context ended. The state was saved, if there is a
	// checkpoint folder.
	ErrInterrupted = errors.New("interrupted")
	// ErrDiverged: a loss, a gradient or a parameter is no longer finite.
	ErrDiverged = errors.New("training diverged")
	// ErrNotFinite: a network gives an output that is not a finite number.
	ErrNotFinite = errors.New("an output of the network is not a finite number")
	// ErrDamaged: a checkpoint is cut off or has changed since it was written.
	ErrDamaged = errors.New("the checkpoint is damaged")
	// ErrMismatch: a checkpoint belongs to another network, configuration,
	// phase or optimizer.
	ErrMismatch = errors.New("the checkpoint does not fit")
)

// Diverged is the error of a training whose network gives outputs that are not finite,
// as err says.
func Diverged(err error) error { return fmt.Errorf("%w: %w; %s", ErrDiverged, err, remedy) }

// Options configure a Trainer.
type Options struct {
	Phase     string     // name in logs and checkpoints; "" means train
	Train     Source     // required
	Val       EvalSource // evaluated after each epoch; nil: no evaluation
	EvalBatch int        // largest batch of Val; 0 means the training batch
	Loss      nn.Loss    // required
	EvalLoss  nn.Loss    // of Val, see Evaluate; nil means Loss

	Distill *Distillation // a teacher whose outputs are part of the loss of steps; nil: none

	// Adversarial has steps train on attacked examples, and epochs end with a measurement under an
	// attack; running statistics are measured on attacked examples, too. nil: none.
	Adversarial *Adversarial

	Groups *WorstGroups // groups of examples by whose losses steps go; nil: by the mean loss of all

	// Statistics are the examples from which running statistics, such as BatchNorm's, are
	// computed at the end of each epoch, before the evaluation, so that they belong to the
	// weights that are evaluated, kept as the best, saved and returned. Its zero value leaves
	// them as the steps did: moving averages.
	Statistics StatisticsSource

	Penalties []Penalty     // added to the loss; applied proximally where they say so
	Optimizer OptimizerSpec // required
	Schedule  ScheduleSpec  // of the learning rate; nil means constant
	Epochs    int           // at least 1
	ClipNorm  float64       // largest norm of all gradients together; 0 means no limit
	Stop      EarlyStopSpec // needs Val; zero means never
	Seed      uint64        // of dropout

	// FreezeZeros keeps weights, scales, shifts and gates that are exactly 0
	// when the Trainer is made at 0. It is meant for fine-tuning.
	FreezeZeros bool

	// Masks hold single weights at 0, and may change which ones; nil: none.
	Masks Masks

	// Reshaper may remove units that have become zero; nil: the network stays whole.
	Reshaper Reshaper

	// Snapshot is called before the first step, with epoch 0, and at the end of each epoch,
	// before its checkpoint; nil: it is not. A resumed phase may repeat the last call.
	Snapshot func(epoch int, net *nn.Network) error

	// Past is the number of epochs of the schedule that lie before the phase, as if so many
	// epochs had been trained.
	Past int

	// Remaining counts the network that a removal would leave, without changing it, for
	// logs and reports at the end of an epoch; nil: they do not say.
	Remaining func(*nn.Network) (Remaining, error)

	Dir             string      // folder of checkpoints; "" means none are written
	CheckpointEvery int         // steps between checkpoints within an epoch; 0 means one after each epoch only
	Config          string      // hash of the configuration; a resume must have the same
	Log             *MetricsLog // nil: none. It stays open
	LogEvery        int         // steps between its lines within an epoch; 0 means one after each epoch only
	Reporter        Reporter    // nil means Silent
}

func (o *Options) complete() {
	if o.Phase == "" {
		o.Phase = "train"
	}
	if o.EvalBatch == 0 && o.Train != nil {
		o.EvalBatch = o.Train.BatchSize()
	}
	if o.EvalLoss == nil {
		o.EvalLoss = o.Loss
	}
	if o.Reporter == nil {
		o.Reporter = Silent{}
	}
}

func (o *Options) validate() error {
	switch {
	case o.Train == nil:
		return errors.New("no training data")
	case o.Train.Batches() < 1:
		return errors.New("the training data has no full batch; use a smaller batch")
	case o.Epochs < 1:
		return fmt.Errorf("epochs is %d, it must be at least 1", o.Epochs)
	case o.EvalBatch < 1:
		return fmt.Errorf("the batch size for evaluation is %d, it must be at least 1", o.EvalBatch)
	case o.Optimizer == nil:
		return errors.New("no optimizer")
	case !(o.ClipNorm >= 0):
		return fmt.Errorf("the clipping norm is %g, it must not be negative", o.ClipNorm)
	case o.Past < 0:
		return fmt.Errorf("%d epochs lie before the phase, it must be at least 0", o.Past)
	case o.Masks != nil && (o.FreezeZeros || o.Reshaper != nil):
		return errors.New("masks go neither with frozen zeros nor with changes of the network")
	case o.CheckpointEvery < 0 || o.LogEvery < 0:
		return errors.New("steps between checkpoints and log lines must not be negative")
	case o.Reshaper != nil && o.Reshaper.Every() < 1:
		return errors.New("steps between changes of the network must be at least 1")
	case !(o.Stop.MinDelta >= 0) || !(o.Stop.After >= 0):
		return errors.New("the improvement that counts, and the epochs before any does, must not be negative")
	case o.Stop.active() && o.Val == nil:
		return errors.New("early stop needs validation data")
	case o.Stop.active() && o.Stop.Metric == robustMetric && (o.Adversarial == nil || o.Adversarial.Val == nil):
		return errors.New("early stop by robust accuracy needs an attack on validation data")
	}
	if err := option.Check(o.Stop); err != nil {
		return fmt.Errorf("early stop: %w", err)
	}
	return nil
}

// Trainer runs one phase of training on a network, whose parameters it changes in place;
// with a Reshaper it may continue with a smaller one, see Network. Not safe for concurrent
// use.
type Trainer struct {
	o          Options
	net        *nn.Network
	program    *nn.Program
	teacher    *teacher             // nil: there is none
	adversary  *adversary           // nil: there is none
	groups     *layers.GroupWeights // nil: examples count alike
	evaluator  *Evaluator           // nil without validation data
	last       *Evaluator           // of the last batch; nil until it is needed
	statistics *RunningStatistics   // nil: they stay as the steps leave them
	optimizer  Optimizer
	schedule   Schedule
	norm       *gradientNorm
	perEpoch   int

	pos      Position
	best     []NamedTensor // nil unless the best weights are kept
	params   []NamedTensor // the live values
	zeros    float64       // share of zeros when last counted
	size     int64         // trainable values when the phase began
	reshaped bool          // net is no longer the network of the start
	val      *Metrics
	robust   *Metrics   // the same, under an attack
	left     *Remaining // at the end of the last epoch
	byLoss   bool       // see Status

	activity *activity.Report // of the last evaluation

	continues bool // the current batch continues the one before

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
	Best    *Best    // best validation that counts; nil without. With Stop.Restore "best" the weights are of its epoch
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
	_, scored := o.EvalLoss.(Scorer)
	t.byLoss = scored || nn.TargetsOf(o.EvalLoss, net.Output().Shape) > 1
	schedule, err := NewSchedule(o.Schedule, o.Optimizer.Rate(), o.Past+o.Epochs)
	if err != nil {
		return nil, fmt.Errorf("phase %s: %w", o.Phase, err)
	}
	t.schedule = func(epoch float64) float64 { return schedule(float64(o.Past) + epoch) }
	if err := CheckSchedule(o.Optimizer, o.Schedule); err != nil {
		return nil, fmt.Errorf("phase %s: %w", o.Phase, err)
	}
	if o.Adversarial != nil {
		if err := o.Adversarial.check(net, &o); err != nil {
			return nil, fmt.Errorf("phase %s: adversarial: %w", o.Phase, err)
		}
	}
	if t.teacher, err = newTeacher(o.Distill, net, o.Train.BatchSize()); err != nil {
		return nil, fmt.Errorf("phase %s: %w", o.Phase, err)
	}
	if t.groups, err = worstGroups(o); err != nil {
		return nil, fmt.Errorf("phase %s: %w", o.Phase, err)
	}
	return t, t.bind(net, o.Penalties)
}

// bind compiles a network for training and evaluation and makes the optimizer.
func (t *Trainer) bind(net *nn.Network, penalties []Penalty) (err error) {
	o := &t.o
	t.net, t.params, o.Penalties, t.last = net, paramTensors(net), penalties, nil
	if t.adversary, err = newAdversary(net, o); err != nil {
		return err
	}
	batch, loss := o.Train.BatchSize(), t.loss()
	if o.Adversarial != nil && o.Adversarial.Trades > 0 { // clean and attacked examples are one batch
		batch, loss = 2*batch, layers.Trades{Loss: loss, Beta: o.Adversarial.Trades}
	}
	if t.program, err = nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: loss, Terms: lossTerms(o.Penalties), Seed: o.Seed}); err != nil {
		return err
	}
	if o.Statistics.EvalSource != nil {
		if t.statistics, err = NewRunningStatistics(net, o.Statistics.Batch); err != nil {
			return err
		}
	}
	if o.Val != nil {
		if t.evaluator, err = NewEvaluator(net, o.EvalBatch, o.EvalLoss); err != nil {
			return err
		}
	}
	if t.optimizer, err = NewOptimizer(o.Optimizer, Setup{Params: net.Params(), Grad: t.program.Grad,
		Penalties: o.Penalties, FreezeZeros: o.FreezeZeros, Masks: o.Masks,
		Steps: o.Epochs * t.perEpoch, Rate: func(step int) float64 { return t.schedule(t.epochOf(step)) }}); err != nil {
		return fmt.Errorf("phase %s: %w", o.Phase, err)
	}
	var grads, masks [][]float32
	for _, p := range net.Params() {
		if g := t.program.Grad(p.Param); g != nil {
			grads = append(grads, g)
			if o.Masks != nil {
				masks = append(masks, o.Masks.Frozen(p.Param))
			}
		}
	}
	t.norm = newGradientNorm(grads)
	if o.Masks != nil && o.ClipNorm > 0 {
		t.norm.masks = masks
	}
	return nil
}

// Fit trains to the end of the phase, from where Resume or an interrupted Fit left off.
// When ctx ends it finishes the step under way, saves a checkpoint and returns
// ErrInterrupted. When a value is no longer finite, even after the last update only, it
// returns ErrDiverged; the last checkpoint is then from before, and the network in memory
// is unusable.
func (t *Trainer) Fit(ctx context.Context) (Result, error) {
	t.started, t.spent, t.firstStep = time.Now(), t.pos.Seconds, t.pos.Step
	t.zeros = t.zeroShare()
	if t.o.Reshaper != nil {
		t.o.Reshaper.Begin(t.net)
	}
	defer t.o.Reporter.Close()
	if t.pos.Step == 0 {
		if err := t.snapshot(); err != nil {
			return Result{}, err
		}
	}
	res := Result{}
	for !t.pos.Done {
		loss, err := t.epoch(ctx)
		if err != nil {
			return t.fill(res), err
		}
		res.Loss = loss
	}
	if t.o.Stop.restores() && t.best != nil {
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
