package models

import (
	"fmt"
	"math/rand/v2"

	"pare/models/pretrained"
	"pare/nn"
)

// List is a network that a config lists layer by layer. Check compares its last layer with
// the task.
type List struct {
	pretrained.Source
	Name   string // of the network
	Layers []Entry
}

// Entry is one layer of a List.
type Entry struct {
	Name   string                   // empty: the kind and a number
	Inputs []string                 // empty: the layer before
	Tied   string                   // a layer whose parameters it shares, see nn.Network.AddTied; empty: none
	New    func() (nn.Layer, error) // the layer, new in each call
	Locate func(error) error        // adds the place in the config to an error; nil: adds nothing
}

// Build implements Model.
func (l *List) Build(task Task, rng *rand.Rand) (*nn.Network, error) {
	if l.Weights == "" {
		return l.network(task, rng)
	}
	net, err := l.network(task, nil)
	if err == nil {
		err = l.Fill(pretrained.Target{Net: net}, rng)
	}
	return net, err
}

func (l *List) network(task Task, rng *rand.Rand) (*nn.Network, error) {
	net, err := NewNetwork(l.Name, task, rng)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, e := range l.Layers {
		layer, err := e.New()
		if err != nil {
			return nil, err
		}
		kind := layer.Kind()
		counts[kind]++
		if e.Name == "" {
			e.Name = fmt.Sprintf("%s%d", kind, counts[kind])
		}
		add := net.Add
		if e.Tied != "" {
			add = func(name string, layer nn.Layer, inputs ...string) error {
				return net.AddTied(name, layer, e.Tied, inputs...)
			}
		}
		if err := add(e.Name, layer, e.Inputs...); err != nil {
			if e.Locate != nil {
				err = e.Locate(err)
			}
			return nil, err
		}
	}
	return net, nil
}
