// Package models builds the networks that pare knows by name, and networks
// listed layer by layer. Their options come from the config.
package models

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"pare/internal/option"
	"pare/internal/suggest"
	"pare/nn"
)

// Task says which networks fit the data.
type Task struct {
	Data       string       // name of the dataset, for messages; "" means "the data"
	Input      nn.Shape     // of one example, channels first: {C, H, W} an image, {D, T} a sequence
	Classes    int          // of every target; 0: targets are numbers (regression), or labels
	Targets    int          // of an example: one for each position of a sequence, or numbers or labels; 0 means 1
	Labels     bool         // each target is a label of its own, 1 or 0
	Vocabulary int          // inputs are tokens below it; 0: real numbers
	NextToken  bool         // each target is the token behind an input token
	Features   []nn.Feature // of the units of the input; nil: they have no names
	// Scale and Shift turn standardised targets into numbers in their units; nil: they are
	// learned as they are.
	Scale, Shift []float32
}

// Outputs is the number of values that the last layer of a network gives, for each position
// if every position has a target: a logit per class or label, or the numbers.
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

// inputText describes the examples: "images of 1×28×28".
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

// NeedImages reports, for a model that reads images and gives one answer, a task
// with other examples.
func NeedImages(model string, t Task) error {
	if len(t.Input) != 3 {
		return fmt.Errorf("%s needs images, %s gives %s", model, t.data(), t.inputText())
	}
	return needOneAnswer(model, t)
}

// needOneAnswer reports, for a model without positions in its output, a task
// that asks for a class at every position.
func needOneAnswer(model string, t Task) error {
	if t.everywhere() {
		return fmt.Errorf("%s gives one answer an example, %s asks for one at each of %d positions", model, t.data(), t.Targets)
	}
	return nil
}

// Model is a family of networks with its options.
type Model interface {
	// Build returns a network with the outputs that Check demands, or an error where
	// the model cannot read the task's examples. The options are valid. Parameters are
	// drawn from rng; nil: there are none, only shapes.
	Build(task Task, rng *rand.Rand) (*nn.Network, error)
}

// Pathed is implemented by models that read files or earlier runs. Paths points to the options
// that hold their paths; "" stands for none.
type Pathed interface{ Paths() []*string }

// Kinds are the models by name.
var Kinds = option.NewKinds[Model]("model")

// Build checks the options of a model and builds its network.
func Build(m Model, task Task, rng *rand.Rand) (*nn.Network, error) {
	if err := option.Check(m); err != nil {
		return nil, err
	}
	net, err := m.Build(task, rng)
	if err == nil && net == nil {
		err = fmt.Errorf("%T builds no network", m)
	}
	return net, err
}

// Preset returns the model that a name stands for, and its registered name: that name
// means the model with its defaults, and any other resnetN (resnet20) the ResNet of CIFAR of
// depth N.
func Preset(name string) (kind string, m Model, err error) {
	if m, err = Kinds.New(name); err == nil {
		return name, m, nil
	}
	if digits, ok := strings.CutPrefix(name, "resnet"); ok {
		if depth, err := strconv.Atoi(digits); err == nil && depth > 0 && digits == strconv.Itoa(depth) {
			m := newResNet()
			m.Depth = depth
			return "resnet", m, nil
		}
	}
	const most = 3
	near := suggest.Sorted(name, Kinds.Names())
	return "", nil, fmt.Errorf("unknown model %q; the closest names are %s; train -list shows all, resnetN has depth N = 8, 14, 20, …; "+
		"pare.save of the Python package reads any other PyTorch module", name, strings.Join(near[:min(most, len(near))], ", "))
}

// stack adds layers one after another and remembers the first error, so that a
// model reads as the list of its layers.
type stack struct {
	net *nn.Network
	err error
}

func newStack(name string, task Task, rng *rand.Rand) *stack {
	net, err := NewNetwork(name, task, rng)
	return &stack{net: net, err: err}
}

