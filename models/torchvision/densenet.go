package torchvision

import (
	"fmt"
	"math/rand/v2"

	"pare/layers"
	"pare/models"
	"pare/nn"
)

// DenseNet is a network whose layers read the outputs of all layers before them in their block,
// with bottlenecks and transitions of half the channels (Huang et al. 2017, DenseNet-BC).
type DenseNet struct {
	Options
	Stem    string  `yaml:"stem" enum:"imagenet,small" doc:"imagenet: 7×7 convolution of stride 2 and max pooling, which leave a quarter of the side; small: 3×3 convolution of stride 1, for images of some 32×32"`
	Dropout float64 `yaml:"dropout" range:"[0,1)" doc:"of the outputs of the layers in blocks"`

	variant densenetVariant
}

// densenetVariant is a network of the family.
type densenetVariant struct {
	name   string
	growth int // channels that a layer adds
	stem   int
	blocks [4]int // layers of the blocks
	doc    string
}

var densenets = []densenetVariant{
	{"densenet121", 32, 64, [4]int{6, 12, 24, 16}, "DenseNet-121 for ImageNet, 8.0 million parameters"},
	{"densenet161", 48, 96, [4]int{6, 12, 36, 24}, "DenseNet-161 for ImageNet, 28.7 million parameters"},
	{"densenet169", 32, 64, [4]int{6, 12, 32, 32}, "DenseNet-169 for ImageNet, 14.1 million parameters"},
	{"densenet201", 32, 64, [4]int{6, 12, 48, 32}, "DenseNet-201 for ImageNet, 20.0 million parameters"},
}

func init() {
	for _, v := range densenets {
		models.Kinds.Register(v.name, v.doc, func() models.Model {
			return &DenseNet{Options: Options{Width: 1}, Stem: "imagenet", variant: v}
		})
	}
}

func (m *DenseNet) design() design {
	return design{name: m.variant.name, options: &m.Options, layers: m.add, draw: scheme{heIn, uniformIn, zeroBias}}
}

// Build implements models.Model.
func (m *DenseNet) Build(task models.Task, rng *rand.Rand) (*nn.Network, error) {
	return m.design().build(task, rng)
}

// Outputs is the number of classes of the file weights.
func (m *DenseNet) Outputs(input nn.Shape) (int, error) { return m.design().outputs(input) }

// bottleneck is the width of the 1×1 convolutions in growths.
const bottleneck = 4

func (m *DenseNet) add(b *builder) {
	channels := scaled(m.variant.stem, m.Width)
	if m.Stem == "small" {
		b.conv("features.conv0", conv{out: channels, kernel: 3})
	} else {
		b.conv("features.conv0", conv{out: channels, kernel: 7, stride: 2})
	}
	b.batchNorm("features.norm0")
	x := b.relu("features.relu0")
	if m.Stem != "small" {
		x = b.add("features.pool0", &layers.MaxPool{Window: window(3, 2, 1)})
	}
	growth := scaled(m.variant.growth, m.Width)
	for i, n := range m.variant.blocks {
		for j := range n {
			x = m.layer(b, fmt.Sprintf("features.denseblock%d.denselayer%d", i+1, j+1), x, growth)
			channels += growth
		}
		if i < len(m.variant.blocks)-1 {
			channels = max(1, channels/2)
			x = transition(b, fmt.Sprintf("features.transition%d", i+1), x, channels)
		}
	}
	b.batchNorm("features.norm5", x)
	b.relu("relu")
	b.add("avgpool", &layers.GlobalPool{})
	b.linear("classifier", b.classes)
}

// layer adds a layer that reads x and returns the name of x with its outputs. Before version
// 0.3 torchvision called norm1 norm.1.
func (m *DenseNet) layer(b *builder, name, x string, growth int) string {
	for i, c := range []conv{{out: bottleneck * growth, kernel: 1}, {out: growth, kernel: 3}} {
		for _, part := range []string{"norm", "conv"} {
			b.old[fmt.Sprintf("%s.%s.%d", name, part, i+1)] = fmt.Sprintf("%s.%s%d", name, part, i+1)
		}
		inputs := []string{x}
		if i > 0 {
			inputs = nil
		}
		b.batchNorm(fmt.Sprintf("%s.norm%d", name, i+1), inputs...)
		b.relu(fmt.Sprintf("%s.relu%d", name, i+1))
		b.conv(fmt.Sprintf("%s.conv%d", name, i+1), c)
	}
	y := name + ".conv2"
	if m.Dropout > 0 {
		y = b.add(name+".dropout", &layers.Dropout{P: m.Dropout})
	}
	return b.add(name+".concat", &layers.Concat{}, x, y)
}

// transition halves the side of the image between two blocks.
func transition(b *builder, name, x string, channels int) string {
	b.batchNorm(name+".norm", x)
	b.relu(name + ".relu")
	b.conv(name+".conv", conv{out: channels, kernel: 1})
	return b.add(name+".pool", &layers.AvgPool{Window: window(2, 2, 0)})
}
