package torchvision

import (
	"fmt"
	"math/rand/v2"

	"pare/layers"
	"pare/models"
	"pare/nn"
)

// MobileNetV2 is a network of inverted residuals (Sandler et al. 2018).
type MobileNetV2 struct {
	Options
	Dropout float64 `yaml:"dropout" range:"[0,1)" doc:"before the linear layer"`
}

func init() {
	models.Kinds.Register("mobilenet_v2", "MobileNetV2 for ImageNet, 3.5 million parameters",
		func() models.Model { return &MobileNetV2{Options: Options{Width: 1}, Dropout: 0.2} })
}

func (m *MobileNetV2) design() design {
	return design{name: "mobilenet_v2", options: &m.Options, layers: m.add, draw: scheme{heOut, normal, zeroBias}}
}

// Build implements models.Model.
func (m *MobileNetV2) Build(task models.Task, rng *rand.Rand) (*nn.Network, error) {
	return m.design().build(task, rng)
}

// Outputs is the number of classes of the file weights.
func (m *MobileNetV2) Outputs(input nn.Shape) (int, error) { return m.design().outputs(input) }

// mobilenetV2 has a row for each stage: expansion, channels, blocks and stride of the first.
var mobilenetV2 = []struct{ expand, out, blocks, stride int }{
	{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1},
}

func (m *MobileNetV2) add(b *builder) {
	in := divisible(32, m.Width)
	x := b.unit("features.0", "relu6", conv{out: in, kernel: 3, stride: 2}, "conv_stem", "bn1")
	place := 1
	for stage, s := range mobilenetV2 {
		for i := range s.blocks {
			name := fmt.Sprintf("features.%d.conv", place)
			c := inverted{name: name, timm: fmt.Sprintf("blocks.%d.%d", stage, i), expanded: in * s.expand, out: divisible(s.out, m.Width),
				kernel: 3, stride: 1, activation: "relu6"}
			if i == 0 {
				c.stride = s.stride
			}
			x = b.inverted(c, x, in, func(i int) (string, string) { return fmt.Sprintf("%s.%d", name, i), fmt.Sprintf("%s.%d", name, i+1) })
			in = c.out
			place++
		}
	}
	b.unit(fmt.Sprintf("features.%d", place), "relu6", conv{out: divisible(1280, max(1, m.Width)), kernel: 1}, "conv_head", "bn2", x)
	b.add("avgpool", &layers.GlobalPool{})
	b.dropout("classifier.0", m.Dropout)
	b.linear("classifier.1", b.classes)
	b.timm["classifier"] = "classifier.1"
}
