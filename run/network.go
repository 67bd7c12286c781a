package run

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"

	"pare/config"
	"pare/internal/option"
	"pare/models"
	_ "pare/models/saved" // a model by name
	"pare/nn"
	"pare/regularize"
	"pare/train"
)

// BuildNetwork makes the network of a config with fresh parameters.
func BuildNetwork(c *config.Config, task models.Task) (*nn.Network, error) {
	// A network without values takes no memory, however large it is: one that is too large
	// is refused here.
	if _, err := buildModel(c, task, nil); err != nil {
		return nil, c.Locate("model", err)
	}
	rng := rand.New(rand.NewPCG(c.Seed, 0x6e6574))
	net, err := buildModel(c, task, rng)
	if err != nil {
		return nil, c.Locate("model", err)
	}
	if err := models.Check(net, task); err != nil {
		if n := len(c.Model.Layers); n > 0 {
			return nil, c.Model.Layers[n-1].Errorf("%s", err)
		}
		return nil, c.Locate("model", err)
	}
	return net, nil
}

func buildModel(c *config.Config, task models.Task, rng *rand.Rand) (*nn.Network, error) {
	if c.Model.Type != "" {
		m, err := models.Lookup(c.Model.Type)
		if err != nil {
			return nil, c.Locate("model.type", err)
		}
		return m.Build(c.Model.Decode, task, rng)
	}
	entries := make([]models.Entry, len(c.Model.Layers))
	for i, l := range c.Model.Layers {
		entries[i] = models.Entry{Kind: l.Kind, Name: l.Name, Inputs: l.Inputs, Decode: l.Decode,
			Locate: func(err error) error { return l.Errorf("%s", err) }}
	}
	return models.FromList(c.Name, entries, task, rng)
}

// terms binds the penalties of a config to a network.
func terms(c *config.Config, net *nn.Network) ([]train.Penalty, error) {
	all, err := termsOf(c, net, func(config.Penalty) bool { return true })
	if err != nil || c.Target == nil {
		return all, err
	}
	return compete(net, all)
}

// compete gives penalties that one target weighs against each other one price of a
// multiply-accumulate.
func compete(net *nn.Network, all []train.Penalty) ([]train.Penalty, error) {
	terms := make([]*regularize.Term, len(all))
	for i, p := range all {
		terms[i], _ = p.(*regularize.Term)
	}
	terms, err := regularize.OnePrice(net, terms)
	if err != nil {
		return nil, err
	}
	for i, t := range terms {
		if t != nil {
			all[i] = t
		}
	}
	return all, nil
}

// termsOf binds some of them.
func termsOf(c *config.Config, net *nn.Network, chosen func(config.Penalty) bool) ([]train.Penalty, error) {
	var out []train.Penalty
	for i, p := range c.Penalties {
		if !chosen(p) {
			continue
		}
		var t train.Penalty
		spec, err := specOf(p)
		if err == nil {
			t, err = bind(net, spec)
		}
		if err != nil {
			// Without the name of the penalty the message begins with the key at fault.
			if inner := errors.Unwrap(err); inner != nil {
				err = inner
			}
			return nil, c.Locate(fmt.Sprintf("penalties.%d", i), err)
		}
		out = append(out, t)
	}
	return out, nil
}

// specOf is the Spec of a penalty of a config.
func specOf(p config.Penalty) (regularize.Spec, error) {
	s := regularize.Spec{Type: p.Type, On: p.On, Layers: p.Layers, Lambda: p.Lambda, Revive: (*regularize.Revive)(p.Revive),
		Scale: p.Scale, Members: p.Members, Factors: p.Factors, Warmup: p.Warmup, Ramp: p.Ramp, Mode: p.Mode}
	if err := s.Complete(); err != nil {
		return s, fmt.Errorf("penalty: %w", err)
	}
	for key, v := range map[string]float64{"alpha": p.Alpha, "beta": p.Beta} {
		fields := option.Fields(reflect.ValueOf(s.Penalty))
		i := slices.IndexFunc(fields, func(f option.Field) bool { return f.Key == key })
		switch {
		case v == 0:
		case i < 0:
			return s, fmt.Errorf("%s: %s has no %s; leave it out", key, s.Type, key)
		default:
			fields[i].Value.SetFloat(v)
		}
	}
	return s, nil
}

func bind(net *nn.Network, s regularize.Spec) (train.Penalty, error) {
	if s.On == "activations" {
		return regularize.NewActivations(net, s)
	}
	return regularize.NewTerm(net, s)
}
