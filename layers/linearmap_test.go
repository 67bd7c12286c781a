package layers_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pare/layers"
	"pare/nn"
)

// The sums that layers describe give their outputs.
func TestSums(t *testing.T) {
	for _, c := range []struct {
		layer nn.LinearMap
		in    nn.Shape
	}{
		{&layers.Conv{Out: 5, Kernel: layers.Square(3), Pad: layers.Around(1)}, nn.Shape{4, 5, 6}},
		{&layers.Conv{Out: 6, Kernel: layers.Square(3), Stride: layers.Square(2), Pad: layers.Around(2), Groups: 2, NoBias: true}, nn.Shape{4, 7, 5}},
		{&layers.Conv{Out: 3, Kernel: layers.Extent{H: 2, W: 3}, Dilation: layers.Extent{H: 2, W: 1}, Pad: layers.Padding{Top: 1, Right: 2}}, nn.Shape{2, 7, 5}},
		{&layers.Conv1d{Out: 4, Kernel: 3, Dilation: 2, Pad: layers.Margin{Before: 1, Behind: 2}}, nn.Shape{3, 8}},
		{&layers.Conv{Out: 3, Kernel: layers.Square(1)}, nn.Shape{4, 3, 3}},
		{&layers.Depthwise{Kernel: layers.Square(3), Stride: layers.Square(2), Pad: layers.Around(1), Multiplier: 2}, nn.Shape{3, 5, 5}},
		{&layers.Linear{Out: 4}, nn.Shape{7}},
		{&layers.Linear{Out: 4, NoBias: true}, nn.Shape{3, 5}},
		{&layers.Linear{Out: 4}, nn.Shape{3, 2, 4}},
	} {
		const batch = 2
		rng := rand.New(rand.NewPCG(1, 2))
		net, probes := around(t, c.layer, batch, rng, c.in)
		for _, p := range net.Params() {
			p.Normal(1, rng)
		}
		p := compile(t, net, nn.CompileOptions{Mode: nn.Infer, Batch: batch})
		p.Run()
		s := c.layer.Sums(c.in)
		x, y := probes[0].value.Data(), p.Output()
		outs := s.Weight.Size() / s.Terms
		row, name := make([]float32, s.Terms), fmt.Sprintf("%s of %s", c.layer.Kind(), c.in)
		if s.Positions != net.Output().Shape.Positions() || c.in.Units() != s.Groups*s.Inputs {
			t.Fatalf("%s: %d positions, %d groups of %d inputs", name, s.Positions, s.Groups, s.Inputs)
		}
		for e := range batch {
			for position := range s.Positions {
				for o := range outs {
					s.Row(row, x[e*c.in.Size():][:c.in.Size()], position, o*s.Groups/outs)
					want := 0.0
					for k, v := range row {
						want += float64(v) * float64(s.Weight.Data()[k*outs+o])
					}
					if s.Bias != nil {
						want += float64(s.Bias.Data()[o])
					}
					if got := float64(y[(e*s.Positions+position)*outs+o]); math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
						t.Fatalf("%s: output %d at position %d of example %d is %g, the sum %g", name, o, position, e, got, want)
					}
				}
			}
		}
	}
}

// The factors and shifts that layers describe give their outputs.
func TestAffine(t *testing.T) {
	for _, layer := range []nn.Layer{&layers.BatchNorm{}, &layers.Gate{}, &layers.Gate{PerChannel: true},
		&layers.Rescale{Scale: []float32{2, -1, 0.5}, Shift: []float32{1, 0, -3}}} {
		const batch, units = 4, 3
		rng := rand.New(rand.NewPCG(1, 2))
		net, probes := around(t, layer, batch, rng, nn.Shape{units})
		for _, p := range net.Params() {
			for i := range p.Data() {
				p.Data()[i] = 0.5 + rng.Float32()
			}
		}
		p := compile(t, net, nn.CompileOptions{Mode: nn.Infer, Batch: batch})
		p.Run()
		factor, shift := layer.(nn.Affine).Affine(units)
		for i, x := range probes[0].value.Data() {
			want := factor[i%units]*x + shift[i%units]
			if got := p.Output()[i]; math.Abs(float64(got-want)) > 1e-5 {
				t.Errorf("%s: output %d is %g, want %g", layer.Kind(), i, got, want)
			}
		}
	}
}