// NewNetwork is a network without layers that reads the examples of a task.
func NewNetwork(name string, task Task, rng *rand.Rand) (*nn.Network, error) {
	net, err := nn.New(name, task.Input, rng)
	if err != nil {
		return nil, err
	}
	if err := nn.CheckVocabulary(task.Vocabulary, task.Input); err != nil {
		return nil, fmt.Errorf("network %s: %w", name, err)
	}
	if err := nn.CheckFeatures(task.Features, task.Input); err != nil {
		return nil, fmt.Errorf("network %s: %w", name, err)
	}
	net.Vocabulary, net.Features = task.Vocabulary, task.Features
	return net, nil
}

// add appends a layer and returns its name; without inputs it reads the last.
func (s *stack) add(name string, layer nn.Layer, inputs ...string) string {
	if s.err == nil {
		s.err = s.net.Add(name, layer, inputs...)
	}
	return name
}

// tied is add for a layer that shares the parameters of another one.
func (s *stack) tied(name string, layer nn.Layer, to string) {
	if s.err == nil {
		s.err = s.net.AddTied(name, layer, to)
	}
}

func (s *stack) done() (*nn.Network, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.net, nil
}

// Check reports an end of a network that does not fit the task: it must read the examples,
// and give a logit for each class, for each position if every position has a target, or a
// logit for each label, or a number for each target.
func Check(net *nn.Network, task Task) error {
	if len(net.Nodes) == 0 {
		return fmt.Errorf("network %s has no layers", net.Name)
	}
	if !net.Input.Equal(task.Input) {
		return fmt.Errorf("the network takes %s, %s gives %s", net.Input, task.data(), task.inputText())
	}
	if net.Vocabulary != task.Vocabulary {
		return fmt.Errorf("the network takes %s, %s gives %s", tokens(net.Vocabulary), task.data(), tokens(task.Vocabulary))
	}
	if net.Features != nil && task.Features != nil {
		for i, f := range net.Features {
			if g := task.Features[i]; f.Name != g.Name || f.Of() != g.Of() {
				return fmt.Errorf("the network's input %d is %s, that of %s is %s", i+1, f.Name, task.data(), task.Features[i].Name)
			}
		}
	}
	if out := net.Output(); len(out.Shape) == 3 {
		return fmt.Errorf("layer %s: the last layer gives images of %s; put a flatten or global pooling before it", out.Name, out.Shape)
	} else if !out.Shape.Equal(task.output()) {
		return fmt.Errorf("layer %s: the last layer gives %s, %s", out.Name, out.Shape, task.outputText())
	}
	return nil
}

func tokens(vocabulary int) string {
	if vocabulary == 0 {
		return "real numbers"
	}
	return fmt.Sprintf("tokens of a vocabulary of %d", vocabulary)
}

// outputText describes the output that a network must give, and how to get it.
func (t Task) outputText() string {
	switch n := t.Outputs(); {
	case t.Labels && n == 1:
		return "the data has a label; end with a linear layer of out: 1"
	case t.Labels:
		return fmt.Sprintf("the data has %d labels; end with a linear layer of out: %d", n, n)
	case t.Classes == 0 && n == 1:
		return "the data asks for a number; end with a linear layer of out: 1"
	case t.Classes == 0:
		return fmt.Sprintf("the data asks for %d numbers; end with a linear layer of out: %d", n, n)
	case len(t.output()) > 1:
		return fmt.Sprintf("the data has %d classes at each of %d positions: %s", n, t.Targets, t.output())
	default:
		return fmt.Sprintf("the data has %d classes; end with a linear layer of out: %d", n, n)
	}
}

// needSequence reports, for a model on sequences, a task with other examples.
func needSequence(model string, t Task) error {
	if len(t.Input) != 2 {
		return fmt.Errorf("%s needs sequences, %s gives %s", model, t.data(), t.inputText())
	}
	return nil
}

// everywhere reports whether a network answers at every position, not once.
func (t Task) everywhere() bool { return len(t.output()) > 1 }
