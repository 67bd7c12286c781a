package torchvision

import (
	"fmt"
	"math/rand/v2"

	"pare/layers"
	"pare/models"
	"pare/nn"
)

// VGG is five stages of 3×3 convolutions with max pooling behind each, and three linear layers
// (Simonyan & Zisserman 2015), also with BatchNorm.
type VGG struct {
	Options
	Pool    int     `yaml:"pool" range:"[1,64]" doc:"side of the image before the linear layers, to which it is averaged; 1 makes them small enough for images of 32×32"`
	Hidden  int     `yaml:"hidden" range:"[1,)" doc:"units of the two linear layers before the last"`
	Dropout float64 `yaml:"dropout" range:"[0,1)" doc:"behind these two"`

	variant vggVariant
}

// vggVariant is a network of the family.
type vggVariant struct {
	name      string
	convs     [5]int // of the stages
	batchNorm bool
	doc       string
}

var vggs = []vggVariant{
	{"vgg11", [5]int{1, 1, 2, 2, 2}, false, "VGG-11 for ImageNet, 132.9 million parameters"},
	{"vgg11_bn", [5]int{1, 1, 2, 2, 2}, true, "VGG-11 with BatchNorm, 132.9 million parameters"},
	{"vgg13", [5]int{2, 2, 2, 2, 2}, false, "VGG-13 for ImageNet, 133.0 million parameters"},
	{"vgg13_bn", [5]int{2, 2, 2, 2, 2}, true, "VGG-13 with BatchNorm, 133.1 million parameters"},
	{"vgg16", [5]int{2, 2, 3, 3, 3}, false, "VGG-16 for ImageNet, 138.4 million parameters"},
	{"vgg16_bn", [5]int{2, 2, 3, 3, 3}, true, "VGG-16 with BatchNorm, 138.4 million parameters"},
	{"vgg19", [5]int{2, 2, 4, 4, 4}, false, "VGG-19 for ImageNet, 143.7 million parameters"},
	{"vgg19_bn", [5]int{2, 2, 4, 4, 4}, true, "VGG-19 with BatchNorm, 143.7 million parameters"},
}

func init() {
	for _, v := range vggs {
		models.Kinds.Register(v.name, v.doc, func() models.Model {
			return &VGG{Options: Options{Width: 1}, Pool: 7, Hidden: 4096, Dropout: 0.5, variant: v}
		})
	}
}

func (m *VGG) design() design {
	return design{name: m.variant.name, options: &m.Options, layers: m.add, draw: scheme{heOut, normal, zeroBias}}
}

// Build implements models.Model.
func (m *VGG) Build(task models.Task, rng *rand.Rand) (*nn.Network, error) {
	return m.design().build(task, rng)
}

// Outputs is the number of classes of the file weights.
func (m *VGG) Outputs(input nn.Shape) (int, error) { return m.design().outputs(input) }

// add adds the layers. The first linear layers of timm are convolutions over the whole image.
func (m *VGG) add(b *builder) {
	place := 0
	next := func() string {
		place++
		return fmt.Sprintf("features.%d", place-1)
	}
	for stage, convs := range m.variant.convs {
		for range convs {
			b.conv(next(), conv{out: scaled(min(64<<stage, 512), m.Width), kernel: 3, bias: true})
			if m.variant.batchNorm {
				b.batchNorm(next())
			}
			b.relu(next())
		}
		b.add(next(), &layers.MaxPool{Window: window(2, 2, 0)})
	}
	if s := b.net.ShapeOf(len(b.net.Nodes) - 1); len(s) == 3 && (s[1] != m.Pool || s[2] != m.Pool) {
		b.addKind("avgpool", "adaptiveavgpool")
	}
	b.add("flatten", &layers.Flatten{})
	for i := range 2 {
		b.linear(fmt.Sprintf("classifier.%d", 3*i), m.Hidden)
		b.relu(fmt.Sprintf("classifier.%d", 3*i+1))
		b.dropout(fmt.Sprintf("classifier.%d", 3*i+2), m.Dropout)
	}
	b.linear("classifier.6", b.classes)
	b.timm["pre_logits.fc1"], b.timm["pre_logits.fc2"], b.timm["head.fc"] = "classifier.0", "classifier.3", "classifier.6"
}
