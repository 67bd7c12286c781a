package models

import (
	"math/rand/v2"

	"pare/layers"
	"pare/nn"
)

// LeNet5 is LeNet-5-Caffe: two 5×5 convolutions, each with 2×2 max pooling, and
// two linear layers; 20-50-500 by default, the net of the pruning literature.
type LeNet5 struct {
	Conv1   int     `yaml:"conv1"`   // channels; default 20
	Conv2   int     `yaml:"conv2"`   // channels; default 50
	FC1     int     `yaml:"fc1"`     // neurons; default 500
	Dropout float64 `yaml:"dropout"` // before the last layer; default 0
}

func init() { Register(LeNet5{}) }

func (LeNet5) Name() string { return "lenet5" }
func (LeNet5) Doc() string  { return "LeNet-5-Caffe, 20-50-500" }

func (m LeNet5) Build(decode Decode, task Task, rng *rand.Rand) (*nn.Network, error) {
	m = LeNet5{Conv1: 20, Conv2: 50, FC1: 500}
	if err := decode(&m); err != nil {
		return nil, err
	}
	if err := needImages("lenet5", task); err != nil {
		return nil, err
	}
	s := newStack("lenet5", task, rng)
	// ReLU and max pooling commute; pooling first touches a quarter of the values.
	s.add("conv1", &layers.Conv{Out: m.Conv1, Kernel: 5})
	s.add("pool1", &layers.MaxPool{})
	s.add("relu1", layers.ReLU())
	s.add("conv2", &layers.Conv{Out: m.Conv2, Kernel: 5})
	s.add("pool2", &layers.MaxPool{})
	s.add("relu2", layers.ReLU())
	s.add("flatten", &layers.Flatten{})
	s.add("fc1", &layers.Linear{Out: m.FC1})
	s.add("relu3", layers.ReLU())
	if m.Dropout != 0 {
		s.add("dropout", &layers.Dropout{P: m.Dropout})
	}
	s.add("fc2", &layers.Linear{Out: task.Outputs()})
	return s.done()
}
