package torchvision

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pare/layers"
	"pare/models"
	"pare/nn"
)

// ResNet is a residual network for images of ImageNet (He et al. 2016) with the stride of a
// bottleneck in its 3×3 convolution, also with groups (ResNeXt, Xie et al. 2017) or wider
// bottlenecks (Zagoruyko & Komodakis 2016).
type ResNet struct {
	Options
	Stem string `yaml:"stem" enum:"imagenet,small" doc:"imagenet: 7×7 convolution of stride 2 and max pooling, which leave a quarter of the side; small: 3×3 convolution of stride 1, for images of some 32×32"`

	variant resnetVariant
}

// resnetVariant is a network of the family.
type resnetVariant struct {
	name       string
	blocks     [4]int // of the stages
	bottleneck bool
	groups     int // of the 3×3 convolutions of bottlenecks
	base       int // channels of each of these groups in the first stage
	doc        string
}

var resnets = []resnetVariant{
	{"resnet18", [4]int{2, 2, 2, 2}, false, 1, 64, "ResNet-18 for ImageNet, 11.7 million parameters"},
	{"resnet34", [4]int{3, 4, 6, 3}, false, 1, 64, "ResNet-34 for ImageNet, 21.8 million parameters"},
	{"resnet50", [4]int{3, 4, 6, 3}, true, 1, 64, "ResNet-50 for ImageNet, 25.6 million parameters; CIFAR's of that depth is resnet with depth: 50"},
	{"resnet101", [4]int{3, 4, 23, 3}, true, 1, 64, "ResNet-101 for ImageNet, 44.5 million parameters"},
	{"resnet152", [4]int{3, 8, 36, 3}, true, 1, 64, "ResNet-152 for ImageNet, 60.2 million parameters; CIFAR's of that depth is resnet with depth: 152"},
	{"resnext50_32x4d", [4]int{3, 4, 6, 3}, true, 32, 4, "ResNeXt-50 of 32 groups for ImageNet, 25.0 million parameters"},
	{"wide_resnet50_2", [4]int{3, 4, 6, 3}, true, 1, 128, "ResNet-50 with bottlenecks of twice the width, 68.9 million parameters"},
	{"wide_resnet101_2", [4]int{3, 4, 23, 3}, true, 1, 128, "ResNet-101 with bottlenecks of twice the width, 126.9 million parameters"},
}

func init() {
	for _, v := range resnets {
		models.Kinds.Register(v.name, v.doc, func() models.Model {
			return &ResNet{Options: Options{Width: 1}, Stem: "imagenet", variant: v}
		})
	}
}

func (m *ResNet) design() design {
	return design{name: m.variant.name, options: &m.Options, layers: m.add, draw: scheme{heOut, uniformIn, uniformBias}}
}

// Build implements models.Model.
func (m *ResNet) Build(task models.Task, rng *rand.Rand) (*nn.Network, error) {
	return m.design().build(task, rng)
}

// Outputs is the number of classes of the file weights.
func (m *ResNet) Outputs(input nn.Shape) (int, error) { return m.design().outputs(input) }

func (m *ResNet) add(b *builder) {
	stem := scaled(64, m.Width)
	if m.Stem == "small" {
		b.conv("conv1", conv{out: stem, kernel: 3})
	} else {
		b.conv("conv1", conv{out: stem, kernel: 7, stride: 2})
	}
	b.batchNorm("bn1")
	x := b.relu("relu")
	if m.Stem != "small" {
		x = b.add("maxpool", &layers.MaxPool{Window: window(3, 2, 1)})
	}
	in := stem
	for stage, blocks := range m.variant.blocks {
		planes := scaled(64<<stage, m.Width)
		out := planes
		if m.variant.bottleneck {
			out *= 4
		}
		for i := range blocks {
			stride := 1
			if stage > 0 && i == 0 {
				stride = 2
			}
			x = m.block(b, fmt.Sprintf("layer%d.%d", stage+1, i), x, stage, planes, out, stride, stride != 1 || in != out)
			in = out
		}
	}
	b.add("avgpool", &layers.GlobalPool{}, x)
	b.linear("fc", b.classes)
}

// block adds a block that reads x and returns the name of its output.
func (m *ResNet) block(b *builder, name, x string, stage, planes, out, stride int, project bool) string {
	convs := []conv{{out: planes, kernel: 3, stride: stride}, {out: out, kernel: 3}}
	if v := m.variant; v.bottleneck {
		width := v.groups * max(1, int(math.Round(float64(v.base<<stage)*m.Width)))
		convs = []conv{{out: width, kernel: 1}, {out: width, kernel: 3, stride: stride, groups: v.groups}, {out: out, kernel: 1}}
	}
	y := x
	for i, c := range convs {
		b.conv(fmt.Sprintf("%s.conv%d", name, i+1), c, y)
		y = b.batchNorm(fmt.Sprintf("%s.bn%d", name, i+1))
		if i < len(convs)-1 {
			y = b.relu(fmt.Sprintf("%s.relu%d", name, i+1))
		}
	}
	if project {
		b.conv(name+".downsample.0", conv{out: out, kernel: 1, stride: stride}, x)
		x = b.batchNorm(name + ".downsample.1")
	}
	b.add(name+".add", &layers.Add{}, x, y)
	return b.relu(fmt.Sprintf("%s.relu%d", name, len(convs)))
}

// scaled is a number of channels times a factor, at least 1.
func scaled(channels int, factor float64) int {
	return max(1, int(math.Round(float64(channels)*factor)))
}
