// Package models builds the networks that pare knows by name, and networks
// listed layer by layer. Their options come from the config.
package models

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"pare/nn"
)

// Decode reads the model's section of the config into a struct with yaml tags;
// unknown keys are errors.
type Decode func(into any) error

// Task is what the data asks of a model.
type Task struct {
	Input   nn.Shape // of one example, channels first
	Classes int
}

// Model builds networks of one family.
type Model interface {
	Name() string
	Doc() string // one line
	// Build decodes the options, on top of the defaults, and returns a network
	// with a logit per class. Parameters are drawn from rng.
	Build(decode Decode, task Task, rng *rand.Rand) (*nn.Network, error)
}

var registry = map[string]Model{}

// Register makes a model known by its name; a second registration panics.
func Register(m Model) {
	if _, ok := registry[m.Name()]; ok {
		panic("models: registered twice: " + m.Name())
	}
	registry[m.Name()] = m
}

// Lookup returns the model of that name.
func Lookup(name string) (Model, error) {
	m, ok := registry[name]
	if !ok {
		return nil, fmt.Errorf("unknown model %q; known models are %s", name, strings.Join(Names(), ", "))
	}
	return m, nil
}

// Names lists the registered models in alphabetical order.
func Names() []string {
	names := make([]string, 0, len(registry))
	for n := range registry {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// stack adds layers one after another and remembers the first error, so that a
// model reads as the list of its layers.
type stack struct {
	net *nn.Network
	err error
}

func newStack(name string, task Task, rng *rand.Rand) *stack {
	net, err := nn.New(name, task.Input, rng)
	return &stack{net: net, err: err}
}

// add appends a layer and returns its name; without inputs it reads the last.
func (s *stack) add(name string, layer nn.Layer, inputs ...string) string {
	if s.err == nil {
		s.err = s.net.Add(name, layer, inputs...)
	}
	return name
}

// activation returns an activation layer of the kind.
func (s *stack) activation(kind string) nn.Layer {
	l, err := nn.NewLayer(kind)
	if s.err == nil {
		s.err = err
	}
	return l
}

func (s *stack) done() (*nn.Network, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.net, nil
}
