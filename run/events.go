package run

import (
	"maps"
	"slices"
	"time"

	"pare/report/tensorboard"
	"pare/train"
)

// events writes the curves of a run for TensorBoard.
type events struct{ *tensorboard.Writer }

func openEvents(dir string) (*events, error) {
	w, err := tensorboard.Create(dir)
	if err != nil {
		return nil, err
	}
	return &events{w}, nil
}

// epoch writes the values of an epoch in the metrics log.
func (e *events) epoch(r train.Record) error {
	values := map[string]float64{"loss": r.Loss, "lr": r.LR, "zeros": r.Zeros, "grad_norm": r.GradNorm}
	if r.Val != nil {
		values["val_loss"] = r.Val.Loss
		if !r.Val.NoAccuracy {
			values["val_accuracy"] = r.Val.Accuracy
		}
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
	now := time.Now()
	for _, tag := range slices.Sorted(maps.Keys(values)) {
		if err := e.Scalar(r.Phase+"/"+tag, int64(r.Step), values[tag], now); err != nil {
			return err
		}
	}
	return e.Flush()
}

// watcher shows progress and writes events.
type watcher struct {
	train.Reporter
	events *events
	warn   func(format string, args ...any)
}

func (w *watcher) Epoch(s train.Status, r train.Record) {
	w.Reporter.Epoch(s, r)
	// The curves are a convenience: metrics.jsonl has the same numbers, and a
	// failure to write that stops the run.
	if err := w.events.epoch(r); err != nil {
		w.warn("curves for TensorBoard are missing: %v", err)
	}
}
