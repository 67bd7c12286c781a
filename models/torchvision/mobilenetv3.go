package torchvision

import (
	"fmt"
	"math/rand/v2"

	"pare/layers"
	"pare/models"
	"pare/nn"
)

// MobileNetV3 is a network of inverted residuals with hard swish and squeeze and excitation
// (Howard et al. 2019).
type MobileNetV3 struct {
	Options
	Dropout float64 `yaml:"dropout" range:"[0,1)" doc:"before the last linear layer"`

	variant mobilenetV3Variant
}

// mobilenetV3Variant is a network of the family.
type mobilenetV3Variant struct {
	name   string
	hidden int // units of the first linear layer
	blocks []mobilenetV3Block
	doc    string
}

type mobilenetV3Block struct {
	stage                         int // in timm
	kernel, expanded, out, stride int
	squeeze, hard                 bool // squeeze and excitation; hard swish, else ReLU
}

var mobilenetV3s = []mobilenetV3Variant{
	{"mobilenet_v3_small", 1024, []mobilenetV3Block{
		{0, 3, 16, 16, 2, true, false},
		{1, 3, 72, 24, 2, false, false}, {1, 3, 88, 24, 1, false, false},
		{2, 5, 96, 40, 2, true, true}, {2, 5, 240, 40, 1, true, true}, {2, 5, 240, 40, 1, true, true},
		{3, 5, 120, 48, 1, true, true}, {3, 5, 144, 48, 1, true, true},
		{4, 5, 288, 96, 2, true, true}, {4, 5, 576, 96, 1, true, true}, {4, 5, 576, 96, 1, true, true},
	}, "MobileNetV3-Small for ImageNet, 2.5 million parameters"},
	{"mobilenet_v3_large", 1280, []mobilenetV3Block{
		{0, 3, 16, 16, 1, false, false},
		{1, 3, 64, 24, 2, false, false}, {1, 3, 72, 24, 1, false, false},
		{2, 5, 72, 40, 2, true, false}, {2, 5, 120, 40, 1, true, false}, {2, 5, 120, 40, 1, true, false},
		{3, 3, 240, 80, 2, false, true}, {3, 3, 200, 80, 1, false, true}, {3, 3, 184, 80, 1, false, true}, {3, 3, 184, 80, 1, false, true},
		{4, 3, 480, 112, 1, true, true}, {4, 3, 672, 112, 1, true, true},
		{5, 5, 672, 160, 2, true, true}, {5, 5, 960, 160, 1, true, true}, {5, 5, 960, 160, 1, true, true},
	}, "MobileNetV3-Large for ImageNet, 5.5 million parameters"},
}

func init() {
	for _, v := range mobilenetV3s {
		models.Kinds.Register(v.name, v.doc, func() models.Model {
			return &MobileNetV3{Options: Options{Width: 1}, Dropout: 0.2, variant: v}
		})
	}
}

func (m *MobileNetV3) design() design {
	return design{name: m.variant.name, options: &m.Options, layers: m.add, draw: scheme{heOut, normal, zeroBias}, timm: smallEps}
}

// smallEps sets the eps of timm: torchvision adds 1e-3 to variances here, timm PyTorch's default.
func smallEps(net *nn.Network) {
	for _, node := range net.Nodes {
		if bn, ok := node.Layer.(*layers.BatchNorm); ok {
			bn.Eps = 1e-5
		}
	}
}

// Build implements models.Model.
func (m *MobileNetV3) Build(task models.Task, rng *rand.Rand) (*nn.Network, error) {
	return m.design().build(task, rng)
}

// Outputs is the number of classes of the file weights.
func (m *MobileNetV3) Outputs(input nn.Shape) (int, error) { return m.design().outputs(input) }

func (m *MobileNetV3) add(b *builder) {
	b.norm = layers.BatchNorm{Eps: 0.001, Momentum: 0.01}
	in := divisible(16, m.Width)
	x := b.unit("features.0", "hardswish", conv{out: in, kernel: 3, stride: 2}, "conv_stem", "bn1")
	stage, block := 0, 0
	for i, s := range m.variant.blocks {
		if s.stage != stage {
			stage, block = s.stage, 0
		}
		name := fmt.Sprintf("features.%d.block", i+1)
		c := inverted{name: name, timm: fmt.Sprintf("blocks.%d.%d", stage, block), expanded: divisible(s.expanded, m.Width),
			out: divisible(s.out, m.Width), kernel: s.kernel, stride: s.stride, activation: "relu", squeezed: "relu", gate: "hardsigmoid"}
		if s.hard {
			c.activation = "hardswish"
		}
		if s.squeeze {
			c.squeeze = divisible(c.expanded/4, 1)
		}
		x = b.inverted(c, x, in, numbered(name))
		in = c.out
		block++
	}
	last := len(m.variant.blocks) + 1
	timm := fmt.Sprintf("blocks.%d.0", stage+1)
	b.unit(fmt.Sprintf("features.%d", last), "hardswish", conv{out: 6 * in, kernel: 1}, timm+".conv", timm+".bn1", x)
	b.add("avgpool", &layers.GlobalPool{})
	b.linear("classifier.0", divisible(m.variant.hidden, m.Width))
	b.addKind("classifier.1", "hardswish")
	b.dropout("classifier.2", m.Dropout)
	b.linear("classifier.3", b.classes)
	b.timm["conv_head"], b.timm["classifier"] = "classifier.0", "classifier.3"
}

// numbered names convolution and BatchNorm i of a block as one module.
func numbered(name string) func(i int) (conv, bn string) {
	return func(i int) (string, string) { return fmt.Sprintf("%s.%d.0", name, i), fmt.Sprintf("%s.%d.1", name, i) }
}
