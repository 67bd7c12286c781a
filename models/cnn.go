package models

import (
	"fmt"
	"math/rand/v2"

	"pare/layers"
	"pare/nn"
)

// CNN is a plain convolutional network: stages of 3×3 convolutions, each with
// BatchNorm and ReLU, a 2×2 max pooling after every stage and one linear layer.
type CNN struct {
	Stages    [][]int `yaml:"stages"`    // channels of the convolutions of each stage; default [[32, 32], [64, 64], [128]]
	BatchNorm bool    `yaml:"batchnorm"` // default true; false: the convolutions have a bias instead
	Dropout   float64 `yaml:"dropout"`   // before the linear layer; default 0
}

func init() { Register(CNN{}) }

func (CNN) Name() string { return "cnn" }
func (CNN) Doc() string {
	return "stages of 3×3 convolutions with BatchNorm and max pooling; default 32-32, 64-64, 128"
}

func (m CNN) Build(decode Decode, task Task, rng *rand.Rand) (*nn.Network, error) {
	m = CNN{Stages: [][]int{{32, 32}, {64, 64}, {128}}, BatchNorm: true}
	if err := decode(&m); err != nil {
		return nil, err
	}
	if err := m.check(task); err != nil {
		return nil, err
	}
	s := newStack("cnn", task, rng)
	conv := 0
	for i, stage := range m.Stages {
		for _, channels := range stage {
			conv++
			name := fmt.Sprintf("conv%d", conv)
			if m.BatchNorm {
				s.convBNReLU(name, channels, 3, "")
				continue
			}
			s.add(name, &layers.Conv{Out: channels, Kernel: 3, Pad: 1})
			s.add(name+"_relu", layers.ReLU())
		}
		s.add(fmt.Sprintf("pool%d", i+1), &layers.MaxPool{})
	}
	s.add("flatten", &layers.Flatten{})
	if m.Dropout != 0 {
		s.add("dropout", &layers.Dropout{P: m.Dropout})
	}
	s.add("fc", &layers.Linear{Out: task.Outputs()})
	return s.done()
}

func (m CNN) check(task Task) error {
	if len(m.Stages) == 0 {
		return fmt.Errorf("cnn: stages is empty, it must list the channels of at least one convolution: [[32]]")
	}
	for i, stage := range m.Stages {
		if len(stage) == 0 {
			return fmt.Errorf("cnn: stages.%d is empty, a stage must have at least one convolution", i)
		}
		for k, channels := range stage {
			if channels < 1 {
				return fmt.Errorf("cnn: stages.%d.%d is %d, a convolution must have at least 1 channel", i, k, channels)
			}
		}
	}
	return roomToHalve("cnn", task, len(m.Stages))
}

// roomToHalve checks that the task's input is an image that can be halved so
// many times.
func roomToHalve(model string, task Task, times int) error {
	if err := needImages(model, task); err != nil {
		return err
	}
	h, w := task.Input[1], task.Input[2]
	if min(h, w)>>times < 1 {
		return fmt.Errorf("%s: the input %s is too small to be halved by %d poolings; it must be at least %d×%d",
			model, task.Input, times, 1<<times, 1<<times)
	}
	return nil
}
