package infer_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"pare/infer"
	"pare/layers"
	"pare/nn"
)

// drawGraph draws a network whose layers read any of the last three values: concatenations of
// convolutions, pools and values that other layers read too, sums, and flattened images that
// several heads share.
func drawGraph(t *rapid.T, rng *rand.Rand) *nn.Network {
	width := func() int { return rapid.SampledFrom([]int{1, 3, 9, 17, 23, 47, 64}).Draw(t, "width") }
	one := func(what string, most int) bool { return rapid.IntRange(1, most).Draw(t, what) == 1 }
	net, err := nn.New("graph", nn.Shape{width(), rapid.IntRange(1, 9).Draw(t, "height"), rapid.IntRange(1, 9).Draw(t, "columns")}, rng)
	if err != nil {
		t.Fatal(err)
	}
	add := func(l nn.Layer, inputs ...string) string {
		name := fmt.Sprint(l.Kind(), len(net.Nodes))
		if err := net.Add(name, l, inputs...); err != nil {
			t.Fatal(err)
		}
		return name
	}
	activate := func(v string) string {
		switch rapid.IntRange(0, 5).Draw(t, "activation") {
		case 0:
			return v
		case 1:
			return add(&layers.FATReLU{Threshold: 1e-3}, v)
		case 2:
			gelu, err := nn.Layers.New("gelu")
			if err != nil {
				t.Fatal(err)
			}
			return add(gelu, v)
		}
		return add(layers.ReLU(), v)
	}
	conv := func(v string, out, side int) string {
		return add(&layers.Conv{Out: out, Kernel: layers.Square(side), Pad: layers.Around(side / 2), NoBias: one("no bias", 3)}, v)
	}
	window := layers.Window{Kernel: layers.Square(3), Stride: layers.Square(1), Pad: layers.Around(1)}
	values := []string{"input"}
	from := func() string {
		return rapid.SampledFrom(values[max(0, len(values)-3):]).Draw(t, "from")
	}
	image := func() string {
		switch rapid.IntRange(0, 5).Draw(t, "layer") {
		case 0:
			return add(&layers.MaxPool{Window: window}, from())
		case 1:
			return add(&layers.AvgPool{Window: window}, from())
		case 2:
			return activate(add(&layers.Depthwise{Kernel: layers.Square(3), Pad: layers.Around(1)}, from()))
		case 3:
			return activate(add(&layers.BatchNorm{}, from()))
		}
		return activate(conv(from(), width(), rapid.SampledFrom([]int{1, 3, 5}).Draw(t, "kernel")))
	}
	for range rapid.IntRange(2, 6).Draw(t, "layers") {
		switch rapid.IntRange(0, 4).Draw(t, "join") {
		case 0, 1:
			var parts []string
			for range rapid.IntRange(1, 4).Draw(t, "parts") {
				if one("shared", 4) {
					parts = append(parts, from())
				} else {
					parts = append(parts, image())
				}
			}
			values = append(values, add(&layers.Concat{}, parts...))
		case 2:
			out := width()
			values = append(values, activate(add(&layers.Add{}, conv(from(), out, 3), conv(from(), out, 1))))
		default:
			values = append(values, image())
		}
	}
	var heads []string
	for range rapid.IntRange(1, 3).Draw(t, "heads") {
		flat := add(&layers.Flatten{}, from())
		heads = append(heads, add(&layers.Linear{Out: width()}, activate(flat)))
		if one("wide", 4) {
			heads = append(heads, flat)
		}
	}
	if x := add(&layers.Concat{}, heads...); one("last", 2) {
		add(&layers.Linear{Out: width()}, x)
	}
	return net
}

// TestGraphs: whatever layers read and share, a predictor gives the outputs of the network compiled
// as it is, in both layouts, and an example with NaN leaves the other ones alone.
func TestGraphs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		net := drawGraph(t, rng)
		disturb(net, rng)
		sparsify(net, rapid.SampledFrom([]float64{0, 0, 0.6, 0.9, 1}).Draw(t, "zero weights"),
			rapid.SampledFrom([]float32{-50, -0.2, 0, 50}).Draw(t, "bias"), rng)
		o := infer.Options{ChannelsLast: true, Zeros: rapid.SampledFrom([]infer.Zeros{infer.Dense, 0.3, 1}).Draw(t, "zeros"),
			MaxBatch: rapid.SampledFrom([]int{0, 1, 4}).Draw(t, "most")}
		last := predictor(t, net, o)
		o.ChannelsLast = false
		first := predictor(t, net, o)
		size, width := net.Input.Size(), net.Output().Shape.Size()
		for _, n := range []int{1, rapid.SampledFrom([]int{2, 3, 9, 17}).Draw(t, "batch")} {
			x, bad := examples(net, n, rng), -1
			if n > 1 && rapid.Bool().Draw(t, "undefined") {
				bad = rng.IntN(n)
				x[bad*size+rng.IntN(size)] = float32(math.NaN())
			}
			turned := make([]float32, len(x))
			units, positions := net.Input.Units(), net.Input.Positions()
			for i, v := range x {
				at := i % size
				turned[i-at+at%units*positions+at/units] = v
			}
			want := plain(t, net, x)
			for layout, c := range []struct {
				p *infer.Predictor
				x []float32
			}{{last, x}, {first, turned}} {
				out := make([]float32, n*width) // vectors, the same in both layouts
				if err := c.p.Predict(out, c.x, n); err != nil {
					t.Fatal(err)
				}
				for i := range n {
					d := distance(out[i*width:][:width], want[i*width:][:width])
					if i != bad && !(d <= 1e-5) {
						t.Fatalf("layout %d, batch %d, example %d (%d has a NaN): outputs differ by %.2g", layout, n, i, bad, d)
					}
				}
			}
		}
	})
}
