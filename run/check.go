package run

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pare/config"
	"pare/nn"
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
	if _, err := terms(c, net); err != nil {
		return nil, nil, err
	}
	r := &runner{c: c, data: d}
	if err := r.checkTraining(); err != nil {
		return nil, nil, err
	}
	if err := r.checkThresholds(net); err != nil {
		return nil, nil, err
	}
	return net, d, r.checkBudget(net)
}

// checkTraining checks both phases.
func (r *runner) checkTraining() error {
	t := r.c.Train
	phases := []phase{{name: "train", epochs: t.Epochs, optimizer: t.Optimizer, schedule: t.Schedule,
		stop: train.EarlyStopSpec{Patience: t.EarlyStop.Patience, Metric: t.EarlyStop.Metric}}}
	if f := r.c.Finetune; f != nil {
		phases = append(phases, phase{name: "finetune", epochs: f.Epochs, optimizer: f.Optimizer, schedule: f.Schedule})
	}
	for _, p := range phases {
		o, err := r.options(p)
		if err != nil {
			return err
		}
		if err := o.Optimizer.Validate(); err != nil {
			return r.locate(p.name+".optimizer", "optimizer", err)
		}
		if err := o.Optimizer.CheckSchedule(o.Schedule); err != nil {
			return r.locate(p.name+".schedule", "schedule", err)
		}
		// Without epochs the schedule is never read, nor is its length compared.
		if _, err := o.Schedule.New(o.Optimizer.LR, p.epochs); err != nil && p.epochs > 0 {
			return r.locate(p.name+".schedule", "schedule", err)
		}
	}
	return nil
}

// locate points to a section; what the message begins with, the path says.
func (r *runner) locate(path, what string, err error) error {
	return r.c.Locate(path, errors.New(strings.TrimPrefix(err.Error(), what+": ")))
}

// checkBudget tries the selection on the untrained network. Penalties may yet
// make room that the budget needs, so with them nothing is certain.
func (r *runner) checkBudget(net *nn.Network) error {
	q := r.pruneRequest()
	if !q.selects() || len(r.c.Penalties) > 0 {
		return nil
	}
	trial, err := net.Clone()
	if err != nil {
		return fmt.Errorf("check the budget: %w", err)
	}
	return r.c.Locate("prune.budget", q.selection().Zero(trial))
}
