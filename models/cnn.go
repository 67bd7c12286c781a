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
	Stages    [][]int `yaml:"stages" empty:"no" range:"[1,)" doc:"channels of the convolutions of each stage"`
	BatchNorm bool    `yaml:"batchnorm" doc:"normalise behind each convolution; false: convolutions have a bias instead"`
	Dropout   float64 `yaml:"dropout" range:"[0,1)" doc:"before the linear layer"`
}

func init() {
	Kinds.Register("cnn", "stages of 3×3 convolutions with BatchNorm and max pooling; default 32-32, 64-64, 128",
		func() Model { return &CNN{Stages: [][]int{{32, 32}, {64, 64}, {128}}, BatchNorm: true} })
}

// Build implements Model.
func (m *CNN) Build(task Task, rng *rand.Rand) (*nn.Network, error) {
	if err := roomToHalve("cnn", task, len(m.Stages)); err != nil {
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
			s.add(name, &layers.Conv{Out: channels, Kernel: layers.Square(3), Pad: layers.Around(1)})
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

// roomToHalve checks that the task's input is an image that can be halved so
// many times.
func roomToHalve(model string, task Task, times int) error {
	if err := NeedImages(model, task); err != nil {
		return err
	}
	h, w := task.Input[1], task.Input[2]
	if min(h, w)>>times < 1 {
		return fmt.Errorf("%s: the input %s is too small to be halved by %d poolings; it must be at least %d×%d",
			model, task.Input, times, 1<<times, 1<<times)
	}
	return nil
}

// convBN adds a convolution without bias that keeps the image size at stride 1,
// and its normalisation: "conv1" and "conv1_bn" for the name conv1. It returns
// the name of the second. An empty input stands for the layer before.
func (s *stack) convBN(name string, out, kernel, stride int, input string) string {
	s.conv(name, out, kernel, stride, input)
	return s.add(name+"_bn", &layers.BatchNorm{})
}

// conv adds a convolution without bias that keeps the image size at stride 1 and
// returns its name. An empty input stands for the layer before.
func (s *stack) conv(name string, out, kernel, stride int, input string) string {
	var inputs []string
	if input != "" {
		inputs = []string{input}
	}
	return s.add(name, &layers.Conv{Out: out, Kernel: layers.Square(kernel), Stride: layers.Square(stride), Pad: layers.Around(kernel / 2),
		NoBias: true}, inputs...)
}

// convBNReLU is convBN of stride 1 with a ReLU behind it, "conv1_relu", whose
// name it returns.
func (s *stack) convBNReLU(name string, out, kernel int, input string) string {
	s.convBN(name, out, kernel, 1, input)
	return s.add(name+"_relu", layers.ReLU())
}
