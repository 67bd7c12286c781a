package prune

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pare/layers"
	"pare/nn"
	"pare/prune/importance"
)

// resnet50 has the layers of ResNet-50 (He et al. 2016, table 1) with 64 / narrow channels in
// the first stage and random values: 25.6 million for narrow 1.
func resnet50(tb testing.TB, narrow, side int) *nn.Network {
	tb.Helper()
	net, err := nn.New("resnet50", nn.Shape{3, side, side}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		tb.Fatal(err)
	}
	n := 0
	add := func(l nn.Layer, in ...string) string {
		n++
		name := fmt.Sprint(l.Kind(), n)
		if err := net.Add(name, l, in...); err != nil {
			tb.Fatal(err)
		}
		return name
	}
	conv := func(x string, out, kernel, stride int) string {
		x = add(&layers.Conv{Out: out, Kernel: layers.Square(kernel), Stride: layers.Square(stride), Pad: layers.Around(kernel / 2), NoBias: true}, x)
		return add(&layers.BatchNorm{}, x)
	}
	x := add(layers.ReLU(), conv(nn.InputName, 64/narrow, 7, 2))
	x = add(&layers.MaxPool{Window: layers.Window{Kernel: layers.Square(3), Stride: layers.Square(2), Pad: layers.Around(1)}}, x)
	for stage, blocks := range []int{3, 4, 6, 3} {
		for block := range blocks {
			width, stride := 64<<stage/narrow, 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			y := add(layers.ReLU(), conv(x, width, 1, 1))
			y = add(layers.ReLU(), conv(y, width, 3, stride))
			y = conv(y, 4*width, 1, 1)
			if block == 0 {
				x = conv(x, 4*width, 1, stride)
			}
			x = add(layers.ReLU(), add(&layers.Add{}, y, x))
		}
	}
	add(&layers.Linear{Out: 1000 / narrow}, add(&layers.GlobalPool{}, x))
	return net
}

// vgg16 has the layers of VGG-16 (Simonyan & Zisserman 2015, table 1, D) and random values:
// 138.4 million.
func vgg16(tb testing.TB) *nn.Network {
	tb.Helper()
	net, err := nn.New("vgg16", nn.Shape{3, 224, 224}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		tb.Fatal(err)
	}
	last, n := nn.InputName, 0
	add := func(l nn.Layer) {
		n++
		name := fmt.Sprint(l.Kind(), n)
		if err := net.Add(name, l, last); err != nil {
			tb.Fatal(err)
		}
		last = name
	}
	for stage, convs := range []int{2, 2, 3, 3, 3} {
		for range convs {
			add(&layers.Conv{Out: min(512, 64<<stage), Kernel: layers.Square(3), Pad: layers.Around(1)})
			add(layers.ReLU())
		}
		add(&layers.MaxPool{})
	}
	add(&layers.Flatten{})
	for _, out := range []int{4096, 4096, 1000} {
		add(&layers.Linear{Out: out})
		if out > 1000 {
			add(layers.ReLU())
		}
	}
	return net
}

// BenchmarkSelection chooses half of the multiply-accumulates of large networks.
func BenchmarkSelection(b *testing.B) {
	for name, build := range map[string]func() *nn.Network{
		"resnet50": func() *nn.Network { return resnet50(b, 1, 224) },
		"vgg16":    func() *nn.Network { return vgg16(b) },
	} {
		b.Run(name, func(b *testing.B) {
			net := build()
			b.ReportAllocs()
			for b.Loop() {
				trial, err := net.Clone()
				if err != nil {
					b.Fatal(err)
				}
				if err := (Selection{Importance: importance.Magnitude{}, MACs: 0.5}).Zero(trial); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
