package models

import (
	"fmt"
	"math/rand/v2"

	"pare/internal/option"
	"pare/layers"
	"pare/nn"
)

// ResNet is the CIFAR residual network of He et al. 2016 with three stages of n
// blocks and gates: relu(h·skip(x) + g·residual(x)). Its depth is 6n+2 with blocks
// of two 3×3 convolutions, 9n+2 with bottlenecks. Where the shape changes the skip
// is a 1×1 convolution with BatchNorm.
type ResNet struct {
	Depth int `yaml:"depth,omitempty" range:"[1,2000]" doc:"6n+2, with bottlenecks 9n+2; left out: 20, with bottlenecks 29"`
	Width int `yaml:"width" range:"[1,)" doc:"channels of the first stage, doubled in each"`
	// Bottleneck gives the last of the three convolutions four times the channels of
	// the stage, and the 3×3 one the stride.
	Bottleneck bool `yaml:"bottleneck" doc:"the residual of a block is 1×1, 3×3 and 1×1 convolutions"`
	// Preactivation is h·x + g·residual(relu(bn(x))) (He et al. 2016, "Identity
	// mappings"), with one more BatchNorm and ReLU behind the last block. In the first
	// block of a stage the skip too reads relu(bn(x)), through a 1×1 convolution where
	// the shape changes.
	Preactivation bool        `yaml:"preactivation" doc:"BatchNorm and ReLU before the convolutions"`
	Gates         ResNetGates `yaml:"gates" doc:"places of gates"`
}

// ResNetGates says where gates are.
type ResNetGates struct {
	Residual   bool `yaml:"residual" doc:"gates on residual branches"`
	Skip       bool `yaml:"skip" doc:"gates on skips"`
	PerChannel bool `yaml:"per_channel" doc:"one gate a channel; false: one a path"`
}

func init() {
	Kinds.Register("resnet", "CIFAR ResNet, also with bottlenecks or preactivation, with gates on skips and residual branches",
		func() Model { return newResNet() })
}

func newResNet() *ResNet { return &ResNet{Width: 16, Gates: ResNetGates{Residual: true, Skip: true}} }

// expansion is the number of output channels of a bottleneck, in channels of its stage.
const expansion = 4

// Build implements Model.
func (m *ResNet) Build(task Task, rng *rand.Rand) (*nn.Network, error) {
	if err := NeedImages("resnet", task); err != nil {
		return nil, err
	}
	blocks, err := m.blocks()
	if err != nil {
		return nil, err
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
func (m *ResNet) convs() int {
	if m.Bottleneck {
		return 3
	}
	return 2
}

// blocks is the number of blocks of a stage, n.
func (m *ResNet) blocks() (int, error) {
	per := 3 * m.convs()
	switch {
	case m.Depth == 0:
		return 3, nil
	case m.Depth >= per+2 && (m.Depth-2)%per == 0:
		return (m.Depth - 2) / per, nil
	case m.Bottleneck:
		return 0, option.Errorf("depth", "is %d, with bottlenecks it must be 9n+2: 11, 20, 29, 38, …", m.Depth)
	}
	return 0, option.Errorf("depth", "is %d, it must be 6n+2: 8, 14, 20, 26, …", m.Depth)
}

// resnetBuilder adds the parts of a ResNet.
type resnetBuilder struct {
	*stack
	*ResNet
}

// residual says how one block is made.
type residual struct {
	name       string
	first      bool // of its stage
	width, out int  // channels inside, which bottlenecks differ in, and of the output
	stride     int
	project    bool // whether the skip changes the shape
}

// stem adds the layers before the blocks and returns the name of the last.
func (b resnetBuilder) stem() string {
	if b.Preactivation {
		return b.conv("conv", b.Width, 3, 1, "")
	}
	b.convBN("conv", b.Width, 3, 1, "")
	return b.add("relu", layers.ReLU())
}

// block adds a block that reads x and returns the name of its output.
func (b resnetBuilder) block(r residual, x string) string {
	if b.Preactivation {
		return b.preactivated(r, x)
	}
	last := x
	convs := b.convolutions(r)
	for i, c := range convs {
		last = b.convBN(r.name+".conv"+c.digit, c.out, c.kernel, c.stride, last)
		if i < len(convs)-1 {
			last = b.add(r.name+".relu"+c.digit, layers.ReLU(), last)
		}
	}
	if r.project {
		x = b.convBN(r.name+".proj", r.out, 1, r.stride, x)
	}
	b.sum(r, x, last)
	return b.add(r.name+".relu"+convs[len(convs)-1].digit, layers.ReLU())
}

// preactivated is block with BatchNorm and ReLU before each convolution.
func (b resnetBuilder) preactivated(r residual, x string) string {
	last := x
	for i, c := range b.convolutions(r) {
		last = b.bnReLU(r.name+".bn"+c.digit, r.name+".relu"+c.digit, last)
		if i == 0 && r.first {
			x = last
		}
		last = b.conv(r.name+".conv"+c.digit, c.out, c.kernel, c.stride, last)
	}
	if r.project {
		x = b.conv(r.name+".proj", r.out, 1, r.stride, x)
	}
	return b.sum(r, x, last)
}

// sum adds the two paths behind their gates and returns the name of the sum.
func (b resnetBuilder) sum(r residual, skip, last string) string {
	if b.Gates.Residual {
		last = b.add(r.name+".gate_residual", &layers.Gate{PerChannel: b.Gates.PerChannel}, last)
	}
	if b.Gates.Skip {
		skip = b.add(r.name+".gate_skip", &layers.Gate{PerChannel: b.Gates.PerChannel}, skip)
	}
	return b.add(r.name+".add", &layers.Add{}, skip, last)
}

// bnReLU adds BatchNorm and ReLU and returns the name of the second.
func (b resnetBuilder) bnReLU(bn, relu, x string) string {
	b.add(bn, &layers.BatchNorm{}, x)
	return b.add(relu, layers.ReLU())
}

// convolution is one of a block; the digit that ends its name counts from 1.
type convolution struct {
	digit               string
	kernel, out, stride int
}

// convolutions lists the convolutions in the residual of a block. The first 3×3 one has the stride of
// the block.
func (b resnetBuilder) convolutions(r residual) []convolution {
	if b.Bottleneck {
		return []convolution{{"1", 1, r.width, 1}, {"2", 3, r.width, r.stride}, {"3", 1, r.out, 1}}
	}
	return []convolution{{"1", 3, r.width, r.stride}, {"2", 3, r.out, 1}}
}
