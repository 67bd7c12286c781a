package torchvision

import (
	"fmt"
	"math/rand/v2"

	"pare/layers"
	"pare/models"
	"pare/nn"
)

// EfficientNet is EfficientNet-B0, a network of inverted residuals with SiLU and squeeze and
// excitation (Tan & Le 2019).
type EfficientNet struct {
	Options
	Dropout float64 `yaml:"dropout" range:"[0,1)" doc:"before the linear layer"`
}

func init() {
	models.Kinds.Register("efficientnet_b0", "EfficientNet-B0 for ImageNet, 5.3 million parameters, without stochastic depth",
		func() models.Model { return &EfficientNet{Options: Options{Width: 1}, Dropout: 0.2} })
}

func (m *EfficientNet) design() design {
	return design{name: "efficientnet_b0", options: &m.Options, layers: m.add, draw: scheme{heOut, uniformOut, zeroBias}}
}

// Build implements models.Model.
func (m *EfficientNet) Build(task models.Task, rng *rand.Rand) (*nn.Network, error) {
	return m.design().build(task, rng)
}

// Outputs is the number of classes of the file weights.
func (m *EfficientNet) Outputs(input nn.Shape) (int, error) { return m.design().outputs(input) }

// efficientnetB0 has a row for each stage.
var efficientnetB0 = []struct{ expand, kernel, stride, out, blocks int }{
	{1, 3, 1, 16, 1}, {6, 3, 2, 24, 2}, {6, 5, 2, 40, 2}, {6, 3, 2, 80, 3}, {6, 5, 1, 112, 3}, {6, 5, 2, 192, 4}, {6, 3, 1, 320, 1},
}

func (m *EfficientNet) add(b *builder) {
	in := divisible(32, m.Width)
	x := b.unit("features.0", "silu", conv{out: in, kernel: 3, stride: 2}, "conv_stem", "bn1")
	for stage, s := range efficientnetB0 {
		for i := range s.blocks {
			name := fmt.Sprintf("features.%d.%d.block", stage+1, i)
			c := inverted{name: name, timm: fmt.Sprintf("blocks.%d.%d", stage, i), expanded: divisible(in, float64(s.expand)),
				out: divisible(s.out, m.Width), kernel: s.kernel, stride: 1, squeeze: max(1, in/4),
				activation: "silu", squeezed: "silu", gate: "sigmoid"}
			if i == 0 {
				c.stride = s.stride
			}
			x = b.inverted(c, x, in, numbered(name))
			in = c.out
		}
	}
	last := fmt.Sprintf("features.%d", len(efficientnetB0)+1)
	b.unit(last, "silu", conv{out: 4 * in, kernel: 1}, "conv_head", "bn2", x)
	b.add("avgpool", &layers.GlobalPool{})
	b.dropout("classifier.0", m.Dropout)
	b.linear("classifier.1", b.classes)
	b.timm["classifier"] = "classifier.1"
}
