package run

import (
	"context"
	"errors"
	"fmt"

	"pare/config"
	"pare/nn"
	"pare/prune/importance"
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
	net, err := BuildNetwork(c, d.Task())
	if err != nil {
		return nil, nil, err
	}
	o, err := keptFrom(c)
	if err != nil {
		return nil, nil, err
	}
	if err := o.check(c, d); err != nil {
		return nil, nil, err
	}
	if err := checkReaders(c, net); err != nil {
		return nil, nil, err
	}
	terms, err := terms(c, net)
	if err != nil {
		return nil, nil, err
	}
	if err := net.CheckBatch(c.Train.Batch); err != nil {
		return nil, nil, c.Locate("train.batch", err)
	}
	r := &runner{c: c, data: d}
	phases := []phase{r.training(net, terms, nil)}
	if f := c.Finetune; f != nil {
		phases = append(phases, r.finetuning(net, 0))
	}
	if err := r.checkTraining(phases); err != nil {
		return nil, nil, err
	}
	if err := r.checkEffect(); err != nil {
		return nil, nil, err
	}
	if err := r.checkThresholds(net); err != nil {
		return nil, nil, err
	}
	if err := r.checkBudget(net); err != nil {
		return nil, nil, err
	}
	if _, err := r.shrinker(ctx, net, terms); err != nil {
		return nil, nil, err
	}
	return net, d, r.checkSteps(phases)
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
		if _, err := train.NewSchedule(o.Schedule, o.Optimizer.Rate(), p.epochs); err != nil && p.epochs > 0 {
			return r.c.Locate(p.name+".schedule", err)
		}
	}
	return nil
}

// checkBudget tries the selection on the untrained network; a criterion that needs data
// is tried as magnitude, for what can be met does not depend on it. Penalties may yet
// make room that the budget needs, so with them nothing is certain.
func (r *runner) checkBudget(net *nn.Network) error {
	s, err := r.pruneRequest().selection(nil)
	if s == nil || err != nil {
		return r.c.Locate("prune.importance", err)
	}
	if err := s.Fits(net); err != nil {
		return r.c.Locate("prune.importance", err)
	}
	if len(r.c.Penalties) > 0 {
		return nil
	}
	trial, err := net.Clone()
	if err != nil {
		return fmt.Errorf("check the budget: %w", err)
	}
	err = s.Zero(trial)
	if errors.Is(err, importance.ErrNoData) {
		s.Importance = importance.Magnitude{}
		err = s.Zero(trial)
	}
	return r.c.Locate("prune.budget", err)
}
