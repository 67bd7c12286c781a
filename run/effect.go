package run

import (
	"fmt"
	"slices"

	"pare/regularize"
	"pare/train"
)

// checkEffect refuses options that cannot take effect, or that another one takes the
// effect of: the run would end as if they were not there.
func (r *runner) checkEffect() error {
	c := r.c
	if p := c.Prune; p.Scope == "layer" && !r.pruneRequest().selects() {
		return c.Errorf("prune.scope", "has no effect with prune.method %s; remove it, or use least, magnitude or random", p.Method)
	}
	if s := c.Train.EarlyStop; s.Patience > 0 && s.Metric == "accuracy" && r.data.Set.Task.Classes == 0 {
		return c.Errorf("train.early_stop.metric", "targets of %s are numbers, which have no accuracy; use loss", c.Data.Dataset)
	}
	if err := r.checkDrops("train.schedule", c.Train.Schedule.Kind, c.Train.Epochs); err != nil {
		return err
	}
	if f := c.Finetune; f != nil && !sameDrops(f.Schedule.Kind, c.Train.Schedule.Kind) { // inherited drops may be for longer training
		if err := r.checkDrops("finetune.schedule", f.Schedule.Kind, f.Epochs); err != nil {
			return err
		}
	}
	if c.Train.Epochs == 0 {
		return nil
	}
	for i, p := range c.Penalties {
		if err := r.checkRamp(fmt.Sprintf("penalties.%d", i), p); err != nil {
			return err
		}
	}
	return r.checkEvery()
}

func sameDrops(a, b train.ScheduleSpec) bool {
	x, xOK := a.(*train.Step)
	y, yOK := b.(*train.Step)
	return xOK == yOK && (!xOK || slices.Equal(x.Milestones, y.Milestones) && x.Every == y.Every)
}

// checkDrops refuses drops of the rate after the end of a training.
func (r *runner) checkDrops(path string, schedule train.ScheduleSpec, epochs int) error {
	s, ok := schedule.(*train.Step)
	switch n := float64(epochs); {
	case !ok || epochs == 0:
	case len(s.Milestones) > 0 && s.Milestones[len(s.Milestones)-1] >= n:
		return r.c.Errorf(path+".milestones", "the rate is to fall after epoch %g, but training ends after %d; remove that milestone, or train for longer", s.Milestones[len(s.Milestones)-1], epochs)
	case s.Every >= n:
		return r.c.Errorf(path+".every", "the rate is to fall after %g epochs, but training ends after %d; lower it, or train for longer", s.Every, epochs)
	}
	return nil
}

// checkRamp refuses a penalty that training ends before, or a target begins without.
func (r *runner) checkRamp(path string, p regularize.Spec) error {
	t, epochs := r.c.Target, float64(r.c.Train.Epochs)
	switch {
	case p.Warmup >= epochs && p.Warmup > 0:
		return r.c.Errorf(path+".warmup", "the penalty is to begin after %g epochs, but train.epochs is %g; lower it, or train for longer", p.Warmup, epochs)
	case p.Warmup+p.Ramp > epochs:
		return r.c.Errorf(path+".ramp", "the penalty has its full strength after %g epochs, warmup and ramp, but train.epochs is %g; lower one of them, or train for longer", p.Warmup+p.Ramp, epochs)
	case t == nil || p.On == "activations":
	case p.Warmup > t.From*epochs && t.Method == "least":
		return r.c.Errorf(path+".warmup", "the penalty is to begin after %g epochs, but its groups go from epoch %g on, at target.from; lower it, or raise target.from", p.Warmup, t.From*epochs)
	case p.Warmup >= t.By*epochs:
		return r.c.Errorf(path+".warmup", "the penalty is to begin after %g epochs, but the target is to be met by epoch %g; lower it, or raise target.by", p.Warmup, t.By*epochs)
	}
	return nil
}

// checkEvery refuses intervals between removals that training has no room for.
func (r *runner) checkEvery() error {
	every := r.c.Prune.Every
	if every == 0 {
		return nil
	}
	source, err := r.data.Train(r.c.Train.Batch, 1)
	if err != nil {
		return r.c.Locate("train.batch", err)
	}
	steps := source.Batches() * r.c.Train.Epochs
	if t := r.c.Target; t != nil {
		if span := (t.By - t.From) * float64(steps); float64(every) > span {
			return r.c.Errorf("prune.every", "an interval of %d steps is longer than the %.0f of training between target.from and target.by; lower it, or leave it out", every, span)
		}
		return nil
	}
	// A group goes when it is zero at two removals running.
	if most := max(1, steps/2); every > most {
		return r.c.Errorf("prune.every", "training has %d steps, and nothing is removed before the end of the second interval of %d; lower it to %d, or remove it", steps, every, most)
	}
	return nil
}
