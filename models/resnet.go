package models

import (
	"fmt"
	"math/rand/v2"

	"pare/layers"
	"pare/nn"
)

// ResNet is the CIFAR residual network of He et al. 2016 with three stages of n
// blocks and gates: relu(h·skip(x) + g·residual(x)). Its depth is 6n+2 with blocks
// of two 3×3 convolutions, 9n+2 with bottlenecks. Where the shape changes the skip
// is a 1×1 convolution with BatchNorm.
type ResNet struct {
	Depth int `yaml:"depth" range:"[1,)"` // default 20, or with bottlenecks 29
	Width int `yaml:"width"`              // channels of the first stage; doubles in each; default 16
	// Bottleneck makes the residual of a block 1×1, 3×3 and 1×1 convolutions, the
	// last with four times the channels of the stage; the 3×3 one has the stride.
	Bottleneck bool `yaml:"bottleneck"`
	// Preactivation puts BatchNorm and ReLU before the convolutions (He et al. 2016,
	// "Identity mappings"): h·x + g·residual(relu(bn(x))), with one more BatchNorm
	// and ReLU behind the last block. In the first block of a stage the skip too
	// reads relu(bn(x)), through a 1×1 convolution where the shape changes.
	Preactivation bool        `yaml:"preactivation"`
	Gates         ResNetGates `yaml:"gates"`
}

// ResNetGates says where gates are; both paths have one by default.
type ResNetGates struct {
	Residual   bool `yaml:"residual"`
	Skip       bool `yaml:"skip"`
	PerChannel bool `yaml:"per_channel"` // one gate a channel; default one a path
}

func init() { Register(ResNet{}) }

func (ResNet) Name() string { return "resnet" }
func (ResNet) Doc() string {
	return "CIFAR ResNet, also with bottlenecks or preactivation, with gates on skips and residual branches"
}

// expansion is how many times the channels of its stage a bottleneck gives.
const expansion = 4

func (m ResNet) Build(decode Decode, task Task, rng *rand.Rand) (*nn.Network, error) {
	m = ResNet{Width: 16, Gates: ResNetGates{Residual: true, Skip: true}}
	if err := decode(&m); err != nil {
		return nil, err
	}
	if err := needImages("resnet", task); err != nil {
		return nil, err
	}
	if err := checkDepth("resnet", "depth", m.Depth); err != nil {
		return nil, err
	}
	blocks, err := m.blocks()
	if err != nil {
		return nil, err
	}
	if m.Width < 1 {
		return nil, fmt.Errorf("resnet: width is %d, it must be at least 1", m.Width)
	}
	b := resnetBuilder{stack: newStack(fmt.Sprintf("resnet%d", 2+3*blocks*m.convs()), task, rng), ResNet: m}
	last, in := b.stem(), m.Width
	for stage := range 3 {
		width := m.Width << stage
		out := width
		if m.Bottleneck {
			out *= expansion
		}
		for block := range blocks {
			r := residual{name: fmt.Sprintf("stage%d.block%d", stage+1, block+1), first: block == 0, width: width, out: out, stride: 1}
			if stage > 0 && block == 0 {
				r.stride = 2
			}
			r.project = r.stride != 1 || in != out
			last = b.block(r, last)
			in = out
		}
	}
	if m.Preactivation {
		last = b.bnReLU("bn", "relu", last)
	}
	b.add("pool", &layers.GlobalPool{}, last)
	b.add("fc", &layers.Linear{Out: task.Outputs()})
	return b.done()
}

// convs is the number of convolutions of a block.
func (m ResNet) convs() int {
	if m.Bottleneck {
		return 3
	}
	return 2
}

// blocks is the number of blocks of a stage, n.
func (m ResNet) blocks() (int, error) {
	per := 3 * m.convs()
	switch {
	case m.Depth == 0:
		return 3, nil
	case m.Depth >= per+2 && (m.Depth-2)%per == 0:
		return (m.Depth - 2) / per, nil
	case m.Bottleneck:
		return 0, fmt.Errorf("resnet: depth is %d, with bottlenecks it must be 9n+2: 11, 20, 29, 38, …", m.Depth)
	}
	return 0, fmt.Errorf("resnet: depth is %d, it must be 6n+2: 8, 14, 20, 26, …", m.Depth)
}
