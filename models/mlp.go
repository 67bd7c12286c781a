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
	Hidden  []int   `yaml:"hidden" range:"[1,)" doc:"neurons of each hidden layer"`
	Embed   int     `yaml:"embed,omitempty" range:"[0,)" doc:"numbers that stand for each categorical variable of a table, in place of its columns of 0 and 1; at most one less than it has values; 0: none"`
	Dropout float64 `yaml:"dropout" range:"[0,1)" doc:"after each hidden layer"`
}

func init() {
	Kinds.Register("mlp", "multilayer perceptron; default 300-100", func() Model { return &MLP{Hidden: []int{300, 100}} })
}

// Build implements Model.
func (m *MLP) Build(task Task, rng *rand.Rand) (*nn.Network, error) {
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
	if m.Embed > 0 {
		s.add("embed", &layers.Embed{Dim: m.Embed})
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
