package models_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"pare/layers"
	"pare/nn"
)

// readGolden reads values of PyTorch that a script of testdata wrote.
func readGolden(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// goldenSteps are steps of gradient descent on one batch, and the logits after them.
type goldenSteps struct {
	Batch  int
	Rate   float32
	Params map[string]struct { // at the start, by their names here
		Shape []int
		Data  []float32
	}
	X, Target []float32
	Losses    []float64
	Logits    []float32
}

// require makes the same steps.
func (g goldenSteps) require(t *testing.T, net *nn.Network) {
	t.Helper()
	if n := len(net.Params()); n != len(g.Params) {
		t.Fatalf("%d parameters, PyTorch has %d", n, len(g.Params))
	}
	for _, p := range net.Params() {
		if err := p.Import(g.Params[p.Full].Shape, g.Params[p.Full].Data); err != nil {
			t.Fatal(err)
		}
	}
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: g.Batch, Loss: layers.CrossEntropy{}})
	if err != nil {
		t.Fatal(err)
	}
	copy(p.X, g.X)
	copy(p.Target, g.Target)
	for i, want := range g.Losses {
		p.ResetState()
		p.Run()
		if math.Abs(p.Loss()-want) > 1e-5*want {
			t.Errorf("step %d: loss %.7f, PyTorch has %.7f", i, p.Loss(), want)
		}
		for _, param := range net.Params() {
			for j, d := range p.Grad(param.Param) {
				param.Data()[j] -= g.Rate * d
			}
		}
	}
	infer, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: g.Batch})
	if err != nil {
		t.Fatal(err)
	}
	copy(infer.X, g.X)
	infer.Run()
	for i, v := range infer.Output() {
		if want := g.Logits[i]; math.Abs(float64(v-want)) > 2e-5*(1+math.Abs(float64(want))) {
			t.Fatalf("logit %d is %v, PyTorch has %v", i, v, want)
		}
	}
}
