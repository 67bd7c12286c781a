package run

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"pare/config"
	"pare/layers"
	"pare/models"
	"pare/nn"
	"pare/regularize"
	"pare/train"
)

// BuildNetwork makes the network of a config with fresh parameters.
func BuildNetwork(c *config.Config, task models.Task) (*nn.Network, error) {
	// A network without values takes no memory, however large it is: one that is too large
	// is refused here.
	if _, err := models.Build(c.Model.Kind, task, nil); err != nil {
		return nil, c.Locate("model", err)
	}
	rng := rand.New(rand.NewPCG(c.Seed, 0x6e6574))
	net, err := models.Build(c.Model.Kind, task, rng)
	if err != nil {
		return nil, c.Locate("model", err)
	}
	if err := models.Check(net, task); err != nil {
		if n := len(c.Model.Layers); n > 0 {
			return nil, c.Model.Layers[n-1].Errorf("%s", err)
		}
		return nil, c.Locate("model", err)
	}
	return net, inUnits(c, net, task)
}

// inUnits ends a network with the layer that turns standardised numbers into numbers in the
// units of the targets. A model that keeps its parameters from an earlier run stays as it is, and
// a network of an earlier run may end with such a layer.
func inUnits(c *config.Config, net *nn.Network, task models.Task) error {
	if _, is := net.Output().Layer.(*layers.Rescale); is || task.Scale == nil {
		return nil
	}
	if k, ok := c.Model.Kind.(interface{ Kept() (string, error) }); ok {
		if dir, err := k.Kept(); err != nil || dir != "" {
			return c.Locate("model", err)
		}
	}
	const name = "units"
	if _, taken := net.Lookup(name); taken {
		return c.Errorf("model", "the layer that turns outputs into the units of the targets is called %s; give yours another name", name)
	}
	return c.Locate("model", net.Add(name, &layers.Rescale{Scale: task.Scale, Shift: task.Shift}))
}

// terms binds the penalties of a config to a network for the data.
func terms(c *config.Config, d *Data, net *nn.Network) ([]train.Penalty, error) {
	c, err := weighted(c, d)
	if err != nil {
		return nil, err
	}
	all, err := termsOf(c, net, func(regularize.Spec) bool { return true })
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

// termsOf binds the chosen penalties.
func termsOf(c *config.Config, net *nn.Network, chosen func(regularize.Spec) bool) ([]train.Penalty, error) {
	var out []train.Penalty
	for i, p := range c.Penalties {
		if !chosen(p) {
			continue
		}
		t, err := bind(net, p)
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

func bind(net *nn.Network, s regularize.Spec) (train.Penalty, error) {
	if s.On == "activations" {
		return regularize.NewActivations(net, s)
	}
	return regularize.NewTerm(net, s)
}
