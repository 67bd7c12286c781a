package layers_test

import (
	"math"
	"testing"

	"pare/layers"
	"pare/nn"
)

// TestActivationConstants holds that pruning folds in the very value that the compiled
// layer computes, of built-in and registered activations.
func TestActivationConstants(t *testing.T) {
	x := []float32{-90, -3, -0.5, -1e-3, 0, 1e-3, 0.7, 2, 11}
	kinds := []nn.Layer{layers.NewActivation("cube",
		func(x float32) float32 { return x * x * x }, func(x float32) float32 { return 3 * x * x })}
	kinds = append(kinds, &layers.FATReLU{Threshold: 0.7}, &layers.FATReLU{Threshold: 0.71}, &layers.LeakyReLU{Slope: 0.3},
		&layers.Clip{Min: limit(-2.5), Max: limit(0.7)}, &layers.Clip{Max: limit(-1)})
	for _, kind := range []string{"relu", "relu6", "leaky_relu", "sigmoid", "hardsigmoid", "tanh", "gelu", "gelu_tanh", "silu",
		"hardswish", "mish", "elu", "softplus"} {
		kinds = append(kinds, newLayer(t, kind))
	}
	for _, l := range kinds {
		net, probes := around(t, l, 1, nil, nn.Shape{len(x)})
		copy(probes[0].value.Data(), x)
		dy := make([]float32, len(x))
		for i := range dy {
			dy[i] = 1
		}
		p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: 1, Loss: readout{dy}})
		p.Run()
		known := nn.Unknown(len(x) + 1)
		for u, v := range x {
			known.Set(u, v)
		}
		out := l.(nn.Pruner).Constants([]nn.Known{known})
		for u, v := range p.Output() {
			if !out.Const[u] || math.Float32bits(out.Value[u]) != math.Float32bits(v) {
				t.Errorf("%s(%v): %v known as %v", l.Kind(), x[u], v, out.Value[u])
			}
		}
		if out.Const[len(x)] {
			t.Errorf("%s: nothing becomes known", l.Kind())
		}
		if g := p.Grad(probes[0].value); l.Kind() == "cube" {
			for i, v := range x {
				if g[i] != 3*v*v {
					t.Errorf("cube'(%v) is %v", v, g[i])
				}
			}
		}
	}
}
