package torchvision

import (
	"math/rand/v2"

	"pare/layers"
	"pare/models"
	"pare/nn"
)

// GoogLeNet is Inception v1 (Szegedy et al. 2015) as torchvision has it: with BatchNorm, 3×3
// convolutions in place of the 5×5 ones, and here without the auxiliary classifiers, whose
// weights in a file are ignored.
type GoogLeNet struct {
	Options
	Dropout float64 `yaml:"dropout" range:"[0,1)" doc:"before the linear layer"`
}

func init() {
	models.Kinds.Register("googlenet", "GoogLeNet for ImageNet with BatchNorm and without auxiliary classifiers, 6.6 million parameters",
		func() models.Model { return &GoogLeNet{Options: Options{Width: 1}, Dropout: 0.2} })
}

// Normalization implements the method of Options: the weights of torchvision come from
// another library, for images in −1..1.
func (m *GoogLeNet) Normalization() (mean, std []float32) {
	if m.Weights == "" {
		return nil, nil
	}
	return []float32{0.5, 0.5, 0.5}, []float32{0.5, 0.5, 0.5}
}

func (m *GoogLeNet) design() design {
	return design{name: "googlenet", options: &m.Options, layers: m.add, draw: scheme{normal, normal, uniformBias}.layer,
		ignored: []string{"aux1.*", "aux2.*"}}
}

// Build implements models.Model.
func (m *GoogLeNet) Build(task models.Task, rng *rand.Rand) (*nn.Network, error) {
	return m.design().build(task, rng)
}

// Outputs is the number of classes of the file weights.
func (m *GoogLeNet) Outputs(input nn.Shape) (int, error) { return m.design().outputs(input) }

// module are the channels of an Inception module: of the 1×1 branch, of two branches of a
// 1×1 and a 3×3 convolution, and of the 1×1 convolution behind the pooling.
type module struct {
	name                                 string
	b1, reduce2, b2, reduce3, b3, behind int
	pool                                 int // window of the max pooling of stride 2 behind the module; 0: none
}

var modules = []module{
	{"inception3a", 64, 96, 128, 16, 32, 32, 0},
	{"inception3b", 128, 128, 192, 32, 96, 64, 3},
	{"inception4a", 192, 96, 208, 16, 48, 64, 0},
	{"inception4b", 160, 112, 224, 24, 64, 64, 0},
	{"inception4c", 128, 128, 256, 24, 64, 64, 0},
	{"inception4d", 112, 144, 288, 32, 64, 64, 0},
	{"inception4e", 256, 160, 320, 32, 128, 128, 2},
	{"inception5a", 256, 160, 320, 32, 128, 128, 0},
	{"inception5b", 384, 192, 384, 48, 128, 128, 0},
}

func (m *GoogLeNet) add(b *builder) {
	b.norm.Eps = 0.001
	b.conv("conv1.conv", conv{out: scaled(64, m.Width), kernel: 7, stride: 2})
	b.basic("conv1")
	b.add("maxpool1", pooling(3, 2, 0))
	m.conv(b, "conv2", 64, 1)
	m.conv(b, "conv3", 192, 3)
	x := b.add("maxpool2", pooling(3, 2, 0))
	pools := map[string]string{"inception3b": "maxpool3", "inception4e": "maxpool4"}
	for _, module := range modules {
		x = m.module(b, module, x)
		if module.pool > 0 {
			x = b.add(pools[module.name], pooling(module.pool, 2, 0), x)
		}
	}
	b.add("avgpool", &layers.GlobalPool{}, x)
	b.dropout("dropout", m.Dropout)
	b.linear("fc", b.classes)
}

// pooling is max pooling that counts a last, partial window.
func pooling(kernel, stride, pad int) *layers.MaxPool {
	w := window(kernel, stride, pad)
	w.Ceil = true
	return &layers.MaxPool{Window: w}
}

// module adds a module that reads x and returns the name of its output.
func (m *GoogLeNet) module(b *builder, c module, x string) string {
	b1 := m.conv(b, c.name+".branch1", c.b1, 1, x)
	m.conv(b, c.name+".branch2.0", c.reduce2, 1, x)
	b2 := m.conv(b, c.name+".branch2.1", c.b2, 3)
	m.conv(b, c.name+".branch3.0", c.reduce3, 1, x)
	b3 := m.conv(b, c.name+".branch3.1", c.b3, 3)
	b.add(c.name+".branch4.0", pooling(3, 1, 1), x)
	b4 := m.conv(b, c.name+".branch4.1", c.behind, 1)
	return b.add(c.name+".concat", &layers.Concat{}, b1, b2, b3, b4)
}

// conv adds a convolution with BatchNorm and ReLU.
func (m *GoogLeNet) conv(b *builder, name string, out, kernel int, inputs ...string) string {
	b.conv(name+".conv", conv{out: scaled(out, m.Width), kernel: kernel}, inputs...)
	return b.basic(name)
}

// basic adds the BatchNorm and ReLU of a convolution.
func (b *builder) basic(name string) string {
	b.batchNorm(name + ".bn")
	return b.relu(name + ".relu")
}
