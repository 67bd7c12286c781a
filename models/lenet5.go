package models

import (
	"math/rand/v2"

	"pare/layers"
	"pare/nn"
)

// LeNet5 is LeNet-5-Caffe: two 5×5 convolutions, each with 2×2 max pooling, and
// two linear layers; 20-50-500 by default, the net of the pruning literature.
type LeNet5 struct {
	Conv1   int     `yaml:"conv1" range:"[1,)" doc:"channels of the first convolution"`
	Conv2   int     `yaml:"conv2" range:"[1,)" doc:"channels of the second convolution"`
	FC1     int     `yaml:"fc1" range:"[1,)" doc:"neurons of the first linear layer"`
	Dropout float64 `yaml:"dropout" range:"[0,1)" doc:"before the last layer"`
}

func init() {
	Kinds.Register("lenet5", "LeNet-5-Caffe, 20-50-500", func() Model { return &LeNet5{Conv1: 20, Conv2: 50, FC1: 500} })
}

// Build implements Model.
func (m *LeNet5) Build(task Task, rng *rand.Rand) (*nn.Network, error) {
	if err := NeedImages("lenet5", task); err != nil {
		return nil, err
	}
	s := newStack("lenet5", task, rng)
	// ReLU and max pooling commute; pooling first touches a quarter of the values.
	s.add("conv1", &layers.Conv{Out: m.Conv1, Kernel: layers.Square(5)})
	s.add("pool1", &layers.MaxPool{})
	s.add("relu1", layers.ReLU())
	s.add("conv2", &layers.Conv{Out: m.Conv2, Kernel: layers.Square(5)})
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
