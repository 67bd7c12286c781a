// Package torchvision holds the convolutional networks of torchvision. Importing it makes them
// known by their names there, such as resnet50.
//
// Layers are called as torchvision's modules, so "layer.parameter" is a name of its state
// dict, and files of its weights can be read as they are; files of timm are translated.
// Functions without a module have names of the same form, such as layer1.0.add. Parameters
// are drawn as torchvision draws them. Dropout is where torchvision has it; stochastic depth,
// which EfficientNet is trained with there, is left out, as it changes training alone.
package torchvision

import (
	"cmp"
	"math/rand/v2"

	"pare/layers"
	"pare/models"
	"pare/models/pretrained"
	"pare/nn"
)

// Options are the keys of all networks of the package.
type Options struct {
	pretrained.Source
	Width float64 `yaml:"width" range:"(0,16]" doc:"factor on the channels of all layers; weights of files need 1"`
}

// The normalisations of images that the weights of torchvision were trained with: red, green
// and blue of values in 0..1.
var (
	imageNetMean = []float32{0.485, 0.456, 0.406}
	imageNetStd  = []float32{0.229, 0.224, 0.225}
)

// Normalization is the mean and deviation of the images that the weights of a file were
// trained on; nil without a file.
func (o *Options) Normalization() (mean, std []float32) {
	if o.Weights == "" {
		return nil, nil
	}
	return imageNetMean, imageNetStd
}

// design is one network before its input is known.
type design struct {
	name    string
	options *Options
	layers  func(b *builder)
	draw    scheme
	ignored []string              // see pretrained.Target
	timm    func(net *nn.Network) // hyper-parameters of timm where they differ; nil: none do
}

// build returns the network with the parameters of a file or drawn ones.
func (d design) build(task models.Task, rng *rand.Rand) (*nn.Network, error) {
	t, err := d.target(task)
	if err != nil {
		return nil, err
	}
	if d.options.Weights != "" {
		err = d.options.Fill(t, rng)
	} else if rng != nil {
		err = d.drawAll(t.Net, rng)
	}
	if err != nil {
		return nil, err
	}
	return t.Net, nil
}

// outputs is the number of outputs of the network in the file.
func (d design) outputs(input nn.Shape) (int, error) {
	t, err := d.target(models.Task{Input: input, Classes: 1})
	if err != nil {
		return 0, err
	}
	return d.options.Outputs(t)
}

// target is the network without values.
func (d design) target(task models.Task) (pretrained.Target, error) {
	if err := models.NeedImages(d.name, task); err != nil {
		return pretrained.Target{}, err
	}
	net, err := models.NewNetwork(d.name, task, nil)
	if err != nil {
		return pretrained.Target{}, err
	}
	b := &builder{net: net, classes: task.Outputs(), timm: map[string]string{}, old: map[string]string{}}
	d.layers(b)
	t := pretrained.Target{Net: net, Ignored: d.ignored, Draw: d.draw.layer}
	if len(b.timm) > 0 {
		t.Formats = append(t.Formats, pretrained.Format{Layers: b.timm, Adapt: d.timm})
	}
	if len(b.old) > 0 {
		t.Formats = append(t.Formats, pretrained.Format{Layers: b.old})
	}
	return t, b.err
}

func (d design) drawAll(net *nn.Network, rng *rand.Rand) error {
	for _, node := range net.Nodes {
		if err := d.draw.layer(node, rng); err != nil {
			return err
		}
	}
	return nil
}

// builder adds the layers of a network.
type builder struct {
	net     *nn.Network
	classes int
	err     error
	timm    map[string]string // layers by their names in timm, where these differ
	old     map[string]string // layers by their names in earlier versions of torchvision
	norm    layers.BatchNorm  // hyper-parameters of all
}

// add appends a layer and returns its name; without inputs it reads the last.
func (b *builder) add(name string, layer nn.Layer, inputs ...string) string {
	if b.err == nil {
		b.err = b.net.Add(name, layer, inputs...)
	}
	return name
}

// addKind appends a layer of a kind without options.
func (b *builder) addKind(name, kind string, inputs ...string) string {
	layer, err := nn.Layers.New(kind)
	b.err = cmp.Or(b.err, err)
	return b.add(name, layer, inputs...)
}

// conv is a convolution that keeps the size of the image at stride 1.
type conv struct {
	out, kernel int
	stride      int // 0: 1
	groups      int // 0: 1
	bias        bool
}

func (b *builder) conv(name string, c conv, inputs ...string) string {
	kernel, stride, pad := layers.Square(c.kernel), layers.Square(max(1, c.stride)), layers.Around(c.kernel/2)
	if c.groups > 1 && c.groups == b.channels(inputs) {
		return b.add(name, &layers.Depthwise{Multiplier: c.out / c.groups, Kernel: kernel, Stride: stride, Pad: pad, NoBias: !c.bias}, inputs...)
	}
	return b.add(name, &layers.Conv{Out: c.out, Kernel: kernel, Stride: stride, Pad: pad, Groups: c.groups, NoBias: !c.bias}, inputs...)
}

// window is one of a pooling.
func window(kernel, stride, pad int) layers.Window {
	return layers.Window{Kernel: layers.Square(kernel), Stride: layers.Square(stride), Pad: layers.Around(pad)}
}

// channels is the number of channels that a layer with these inputs reads.
func (b *builder) channels(inputs []string) int {
	if len(inputs) > 0 {
		if node, ok := b.net.Lookup(inputs[0]); ok {
			return node.Shape.Units()
		}
		return b.net.Input.Units()
	}
	return b.net.ShapeOf(len(b.net.Nodes) - 1).Units()
}

func (b *builder) relu(name string, inputs ...string) string {
	return b.add(name, layers.ReLU(), inputs...)
}

func (b *builder) batchNorm(name string, inputs ...string) string {
	return b.add(name, &layers.BatchNorm{Eps: b.norm.Eps, Momentum: b.norm.Momentum}, inputs...)
}

// dropout adds zeros while training, unless p is 0.
func (b *builder) dropout(name string, p float64) {
	if p > 0 {
		b.add(name, &layers.Dropout{P: p})
	}
}

func (b *builder) linear(name string, out int) { b.add(name, &layers.Linear{Out: out}) }
