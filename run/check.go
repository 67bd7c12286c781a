package run

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pare/config"
	"pare/export"
	"pare/nn"
	"pare/prune"
	"pare/prune/importance"
	"pare/regularize"
	"pare/train"
)

// Plan loads the data, builds the network and checks all that can be checked
// without training, so that mistakes show before a run folder is made. The data
// can be handed to Run in its Options. progress may be nil.
func Plan(ctx context.Context, c *config.Config, progress func(what string, done, total int64)) (*nn.Network, *Data, error) {
	d, err := LoadData(ctx, c, progress)
	if err != nil {
		return nil, nil, err
	}
	net, err := Check(ctx, c, d)
	if err != nil {
		return nil, nil, err
	}
	return net, d, nil
}

// Check is Plan with data that LoadData has loaded for the same section data.
func Check(ctx context.Context, c *config.Config, d *Data) (*nn.Network, error) {
	net, err := BuildNetwork(c, d.Task())
	if err != nil {
		return nil, err
	}
	o, err := keptFrom(c)
	if err != nil {
		return nil, err
	}
	terms, err := terms(c, d, net)
	if err != nil {
		return nil, err
	}
	d = d.seenBy(c)
	r := &runner{c: c, data: d}
	phases := []phase{r.training(net, terms, nil, nil)}
	if f := c.Finetune; f != nil {
		phases = append(phases, r.finetuning(net, 0))
	}
	for _, check := range []func() error{
		func() error { return o.check(c, d) },
		func() error { return checkReaders(c, net) },
		func() error { return c.Locate("train.batch", net.CheckBatch(c.Train.Batch)) },
		func() error { return r.checkTraining(phases) },
		r.checkEffect,
		func() error { return r.checkThresholds(net) },
		func() error { return r.checkBudget(net) },
		func() error { _, err := r.shrinker(ctx, net, terms); return err },
		func() error { return r.checkMasks(net) },
		func() error { return r.checkRewind(o) },
		func() error { return r.checkSteps(phases) },
		func() error { return checkExport(c, net) },
		func() error { return checkAudit(ctx, c, d) },
	} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return net, nil
}

// checkReaders refuses a listed layer whose output nothing reads. Networks of earlier
// runs may have such layers.
func checkReaders(c *config.Config, net *nn.Network) error {
	readers := net.Consumers()
	for i, l := range c.Model.Layers {
		if i < len(net.Nodes)-1 && len(readers[i]) == 0 {
			return l.Errorf("nothing reads the output of layer %s; name it in the inputs of a later layer, or remove it", net.Nodes[i].Name)
		}
	}
	return nil
}

// checkExport refuses a layer that the file at the end of the run cannot have.
func checkExport(c *config.Config, net *nn.Network) error {
	if !c.Export.ONNX {
		return nil
	}
	if err := export.CheckONNX(net); err != nil {
		return c.Errorf("export.onnx", "%s; set export.onnx to false, or give the layer a method ONNX", err)
	}
	return nil
}

// checkSteps compiles the first phase that has steps, so that layers and losses may
// refuse the batch.
func (r *runner) checkSteps(phases []phase) error {
	for _, p := range phases {
		if p.epochs == 0 {
			continue
		}
		o, err := r.options(p)
		if err != nil {
			return err
		}
		_, err = train.New(p.net, o)
		return r.c.Locate(p.name, err)
	}
	return nil
}

// checkTraining checks the options of all phases.
func (r *runner) checkTraining(phases []phase) error {
	for _, p := range phases {
		o, err := r.options(p)
		if err != nil {
			return err
		}
		if err := train.CheckSchedule(o.Optimizer, o.Schedule); err != nil {
			return r.c.Locate(p.name+".schedule", err)
		}
		// Without epochs the schedule is never read, nor is its length compared.
		if _, err := train.NewSchedule(o.Schedule, o.Optimizer.Rate(), p.past+p.epochs); err != nil && p.epochs > 0 {
			return r.c.Locate(p.name+".schedule", err)
		}
	}
	return nil
}

// checkBudget tries the selection on the untrained network; a criterion that needs data
// is tried as magnitude, for the budgets that can be met do not depend on it. Penalties may yet
// make room that the budget needs, so with them nothing is certain.
func (r *runner) checkBudget(net *nn.Network) error {
	q := r.pruneRequest()
	if q.Keep != nil {
		if err := q.Keep.Fits(net); err != nil {
			return r.c.Locate("prune.keep", err)
		}
	}
	s, err := q.selection(nil)
	if s == nil || err != nil {
		return r.c.Locate("prune.importance", err)
	}
	choice, units := s.(*prune.Selection)
	if units {
		if err := choice.FitsLayers(net); err != nil {
			return r.c.Locate("prune.budget.layers", err)
		}
	}
	if err := s.Fits(net); err != nil && units {
		return r.c.Locate("prune.importance", err)
	} else if err != nil {
		return r.c.Locate("prune", err)
	}
	// Any share of single weights can be kept, and a time is measured at the end.
	if len(r.c.Penalties) > 0 || !units || q.Latency != 0 {
		return nil
	}
	trial, err := net.Clone()
	if err != nil {
		return fmt.Errorf("check the budget: %w", err)
	}
	err = s.Zero(trial)
	if errors.Is(err, importance.ErrNoData) {
		choice.Importance = importance.Magnitude{}
		err = s.Zero(trial)
	}
	return r.c.Locate("prune.budget", err)
}

