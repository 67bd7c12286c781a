package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"pare/layers"
	"pare/nn"
	"pare/prune"
	"pare/prune/gradual"
	"pare/train"
)

// phase is one training of a run.
type phase struct {
	name      string
	net       *nn.Network
	penalties []train.Penalty
	epochs    int
	optimizer train.OptimizerSpec
	schedule  train.ScheduleSpec
	stop      train.EarlyStopSpec
	freeze    bool
	stream    uint64
	shrinker  *gradual.Shrinker // nil: the network stays whole
	logged    int               // lines in the metrics log when it starts
}

// training is the phase before pruning.
func (r *runner) training(net *nn.Network, penalties []train.Penalty, shrinker *gradual.Shrinker) phase {
	t := r.c.Train
	return phase{name: trainPhase, net: net, penalties: penalties, shrinker: shrinker, epochs: t.Epochs,
		optimizer: t.Optimizer.Kind, schedule: t.Schedule.Kind, stream: 1, stop: r.earlyStop()}
}

// finetuning is the phase after pruning, which the config must have; zeros stay zeros.
// logged is the number of lines in the metrics log before it.
func (r *runner) finetuning(net *nn.Network, logged int) phase {
	f := r.c.Finetune
	return phase{name: finetunePhase, net: net, epochs: f.Epochs, optimizer: f.Optimizer.Kind,
		schedule: f.Schedule.Kind, freeze: true, stream: 2, logged: logged}
}

// fit trains a phase from its start or from its last checkpoint. It returns the
// trained network: the one given, or the smaller one of a shrinker.
func (r *runner) fit(ctx context.Context, p phase) (*nn.Network, train.Result, error) {
	if p.epochs == 0 {
		return p.net, train.Result{}, nil
	}
	o, err := r.options(p)
	if err != nil {
		return nil, train.Result{}, err
	}
	t, err := train.New(p.net, o)
	if err != nil {
		return nil, train.Result{}, r.c.Locate(p.name, err)
	}
	c, warning, err := train.LatestCheckpoint(o.Dir)
	switch {
	case err == nil:
		if warning != nil {
			r.warn("%v", warning)
		}
		if err := t.Resume(c); err != nil {
			return nil, train.Result{}, &InputError{fmt.Errorf("%w; put %s back as it was, or start a new run", err, r.folder.path(ConfigFile))}
		}
		r.say("%s: going on after step %d", p.name, c.Position.Step)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, train.Result{}, &InputError{err}
	default: // an earlier session may have logged an epoch and died before it was saved
		if err := r.log.Cut(p.logged); err != nil {
			return nil, train.Result{}, err
		}
	}
	res, err := t.Fit(ctx)
	if err != nil {
		if p.name != trainPhase { // of training, users expect that it may fail
			err = fmt.Errorf("%s: %w", p.name, err)
		}
		return nil, res, err
	}
	return t.Network(), res, nil
}

func (r *runner) options(p phase) (train.Options, error) {
	loss, err := r.loss()
	if err != nil {
		return train.Options{}, err
	}
	batch := r.c.Train.Batch
	source, err := r.data.Train(batch, p.stream)
	if err != nil {
		return train.Options{}, r.c.Locate("train.batch", err)
	}
	val, err := r.data.Eval(r.data.Set.Validation, batch, 0)
	if err != nil {
		return train.Options{}, err
	}
	statistics, err := r.data.Statistics(batch)
	if err != nil {
		return train.Options{}, err
	}
	if val == nil && p.stop.Patience > 0 {
		return train.Options{}, r.c.Errorf("train.early_stop", "needs validation data; set data.validation")
	}
	o := train.Options{Phase: p.name, Train: source, Val: val, Loss: loss, Penalties: p.penalties,
		Statistics: statistics, Remaining: r.remaining, Optimizer: p.optimizer, Schedule: p.schedule,
		Epochs: p.epochs, ClipNorm: r.c.Train.ClipNorm, Stop: p.stop, Seed: r.c.Seed ^ p.stream<<32,
		FreezeZeros: p.freeze, Dir: r.folder.path(checkpointsDir, p.name),
		CheckpointEvery: r.c.Train.CheckpointSteps, Config: r.hash, Log: r.log, Reporter: r.reporter()}
	if p.shrinker != nil {
		o.Reshaper = p.shrinker
	}
	return o, nil
}

// loss is the loss of training: the loss of the data, with label smoothing.
func (r *runner) loss() (nn.Loss, error) {
	smoothing := r.c.Train.LabelSmoothing
	if smoothing == 0 {
		return r.data.Loss(), nil
	}
	if r.data.Set.Task.Classes == 0 {
		return nil, r.c.Errorf("train.label_smoothing",
			"it spreads a target over all classes, but targets of %s are numbers; remove it", r.c.Data.Dataset)
	}
	return layers.CrossEntropy{Smoothing: smoothing}, nil
}

// ctxError turns the end of a context between steps into an interruption.
func ctxError(ctx context.Context, doing string) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w while %s", train.ErrInterrupted, doing)
	}
	return nil
}

// remaining counts the network that a removal would leave now, beside the one that the
// run began with.
func (r *runner) remaining(net *nn.Network) (train.Remaining, error) {
	left, err := prune.Remaining(net)
	if err != nil {
		return train.Remaining{}, err
	}
	full := r.full.Count()
	return train.Remaining{Params: left.Params, MACs: left.MACs,
		ParamShare: ratio(left.Params, full.Params), MACShare: ratio(left.MACs, full.MACs)}, nil
}

// ratio is part/whole, or 1 if whole is 0.
func ratio(part, whole int64) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}
