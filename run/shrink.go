package run

import (
	"errors"
	"strings"

	"pare/config"
	"pare/nn"
	"pare/prune/gradual"
	"pare/train"
)

// wayExamples is the number of test examples of a certificate during training: that of
// the end proves the last network against many.
const wayExamples = 16

// shrinker returns what removes parts of the network during training as the config
// says; nil where training leaves it whole.
func (r *runner) shrinker(net *nn.Network, terms []train.Penalty) (*gradual.Shrinker, error) {
	c := r.c
	if c.Target == nil && c.Prune.Every == 0 {
		return nil, nil
	}
	source, err := r.data.Train(c.Train.Batch, 1)
	if err != nil {
		return nil, c.Locate("train.batch", err)
	}
	steps := source.Batches()
	o := gradual.Options{Target: target(c.Target), Every: c.Prune.Every, EpochSteps: steps, Steps: steps * c.Train.Epochs, Seed: c.Seed,
		Examples: func() ([]float32, error) { return r.data.Examples(r.data.Set.Test, wayExamples) },
		Warn:     func(err error) { r.warn("nothing is removed now: %v", err) }}
	s, err := gradual.New(net, terms, o)
	return s, locateOption(c, o, err)
}

func target(t *config.Target) *gradual.Target {
	if t == nil {
		return nil
	}
	measure := gradual.Params
	switch {
	case t.MACs > 0:
		measure = gradual.MACs
	case t.Groups > 0:
		measure = gradual.Groups
	}
	return &gradual.Target{Measure: measure, Method: gradual.Method(t.Method),
		Plan: gradual.Plan{Share: t.MACs + t.Params + t.Groups, From: t.From, By: t.By}}
}

// locateOption points an error about an option to the key of the config that it is
// from. The keys of a target are its fields, and that of the share is its measure.
func locateOption(c *config.Config, o gradual.Options, err error) error {
	var refused *gradual.OptionError
	if !errors.As(err, &refused) {
		return err
	}
	key := "prune.every"
	if o.Target != nil && strings.HasPrefix(refused.Option, "Target") {
		key = strings.ToLower(strings.Replace(refused.Option, "Share", string(o.Target.Measure), 1))
	}
	return c.Errorf(key, "%s", refused.Err)
}
