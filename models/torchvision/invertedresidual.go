package torchvision

import (
	"fmt"

	"pare/layers"
)

// inverted is an inverted residual block (Sandler et al. 2018): a 1×1 convolution to more
// channels, a depthwise one, squeeze and excitation (Hu et al. 2018), a 1×1 convolution to
// fewer channels without activation, and a sum with the input where the shapes are the same.
type inverted struct {
	name             string // of torchvision's module, such as features.3
	timm             string // of timm's, such as blocks.2.0
	expanded, out    int
	kernel, stride   int
	squeeze          int // units between pooling and gate of squeeze and excitation; 0: there is none
	activation, gate string
	squeezed         string // activation behind the first convolution of squeeze and excitation
}

// inverted adds a block that reads x, of in channels, and returns the name of its output. last
// names the last convolution and its BatchNorm, the modules of the block from number i on.
func (b *builder) inverted(c inverted, x string, in int, last func(i int) (conv, bn string)) string {
	y, i, project := x, 0, "conv_pw"
	unit := func(spec conv, timm string) {
		y = b.unit(fmt.Sprintf("%s.%d", c.name, i), c.activation, spec, c.timm+"."+timm, fmt.Sprintf("%s.bn%d", c.timm, i+1), y)
		i++
	}
	if c.expanded != in {
		unit(conv{out: c.expanded, kernel: 1}, "conv_pw")
		project = "conv_pwl"
	}
	unit(conv{out: c.expanded, kernel: c.kernel, stride: c.stride, groups: c.expanded}, "conv_dw")
	norm := fmt.Sprintf("%s.bn%d", c.timm, i+1)
	if c.squeeze > 0 {
		y = b.squeeze(fmt.Sprintf("%s.%d", c.name, i), c, y)
		i++
	}
	pw, bn := last(i)
	b.conv(pw, conv{out: c.out, kernel: 1}, y)
	y = b.batchNorm(bn)
	b.timm[c.timm+"."+project], b.timm[norm] = pw, bn
	if c.stride == 1 && in == c.out {
		y = b.add(c.name+".add", &layers.Add{}, x, y)
	}
	return y
}

// squeeze adds squeeze and excitation: x times a gate for each channel, from the means of all
// channels.
func (b *builder) squeeze(name string, c inverted, x string) string {
	b.add(name+".avgpool", &layers.GlobalPool{KeepDims: true}, x)
	b.conv(name+".fc1", conv{out: c.squeeze, kernel: 1, bias: true})
	b.addKind(name+".activation", c.squeezed)
	b.conv(name+".fc2", conv{out: c.expanded, kernel: 1, bias: true})
	b.timm[c.timm+".se.conv_reduce"], b.timm[c.timm+".se.conv_expand"] = name+".fc1", name+".fc2"
	gate := b.addKind(name+".scale_activation", c.gate)
	return b.add(name+".mul", &layers.Mul{}, x, gate)
}

// unit adds a convolution with BatchNorm and activation, which torchvision numbers 0 to 2 and
// timm calls as given.
func (b *builder) unit(name, activation string, c conv, timmConv, timmNorm string, inputs ...string) string {
	b.conv(name+".0", c, inputs...)
	b.batchNorm(name + ".1")
	b.timm[timmConv], b.timm[timmNorm] = name+".0", name+".1"
	return b.addKind(name+".2", activation)
}

// divisible is a number of channels times a factor, rounded to a multiple of 8 that is at least
// 0.9 of it.
func divisible(channels int, factor float64) int {
	v := float64(channels) * factor
	n := max(8, int(v+4)/8*8)
	if float64(n) < 0.9*v {
		n += 8
	}
	return n
}
