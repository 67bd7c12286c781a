package run

import (
	"errors"
	"maps"
	"slices"
	"time"

	"pare/nn"
	"pare/report/tensorboard"
	"pare/train"
)

// events shows a run in TensorBoard: the metrics log as curves, the config as
// hyperparameters, the summary as their results. All of it is a convenience: metrics.jsonl,
// config.yaml and summary.json hold the same, and a failure to write those stops the run. So
// the first failure here is a warning, and there are no events from then on.
type events struct {
	*tensorboard.Writer
	warn   func(format string, args ...any)
	failed bool
}

func (r *runner) openEvents() error {
	w, err := tensorboard.Create(r.folder.path(EventsDir))
	if err != nil {
		return err
	}
	r.events = &events{Writer: w, warn: r.warn}
	r.events.do(func(now time.Time) error { return w.SessionStart(hyperparameters(r.c), now) })
	r.log.Watch = r.events.record
	return nil
}

// do writes events and hands them to the operating system.
func (e *events) do(write func(now time.Time) error) {
	if e.failed {
		return
	}
	if err := errors.Join(write(time.Now()), e.Flush()); err != nil {
		e.failed = true
		e.warn("curves for TensorBoard are missing: %v", err)
	}
}

// scalars writes values whose tags begin with a prefix.
func (e *events) scalars(prefix string, step int, values map[string]float64) {
	var list []tensorboard.Scalar
	for _, tag := range slices.Sorted(maps.Keys(values)) {
		list = append(list, tensorboard.Scalar{Tag: prefix + "/" + tag, Value: values[tag]})
	}
	e.do(func(now time.Time) error { return e.Scalars(int64(step), list, now) })
}

// record writes the values of a line of the metrics log. Lines of steps have curves of their
// own, since the loss of a batch is no point on the curve of means over epochs.
func (e *events) record(r train.Record) {
	switch r.Kind {
	case "step":
		e.scalars(r.Phase+"_steps", r.Step, recordValues(r))
	case "epoch":
		e.scalars(r.Phase, r.Step, recordValues(r))
	case "shrink":
		e.size(r.Phase, r.Step, r.Shrink.Params, r.Shrink.MACs)
	case "target":
		t := r.Target
		e.scalars(r.Phase+"_target", r.Step, map[string]float64{"share": t.Share, "planned": t.Planned, "factor": t.Factor})
	}
}

// start writes the size of the network that a training begins with, where removals on the way
// are going to change it.
func (e *events) start(phase string, net *nn.Network) {
	counts := net.Count()
	e.size(phase, 0, counts.Params, counts.MACs)
}

func (e *events) size(phase string, step int, params, macs int64) {
	e.scalars(phase, step, map[string]float64{"params": float64(params), "macs": float64(macs)})
}

func recordValues(r train.Record) map[string]float64 {
	values := map[string]float64{"loss": r.Loss, "lr": r.LR, "zeros": r.Zeros, "grad_norm": r.GradNorm}
	if r.Val != nil {
		values["val_loss"] = r.Val.Loss
		if !r.Val.NoAccuracy {
			values["val_accuracy"] = r.Val.Accuracy
		}
	}
	if r.Robust != nil {
		values["robust_loss"], values["robust_accuracy"] = r.Robust.Loss, r.Robust.Accuracy
	}
	if r.Activity != nil {
		values["activation_density"], values["dead_units"] = r.Activity.Overall, r.Activity.Dead
	}
	if l := r.Remaining; l != nil {
		values["params_left"], values["macs_left"] = l.ParamShare, l.MACShare
	}
	for _, t := range r.Terms {
		values["penalty/"+t.Name] = t.Value
		values["zero_groups/"+t.Name] = float64(t.Zero)
	}
	return values
}

// finish writes the results of a run and that it has ended.
func (e *events) finish(s *Summary) {
	e.scalars(resultsGroup, 0, s.results())
	e.end(tensorboard.Success)
}

// end writes the outcome of a run. One that can go on has none.
func (e *events) end(outcome tensorboard.Status) {
	e.do(func(now time.Time) error { return e.SessionEnd(outcome, now) })
}
