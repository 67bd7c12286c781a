package models

import (
	"fmt"
	"math/rand/v2"

	"pare/layers"
	"pare/nn"
)

// MLP is a multilayer perceptron with ReLU between its layers; the defaults are
// LeNet-300-100 (LeCun et al. 1998).
type MLP struct {
	Hidden  []int   `yaml:"hidden"`  // neurons of each hidden layer; default [300, 100]
	Dropout float64 `yaml:"dropout"` // after each hidden layer; default 0
}

func init() { Register(MLP{}) }

func (MLP) Name() string { return "mlp" }
func (MLP) Doc() string  { return "multilayer perceptron; default 300-100" }

func (m MLP) Build(decode Decode, task Task, rng *rand.Rand) (*nn.Network, error) {
	m.Hidden = []int{300, 100}
	if err := decode(&m); err != nil {
		return nil, err
	}
	if task.Vocabulary > 0 {
		return nil, fmt.Errorf("mlp needs numbers, %s gives %s", task.data(), task.inputText())
	}
	if err := needOneAnswer("mlp", task); err != nil {
		return nil, err
	}
	s := newStack("mlp", task, rng)
	if len(task.Input) > 1 {
		s.add("flatten", &layers.Flatten{})
	}
	for i, h := range m.Hidden {
		s.add(fmt.Sprintf("fc%d", i+1), &layers.Linear{Out: h})
		s.add(fmt.Sprintf("relu%d", i+1), layers.ReLU())
		if m.Dropout != 0 {
			s.add(fmt.Sprintf("dropout%d", i+1), &layers.Dropout{P: m.Dropout})
		}
	}
	s.add(fmt.Sprintf("fc%d", len(m.Hidden)+1), &layers.Linear{Out: task.Outputs()})
	return s.done()
}
