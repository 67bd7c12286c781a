package layers_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pare/layers"
	"pare/nn"
)

// The gradient of the input is the same in training and in evaluation for every layer without
// batch statistics, and in training the one that a parameter in the input's place gets.
func TestGradientOfInput(t *testing.T) {
	for _, c := range gradientCases(t) {
		if _, ok := c.layer.(*layers.BatchNorm); ok || !same(c.inputs) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			const batch = 3
			net, err := nn.New("test", c.inputs[0], rng)
			if err != nil {
				t.Fatal(err)
			}
			names := slices.Repeat([]string{nn.InputName}, len(c.inputs))
			if err := net.Add("layer", c.layer, names...); err != nil {
				t.Fatal(err)
			}
			r, x := normal(batch*net.Output().Shape.Size(), rng), normal(batch*net.Input.Size(), rng)
			var grads [2][]float32
			for i, mode := range []nn.Mode{nn.Train, nn.Eval} {
				p := compile(t, net, nn.CompileOptions{Mode: mode, Batch: batch, Loss: readout{r}, NoNoise: true, InputGradient: true})
				copy(p.X, x)
				p.Run()
				grads[i] = slices.Clone(p.InputGrad())
			}
			if len(grads[0]) != len(x) || !slices.Equal(grads[0], grads[1]) {
				t.Errorf("gradients %v in training, %v in evaluation", grads[0], grads[1])
			}
			probed, probes := around(t, c.layer, batch, rng, c.inputs...)
			want := make([]float32, len(x))
			for _, probe := range probes {
				copy(probe.value.Data(), x)
			}
			p := compile(t, probed, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: readout{r}, NoNoise: true})
			p.Run()
			for _, probe := range probes {
				for i, g := range p.Grad(probe.value) {
					want[i] += g
				}
			}
			for i, g := range grads[0] {
				if math.Abs(float64(g-want[i])) > 1e-6*(1+math.Abs(float64(g))) {
					t.Fatalf("gradient %d of the input is %v, of a parameter in its place %v", i, g, want[i])
				}
			}
		})
	}
}

// Every kind of layer has its gradients compared with finite differences; tokens, which an embedding
// reads, have none.
func TestGradientCasesCoverAllKinds(t *testing.T) {
	checked := map[string]bool{"embedding": true}
	for _, c := range gradientCases(t) {
		checked[c.layer.Kind()] = true
	}
	for _, kind := range nn.Layers.Names() {
		if !checked[kind] {
			t.Errorf("no gradient of %s is compared with finite differences: add it to gradientCases", kind)
		}
	}
}

func same(shapes []nn.Shape) bool {
	return !slices.ContainsFunc(shapes, func(s nn.Shape) bool { return !s.Equal(shapes[0]) })
}

// A normalisation by running statistics is linear: its gradient is γ/σ, and the gradient of the added value
// 1, both where the ReLU behind the sum is open.
func TestGradientOfRunningNormalisation(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const batch, c, positions = 2, 3, 4
	net, err := nn.New("test", nn.Shape{c, positions, 1}, rng)
	if err != nil {
		t.Fatal(err)
	}
	bn := &layers.BatchNorm{}
	for _, l := range []struct {
		name  string
		layer nn.Layer
		in    []string
	}{{"bn", bn, []string{nn.InputName}}, {"add", &layers.Add{}, []string{"bn", nn.InputName}}, {"relu", layers.ReLU(), []string{"add"}}} {
		if err := net.Add(l.name, l.layer, l.in...); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range net.Params() {
		for i := range p.Data() {
			p.Data()[i] = 0.5 + rng.Float32()
		}
	}
	r := normal(batch*c*positions, rng)
	p := compile(t, net, nn.CompileOptions{Mode: nn.Eval, Batch: batch, Loss: readout{r}, InputGradient: true})
	copy(p.X, normal(len(p.X), rng))
	p.Run()
	factor, _ := bn.Affine(c)
	open := 0
	for i, g := range p.InputGrad() {
		want := float32(0)
		if p.Output()[i] > 0 {
			want = r[i] * (1 + factor[i%c])
			open++
		}
		if math.Abs(float64(g-want)) > 1e-6*(1+math.Abs(float64(want))) {
			t.Errorf("gradient %d is %v, want %v", i, g, want)
		}
	}
	if open == 0 || open == len(r) {
		t.Errorf("the ReLU is open at %d of %d values", open, len(r))
	}
}

func TestInputGradientErrors(t *testing.T) {
	net, _ := around(t, layers.ReLU(), 1, nil, nn.Shape{2})
	const noLoss = "compile test: the gradient of the input needs a loss: compile for training or evaluation"
	if _, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: 1, InputGradient: true}); err == nil || err.Error() != noLoss {
		t.Errorf("error %v, want %q", err, noLoss)
	}
	net.Vocabulary = 3
	const want = "compile test: the network reads tokens, which have no gradient"
	o := nn.CompileOptions{Mode: nn.Eval, Batch: 1, Loss: readout{make([]float32, 2)}, InputGradient: true}
	if _, err := nn.Compile(net, o); err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}
