package models

import (
	"fmt"
	"math/rand/v2"

	"pare/nn"
)

// Entry is one layer of a network listed in a config.
type Entry struct {
	Kind   string
	Name   string   // empty: the kind and a number
	Inputs []string // empty: the layer before
	Decode Decode   // the layer's hyper-parameters
	// Locate adds to an error where in the config the layer stands; nil leaves
	// errors as they are.
	Locate func(error) error
}

func (e Entry) locate(err error) error {
	if err == nil || e.Locate == nil {
		return err
	}
	return e.Locate(err)
}

// FromList builds the network that a list of layers describes. Check tells what
// its last layer must give.
func FromList(name string, entries []Entry, task Task, rng *rand.Rand) (*nn.Network, error) {
	net, err := newNetwork(name, task, rng)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, e := range entries {
		layer, err := nn.NewLayer(e.Kind)
		if err != nil {
			return nil, e.locate(err)
		}
		if err := e.Decode(layer); err != nil {
			return nil, err
		}
		counts[e.Kind]++
		if e.Name == "" {
			e.Name = fmt.Sprintf("%s%d", e.Kind, counts[e.Kind])
		}
		if err := net.Add(e.Name, layer, e.Inputs...); err != nil {
			return nil, e.locate(err)
		}
	}
	return net, nil
}
