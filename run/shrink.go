package run

import (
	"context"
	"errors"
	"strings"

	"pare/config"
	"pare/nn"
	"pare/prune/gradual"
	"pare/prune/importance"
	"pare/train"
)

// wayExamples is the number of test examples of a certificate during training: the one at
// the end proves the last network against many.
const wayExamples = 16

// shrinker returns the Reshaper that removes parts of the network during training, as the
// config says; nil if the config asks for none.
func (r *runner) shrinker(ctx context.Context, net *nn.Network, terms []train.Penalty) (*gradual.Shrinker, error) {
	c := r.c
	if c.Target == nil && c.Prune.Every == 0 {
		return nil, nil
	}
	source, err := r.data.Train(c.Train.Batch, 1)
	if err != nil {
		return nil, c.Locate("train.batch", err)
	}
	steps := source.Batches()
	o := gradual.Options{Every: c.Prune.Every, EpochSteps: steps, Steps: steps * c.Train.Epochs, Seed: c.Seed,
		Examples: func() ([]float32, error) { return r.data.Examples(r.data.Set.Test, wayExamples) },
		Warn:     func(err error) { r.warn("nothing is removed now: %v", err) }, RoundTo: c.Prune.RoundTo}
	if c.Prune.Keep != nil {
		o.Keep = *c.Prune.Keep
	}
	if c.Target != nil {
		if o.Target, err = target(c.Target); err != nil {
			return nil, c.Locate("target.importance", err)
		}
		if o.Data, err = r.data.forImportance(context.WithoutCancel(ctx), net); err != nil {
			return nil, err
		}
	}
	s, err := gradual.New(net, terms, o)
	return s, locateOption(c, o, err)
}

func target(t *config.Target) (*gradual.Target, error) {
	out := &gradual.Target{Measure: gradual.Params, Method: gradual.Method(t.Method),
		Plan: gradual.Plan{Share: t.MACs + t.Params + t.Groups, From: t.From, By: t.By}}
	switch {
	case t.MACs > 0:
		out.Measure = gradual.MACs
	case t.Groups > 0:
		out.Measure = gradual.Groups
	}
	var err error
	if t.Importance != "" {
		out.Importance, err = importance.Criteria.New(t.Importance)
	}
	return out, err
}

// locateOption points an error about an option to its key of the config. The keys of a
// target are its fields, except that the key of the share is the measure.
func locateOption(c *config.Config, o gradual.Options, err error) error {
	var refused *gradual.OptionError
	if !errors.As(err, &refused) {
		return err
	}
	key := "prune.every"
	if refused.Option == "Keep" {
		key = "prune.keep"
	}
	if o.Target != nil && strings.HasPrefix(refused.Option, "Target") {
		key = strings.ToLower(strings.Replace(refused.Option, "Share", string(o.Target.Measure), 1))
	}
	return c.Errorf(key, "%s", refused.Err)
}
