package torchvision

import (
	"fmt"
	"math/rand/v2"

	"pare/layers"
	"pare/models"
	"pare/nn"
)

// ConvNeXt is a convolutional network of blocks of a 7×7 depthwise convolution,
// normalisation over channels and a feed-forward layer at each pixel, with a learned factor for
// each channel of the values that a block adds (Liu et al. 2022).
type ConvNeXt struct {
	Options
	Scale float64 `yaml:"scale" range:"(0,1]" doc:"factor, at first, on the values that a block adds"`

	variant convNextVariant
}

// convNextVariant is a network of the family.
type convNextVariant struct {
	name   string
	blocks [4]int // of the stages
	width  int    // of the first stage, doubled in each
	doc    string
}

var convNexts = []convNextVariant{
	{"convnext_tiny", [4]int{3, 3, 9, 3}, 96, "ConvNeXt-T for ImageNet, 28.6 million parameters, without stochastic depth"},
	{"convnext_small", [4]int{3, 3, 27, 3}, 96, "ConvNeXt-S for ImageNet, 50.2 million parameters, without stochastic depth"},
	{"convnext_base", [4]int{3, 3, 27, 3}, 128, "ConvNeXt-B for ImageNet, 88.6 million parameters, without stochastic depth"},
}

func init() {
	for _, v := range convNexts {
		models.Kinds.Register(v.name, v.doc, func() models.Model {
			return &ConvNeXt{Options: Options{Width: 1}, Scale: 1e-6, variant: v}
		})
	}
}

func (m *ConvNeXt) design() design {
	return design{name: m.variant.name, options: &m.Options, layers: m.add, draw: m.draw}
}

// Build implements models.Model.
func (m *ConvNeXt) Build(task models.Task, rng *rand.Rand) (*nn.Network, error) {
	return m.design().build(task, rng)
}

// Outputs is the number of classes of the file weights.
func (m *ConvNeXt) Outputs(input nn.Shape) (int, error) { return m.design().outputs(input) }

func (m *ConvNeXt) add(b *builder) {
	width := scaled(m.variant.width, m.Width)
	b.patches("features.0.0", width, 4)
	x := b.layerNorm("features.0.1")
	b.timm["stem.0"], b.timm["stem.1"] = "features.0.0", "features.0.1"
	for stage, blocks := range m.variant.blocks {
		timm := fmt.Sprintf("stages.%d", stage)
		if stage > 0 {
			name := fmt.Sprintf("features.%d", 2*stage)
			width *= 2
			b.layerNorm(name+".0", x)
			x = b.patches(name+".1", width, 2)
			b.timm[timm+".downsample.0"], b.timm[timm+".downsample.1"] = name+".0", name+".1"
		}
		for i := range blocks {
			x = m.block(b, fmt.Sprintf("features.%d.%d", 2*stage+1, i), fmt.Sprintf("%s.blocks.%d", timm, i), x, width)
		}
	}
	b.add("avgpool", &layers.GlobalPool{}, x)
	b.layerNorm("classifier.0")
	b.linear("classifier.2", b.classes)
	b.timm["head.norm"], b.timm["head.fc"] = "classifier.0", "classifier.2"
}

// block adds a block that reads x, of timm's name timm, and returns the name of its output.
func (m *ConvNeXt) block(b *builder, name, timm, x string, width int) string {
	b.conv(name+".block.0", conv{out: width, kernel: 7, groups: width, bias: true}, x)
	b.layerNorm(name + ".block.2")
	b.linear(name+".block.3", 4*width)
	b.addKind(name+".block.4", "gelu")
	b.linear(name+".block.5", width)
	b.add(name+".layer_scale", &layers.Gate{PerChannel: true})
	b.old[name+".layer_scale"] = name + ".layer_scale.gate"
	b.timm[timm+".gamma"] = name + ".layer_scale.gate"
	for theirs, ours := range map[string]string{"conv_dw": "0", "norm": "2", "mlp.fc1": "3", "mlp.fc2": "5"} {
		b.timm[timm+"."+theirs] = name + ".block." + ours
	}
	return b.add(name+".add", &layers.Add{}, x, name+".layer_scale")
}

// patches is a convolution whose stride is its kernel.
func (b *builder) patches(name string, out, side int, inputs ...string) string {
	return b.add(name, &layers.Conv{Out: out, Kernel: layers.Square(side), Stride: layers.Square(side)}, inputs...)
}

// layerNorm is a normalisation over the channels of each position, with the ε of vision
// transformers.
func (b *builder) layerNorm(name string, inputs ...string) string {
	return b.add(name, &layers.LayerNorm{Eps: 1e-6}, inputs...)
}

// draw draws the parameters of a layer.
func (m *ConvNeXt) draw(node *nn.Node, rng *rand.Rand) error {
	for _, p := range node.Layer.Params() {
		switch p.Role {
		case nn.RoleWeight:
			p.Normal(0.02, rng)
		case nn.RoleGate:
			p.Fill(float32(m.Scale))
		}
	}
	return nil
}
