package models

import "pare/layers"

// resnetBuilder adds the parts of a ResNet.
type resnetBuilder struct {
	*stack
	ResNet
}

// residual says how one block is made.
type residual struct {
	name       string
	first      bool // of its stage
	width, out int  // channels inside, which bottlenecks differ in, and of the output
	stride     int
	project    bool // whether the skip changes the shape
}

// stem adds what stands before the blocks and returns its name.
func (b resnetBuilder) stem() string {
	if b.Preactivation {
		return b.conv("conv", b.Width, 3, 1, "")
	}
	b.convBN("conv", b.Width, 3, 1, "")
	return b.add("relu", layers.ReLU())
}

// block adds a block that reads x and returns the name of its output.
func (b resnetBuilder) block(r residual, x string) string {
	if b.Preactivation {
		return b.preactivated(r, x)
	}
	last := x
	kernels := b.kernels()
	for i, kernel := range kernels {
		last = b.convBN(r.conv(i), r.channels(i, kernels), kernel, r.strideOf(i, kernels), last)
		if i < len(kernels)-1 {
			last = b.add(r.name+".relu"+digit(i), layers.ReLU(), last)
		}
	}
	if r.project {
		x = b.convBN(r.name+".proj", r.out, 1, r.stride, x)
	}
	b.sum(r, x, last)
	return b.add(r.name+".relu"+digit(len(kernels)-1), layers.ReLU())
}

// preactivated is block with BatchNorm and ReLU before each convolution.
func (b resnetBuilder) preactivated(r residual, x string) string {
	last := b.bnReLU(r.name+".bn1", r.name+".relu1", x)
	if r.first {
		x = last
	}
	kernels := b.kernels()
	for i, kernel := range kernels {
		if i > 0 {
			last = b.bnReLU(r.name+".bn"+digit(i), r.name+".relu"+digit(i), last)
		}
		last = b.conv(r.conv(i), r.channels(i, kernels), kernel, r.strideOf(i, kernels), last)
	}
	if r.project {
		x = b.conv(r.name+".proj", r.out, 1, r.stride, x)
	}
	return b.sum(r, x, last)
}

// sum adds the two paths behind their gates and returns the name of the sum.
func (b resnetBuilder) sum(r residual, skip, last string) string {
	if b.Gates.Residual {
		last = b.add(r.name+".gate_residual", &layers.Gate{PerChannel: b.Gates.PerChannel}, last)
	}
	if b.Gates.Skip {
		skip = b.add(r.name+".gate_skip", &layers.Gate{PerChannel: b.Gates.PerChannel}, skip)
	}
	return b.add(r.name+".add", &layers.Add{}, skip, last)
}

// bnReLU adds BatchNorm and ReLU and returns the name of the second.
func (b resnetBuilder) bnReLU(bn, relu, x string) string {
	b.add(bn, &layers.BatchNorm{}, x)
	return b.add(relu, layers.ReLU())
}

// kernels are the sides of the kernels of a block.
func (b resnetBuilder) kernels() []int {
	if b.Bottleneck {
		return []int{1, 3, 1}
	}
	return []int{3, 3}
}

func (r residual) conv(i int) string { return r.name + ".conv" + digit(i) }

func (r residual) channels(i int, kernels []int) int {
	if i == len(kernels)-1 {
		return r.out
	}
	return r.width
}

// strideOf is the stride of a convolution: that of the block for the first 3×3 one.
func (r residual) strideOf(i int, kernels []int) int {
	if kernels[i] == 3 && (i == 0 || kernels[i-1] != 3) {
		return r.stride
	}
	return 1
}

func digit(i int) string { return string(rune('1' + i)) }
