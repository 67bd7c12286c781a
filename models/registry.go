// Package models builds the networks that pare knows by name, and networks
// listed layer by layer. Their options come from the config.
package models

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"pare/internal/suggest"
	"pare/nn"
)

// Decode reads the model's section of the config into a struct with yaml tags;
// unknown keys are errors.
type Decode func(into any) error

// Task is what the data asks of a model.
type Task struct {
	Data       string   // name of the dataset, for messages; "" means "the data"
	Input      nn.Shape // of one example, channels first: {C, H, W} an image, {D, T} a sequence
	Classes    int      // of every target; 0: targets are numbers (regression)
	Targets    int      // of an example: one for each position of a sequence, or numbers; 0 means 1
	Vocabulary int      // inputs are tokens below it; 0: real numbers
}

// Outputs is the number of values that the last layer of a network gives, at
// each position where the targets are those of positions: a logit per class, or
// the numbers.
func (t Task) Outputs() int {
	if t.Classes > 0 {
		return t.Classes
	}
	return t.targets()
}

func (t Task) targets() int { return max(t.Targets, 1) }

// output is the shape that a network's output has to have.
func (t Task) output() nn.Shape {
	if t.Classes > 0 && t.targets() > 1 {
		return nn.Shape{t.Classes, t.Targets}
	}
	return nn.Shape{t.Outputs()}
}

// data names the dataset.
func (t Task) data() string { return cmp.Or(t.Data, "the data") }

// inputText says what an example is: "images of 1×28×28".
func (t Task) inputText() string {
	switch s := t.Input; {
	case t.Vocabulary > 0:
		return fmt.Sprintf("sequences of %d tokens", s.Positions())
	case len(s) == 3:
		return fmt.Sprintf("images of %s", s)
	case len(s) == 2 && s.Units() > 1:
		return fmt.Sprintf("sequences of %d vectors of %d", s.Positions(), s.Units())
	case len(s) == 2:
		return fmt.Sprintf("sequences of %d numbers", s.Positions())
	}
	return fmt.Sprintf("vectors of %s", t.Input)
}

// needImages reports, for a model that reads images and gives one answer, a task
// with other examples.
func needImages(model string, t Task) error {
	if len(t.Input) != 3 {
		return fmt.Errorf("%s needs images, %s gives %s", model, t.data(), t.inputText())
	}
	return needOneAnswer(model, t)
}

// needOneAnswer reports, for a model without positions in its output, a task
// that asks for a class at every position.
func needOneAnswer(model string, t Task) error {
	if len(t.output()) > 1 {
		return fmt.Errorf("%s gives one answer an example, %s asks for one at each of %d positions", model, t.data(), t.Targets)
	}
	return nil
}

// Model builds networks of one family.
type Model interface {
	Name() string
	Doc() string // one line
	// Build decodes the options, on top of the defaults, and returns a network
	// with the outputs that Check demands, or an error where the model cannot read
	// the task's examples. Parameters are drawn from rng.
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
		known := "known models are " + strings.Join(Names(), ", ")
		if near := suggest.Nearest(name, Names()); len(near) > 0 {
			known = "did you mean " + strings.Join(near, " or ") + "? " + known
		}
		return nil, fmt.Errorf("unknown model %q; %s", name, known)
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

// maxDepth bounds options that say how many layers or blocks a network has; the
// deepest known, a ResNet of 1,202 layers, is within it.
const maxDepth = 2000

// checkDepth reports a depth beyond maxDepth, before any layer is made.
func checkDepth(model, option string, n int) error {
	if n > maxDepth {
		return fmt.Errorf("%s: %s is %d, it must be at most %d", model, option, n, maxDepth)
	}
	return nil
}

// stack adds layers one after another and remembers the first error, so that a
// model reads as the list of its layers.
type stack struct {
	net *nn.Network
	err error
}

func newStack(name string, task Task, rng *rand.Rand) *stack {
	net, err := newNetwork(name, task, rng)
	return &stack{net: net, err: err}
}

// newNetwork is a network without layers that reads the examples of a task.
func newNetwork(name string, task Task, rng *rand.Rand) (*nn.Network, error) {
	net, err := nn.New(name, task.Input, rng)
	if err != nil {
		return nil, err
	}
	if err := nn.CheckVocabulary(task.Vocabulary, task.Input); err != nil {
		return nil, fmt.Errorf("network %s: %w", name, err)
	}
	net.Vocabulary = task.Vocabulary
	return net, nil
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
