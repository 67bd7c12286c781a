package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"pare/config"
	"pare/datasets"
	"pare/layers"
	"pare/nn"
	"pare/prune"
	"pare/prune/gradual"
	"pare/prune/unstructured"
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
	masks     train.Masks       // nil: no single weights are held at 0
	past      int               // epochs of the schedule before the phase
	snapshots []int             // epochs after which the weights are kept
	logged    int               // lines in the metrics log when it starts
	distill   *config.Distill   // nil: there is no teacher
}

// training is the phase before pruning.
func (r *runner) training(net *nn.Network, penalties []train.Penalty, shrinker *gradual.Shrinker, masks train.Masks) phase {
	t := r.c.Train
	return phase{name: trainPhase, net: net, penalties: penalties, shrinker: shrinker, masks: masks,
		snapshots: r.snapshots(), epochs: t.Epochs, distill: t.Distill, optimizer: t.Optimizer.Kind, schedule: t.Schedule.Kind, stream: 1, stop: r.earlyStop()}
}

// finetuning is the phase after pruning, which the config must have; zeros stay zeros.
// logged is the number of lines in the metrics log before it.
func (r *runner) finetuning(net *nn.Network, logged int) phase {
	f := r.c.Finetune
	p := phase{name: finetunePhase, net: net, epochs: f.Epochs, distill: f.Distill, optimizer: f.Optimizer.Kind,
		schedule: f.Schedule.Kind, freeze: true, stream: 2, logged: logged, past: r.past(),
		stop: train.EarlyStopSpec{Metric: r.c.Train.EarlyStop.Metric, Restore: r.c.Train.Keep}}
	if r.pruneRequest().single() { // shifts of a rewound network may be 0, and are trained
		p.freeze, p.masks = false, unstructured.Zeros(net)
	}
	return p
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
	c, warning, found := train.LatestCheckpoint(o.Dir)
	if found == nil && c.Position.Done {
		o.Log = nil // lines of later phases may be there already
	}
	t, err := train.New(p.net, o)
	if err != nil {
		return nil, train.Result{}, r.c.Locate(p.name, err)
	}
	switch {
	case found == nil:
		if warning != nil {
			r.warn("%v", warning)
		}
		if err := t.Resume(c); err != nil {
			return nil, train.Result{}, &InputError{fmt.Errorf("%w; put %s back as it was, or start a new run", err, r.folder.path(ConfigFile))}
		}
		r.say("%s: going on after step %d", p.name, c.Position.Step)
	case !errors.Is(found, fs.ErrNotExist):
		return nil, train.Result{}, &InputError{found}
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
	r.logged = t.Checkpoint().Position.LogLines
	if err := r.noteGroups(p.name, t.GroupWeights()); err != nil {
		return nil, res, err
	}
	switch {
	case p.stop.Restore != "best":
	case res.Best == nil:
		r.warn("%s ends with its last weights: no epoch counts as the best one, for a removal or a penalty was still under way", p.name)
	default:
		r.say("%s: the weights are those of epoch %d of %d, the best on the validation data", p.name, res.Best.Epoch, res.Epochs)
	}
	return t.Network(), res, nil
}

// bestEpoch is the epoch whose weights a phase ended with, 0 where that is the last one
// because nothing else was asked for.
func bestEpoch(stop train.EarlyStopSpec, res train.Result) int {
	if stop.Restore != "best" || res.Best == nil {
		return 0
	}
	return res.Best.Epoch
}

// judgeKey is the key for which a phase compares epochs; "": it does not.
func (r *runner) judgeKey(stop train.EarlyStopSpec) string {
	switch {
	case stop.Patience > 0:
		return "train.early_stop"
	case stop.Restore == "best" && r.c.Train.Keep == "best":
		return "train.keep"
	case stop.Restore == "best":
		return "train.early_stop.restore"
	}
	return ""
}

func (r *runner) options(p phase) (train.Options, error) {
	loss, err := r.loss()
	if err != nil {
		return train.Options{}, err
	}
	batch := r.c.Train.Batch
	source, err := r.source(batch, p.stream)
	if err != nil {
		return train.Options{}, err
	}
	val, err := r.data.Eval(r.data.Set.Validation, batch, 0)
	if err != nil {
		return train.Options{}, err
	}
	statistics, err := r.data.Statistics(batch)
	if err != nil {
		return train.Options{}, err
	}
	if key := r.judgeKey(p.stop); val == nil && key != "" {
		return train.Options{}, r.c.Errorf(key, "needs validation data; set data.validation")
	}
	o := train.Options{Phase: p.name, Train: source, Val: val, Loss: loss, EvalLoss: r.data.Loss(),
		Penalties: p.penalties, Statistics: statistics, Remaining: r.remaining,
		Optimizer: p.optimizer, Schedule: p.schedule,
		Epochs: p.epochs, ClipNorm: r.c.Train.ClipNorm, Stop: p.stop, Seed: r.c.Seed ^ p.stream<<32,
		FreezeZeros: p.freeze, Masks: p.masks, Past: p.past, Dir: r.folder.path(checkpointsDir, p.name),
		CheckpointEvery: r.c.Train.CheckpointSteps, Config: r.hash, Log: r.log, LogEvery: r.c.Train.LogSteps, Reporter: r.reporter()}
	if o.Distill, err = r.distillation(p); err != nil {
		return train.Options{}, err
	}
	if o.Adversarial, err = r.adversarial(p); err != nil {
		return train.Options{}, err
	}
	if o.Groups, err = r.worstGroups(); err != nil {
		return train.Options{}, err
	}
	if p.shrinker != nil {
		o.Reshaper = p.shrinker
		r.events.start(p.name, p.net)
	}
	if p.snapshots != nil {
		o.Snapshot = r.keepSnapshots(p.snapshots)
	}
	return o, nil
}

// loss is the loss of training: the one that the config names, or else the loss of the data.
func (r *runner) loss() (nn.Loss, error) {
	t, form := r.c.Train, targetForm(r.data.Set.Task)
	if form.Smoothing = t.LabelSmoothing; form.Smoothing > 0 && form.Classes == 0 {
		return nil, r.c.Errorf("train.label_smoothing",
			"it spreads a target over all classes, but targets of %s are %s; remove it", r.c.Data.Dataset, form.Noun())
	}
	form.Units = r.data.Set.TargetScale.Std
	var err error
	if form.ClassWeights, err = r.classWeights(); err != nil {
		return nil, err
	}
	kind := t.Loss.Kind
	if kind == nil {
		kind = form.Default()
	}
	loss, err := kind.For(form)
	if err != nil {
		return nil, r.c.Errorf("train.loss", "%s", err)
	}
	_, weighed := r.data.Set.Train.(datasets.Weigher)
	if weighed || t.MixUp > 0 || t.CutMix > 0 || t.Groups != nil && t.Groups.Loss != "worst" {
		return layers.Weighed{Loss: loss}, nil
	}
	return loss, nil
}

// targetForm is the form of the targets of a task.
func targetForm(t datasets.Task) layers.TargetForm {
	return layers.TargetForm{Classes: t.Classes, Labels: t.Labels, Near: t.Near}
}

// classWeights are the weights of the classes in the loss; nil: they count the same.
func (r *runner) classWeights() ([]float32, error) {
	const key = "train.class_weights"
	w, task := r.c.Train.ClassWeights, r.data.Set.Task
	switch {
	case !w.Balanced && w.Each == nil:
		return nil, nil
	case task.Classes == 0:
		return nil, r.c.Errorf(key, "targets of %s are %s; remove it", r.c.Data.Dataset, targetForm(task).Noun())
	case !w.Balanced && len(w.Each) != task.Classes:
		return nil, r.c.Errorf(key, "%d weights for the %d classes of %s", len(w.Each), task.Classes, r.c.Data.Dataset)
	case w.Balanced:
		return r.data.balanced()
	}
	out := make([]float32, len(w.Each))
	for i, v := range w.Each {
		out[i] = float32(v)
	}
	return out, nil
}

// source gives training batches, mixed where the config says so.
func (r *runner) source(batch int, stream uint64) (train.Source, error) {
	l, err := r.data.Train(batch, stream)
	if err != nil {
		return nil, r.c.Locate("train.batch", err)
	}
	if l, err = r.weighGroups(l); err != nil {
		return nil, err
	}
	t := r.c.Train
	if t.MixUp == 0 && t.CutMix == 0 {
		return l, nil
	}
	key := "train.mixup"
	if t.CutMix > 0 {
		key = "train.cutmix"
	}
	if l, err = l.Mixed(r.data.Set.Task, t.MixUp, t.CutMix); err != nil {
		return nil, r.c.Errorf(key, "%s", err)
	}
	return l, nil
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