// checkEffect refuses options that cannot take effect, or that another one takes the
// effect of: the run would end as if they were not there.
func (r *runner) checkEffect() error {
	c := r.c
	if p := c.Prune; p.Scope == "layer" && !r.pruneRequest().selects() && p.Method != "weights" {
		return c.Errorf("prune.scope", "has no effect with prune.method %s; remove it, or use least, magnitude, random or weights", p.Method)
	}
	judged := c.Train.EarlyStop.Patience > 0 || r.earlyStop().Restore == "best"
	if s := c.Train.EarlyStop; judged && s.Metric == "accuracy" && targetForm(r.data.Set.Task).Noun() == "numbers" {
		return c.Errorf("train.early_stop.metric", "targets of %s are numbers, which have no accuracy; use loss", c.Data.Dataset)
	}
	if a := c.Adversarial; judged && c.Train.EarlyStop.Metric == "robust" && (a == nil || a.Examples == 0) {
		return c.Errorf("train.early_stop.metric", "robust is the accuracy under an attack; add the section adversarial with examples above 0")
	}
	if err := r.checkDrops("train.schedule", c.Train.Schedule.Kind, c.Train.Epochs); err != nil {
		return err
	}
	if f := c.Finetune; f != nil && !sameDrops(f.Schedule.Kind, c.Train.Schedule.Kind) { // inherited drops may be for longer training
		if err := r.checkDrops("finetune.schedule", f.Schedule.Kind, r.past()+f.Epochs); err != nil {
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
		return r.c.Errorf(path+".milestones", "the rate is to fall after epoch %g, but training ends after %d; "+
			"remove that milestone, or train for longer", s.Milestones[len(s.Milestones)-1], epochs)
	case s.Every >= n:
		return r.c.Errorf(path+".every", "the rate is to fall after %g epochs, but training ends after %d; "+
			"lower it, or train for longer", s.Every, epochs)
	}
	return nil
}

// checkRamp refuses a penalty that training ends before, or a target begins without.
func (r *runner) checkRamp(path string, p regularize.Spec) error {
	t, epochs := r.c.Target, float64(r.c.Train.Epochs)
	switch {
	case p.Warmup >= epochs && p.Warmup > 0:
		return r.c.Errorf(path+".warmup", "the penalty is to begin after %g epochs, but train.epochs is %g; "+
			"lower it, or train for longer", p.Warmup, epochs)
	case p.Warmup+p.Ramp > epochs:
		return r.c.Errorf(path+".ramp", "the penalty has its full strength after %g epochs, warmup and ramp, "+
			"but train.epochs is %g; lower one of them, or train for longer", p.Warmup+p.Ramp, epochs)
	case t == nil || p.On == "activations":
	case p.Warmup > t.From*epochs && t.Method == "least":
		return r.c.Errorf(path+".warmup", "the penalty is to begin after %g epochs, "+
			"but its groups go from epoch %g on, at target.from; lower it, or raise target.from", p.Warmup, t.From*epochs)
	case p.Warmup >= t.By*epochs:
		return r.c.Errorf(path+".warmup", "the penalty is to begin after %g epochs, "+
			"but the target is to be met by epoch %g; lower it, or raise target.by", p.Warmup, t.By*epochs)
	}
	return nil
}

// checkEvery refuses intervals between removals that training has no room for.
func (r *runner) checkEvery() error {
	every := r.c.Prune.Every
	if every == 0 {
		return nil
	}
	source, err := r.source(r.c.Train.Batch, 1)
	if err != nil {
		return err
	}
	steps := source.Batches() * r.c.Train.Epochs
	if t := r.c.Target; t != nil {
		if span := (t.By - t.From) * float64(steps); float64(every) > span {
			return r.c.Errorf("prune.every", "an interval of %d steps is longer than the %.0f of training between "+
				"target.from and target.by; lower it, or leave it out", every, span)
		}
		return nil
	}
	// A group goes when it is zero at two removals running.
	if most := max(1, steps/2); every > most {
		return r.c.Errorf("prune.every", "training has %d steps, and nothing is removed before the end of "+
			"the second interval of %d; lower it to %d, or remove it", steps, every, most)
	}
	return nil
}
