package models

import (
	"fmt"
	"math/rand/v2"

	"pare/layers"
	"pare/nn"
)

// ResNet is the CIFAR residual network of He et al. 2016, depth 6n+2 with three
// stages of n blocks, with gates: relu(h·skip(x) + g·residual(x)). Where the
// shape changes the skip is a 1×1 convolution with BatchNorm.
type ResNet struct {
	Depth int         `yaml:"depth"` // 6n+2; default 20
	Width int         `yaml:"width"` // channels of the first stage; doubles in each; default 16
	Gates ResNetGates `yaml:"gates"`
}

// ResNetGates says where gates are; both default to true.
type ResNetGates struct {
	Residual   bool `yaml:"residual"`
	Skip       bool `yaml:"skip"`
	PerChannel bool `yaml:"per_channel"` // one gate a channel; default one a path
}

func init() { Register(ResNet{}) }

func (ResNet) Name() string { return "resnet" }
func (ResNet) Doc() string {
	return "CIFAR ResNet of depth 6n+2 with gates on skips and residual branches"
}

func (m ResNet) Build(decode Decode, task Task, rng *rand.Rand) (*nn.Network, error) {
	m = ResNet{Depth: 20, Width: 16, Gates: ResNetGates{Residual: true, Skip: true}}
	if err := decode(&m); err != nil {
		return nil, err
	}
	if err := needImages("resnet", task); err != nil {
		return nil, err
	}
	if m.Depth < 8 || (m.Depth-2)%6 != 0 {
		return nil, fmt.Errorf("resnet: depth is %d, it must be 6n+2: 8, 14, 20, 26, …", m.Depth)
	}
	if m.Width < 1 {
		return nil, fmt.Errorf("resnet: width is %d, it must be at least 1", m.Width)
	}
	s := newStack(fmt.Sprintf("resnet%d", m.Depth), task, rng)
	last := s.convBN("conv", m.Width, 3, 1, "")
	last = s.add("relu", layers.ReLU(), last)
	in := m.Width
	for stage := range 3 {
		width := m.Width << stage
		for block := range (m.Depth - 2) / 6 {
			stride := 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			last = m.block(s, fmt.Sprintf("stage%d.block%d", stage+1, block+1), last, in, width, stride)
			in = width
		}
	}
	s.add("pool", &layers.GlobalPool{}, last)
	s.add("fc", &layers.Linear{Out: task.Outputs()})
	return s.done()
}

// block adds one residual block that reads x and returns the name of its output.
func (m ResNet) block(s *stack, name, x string, in, width, stride int) string {
	residual := s.convBN(name+".conv1", width, 3, stride, x)
	residual = s.add(name+".relu1", layers.ReLU(), residual)
	residual = s.convBN(name+".conv2", width, 3, 1, residual)
	skip := x
	if stride != 1 || in != width {
		skip = s.convBN(name+".proj", width, 1, stride, x)
	}
	if m.Gates.Residual {
		residual = s.add(name+".gate_residual", &layers.Gate{PerChannel: m.Gates.PerChannel}, residual)
	}
	if m.Gates.Skip {
		skip = s.add(name+".gate_skip", &layers.Gate{PerChannel: m.Gates.PerChannel}, skip)
	}
	s.add(name+".add", &layers.Add{}, skip, residual)
	return s.add(name+".relu2", layers.ReLU())
}
