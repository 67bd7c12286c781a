package regularize

import (
	"math"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
)

// gatedSum is a sum of three paths, two of them behind gates, or all.
func gatedSum(t *testing.T, all, perChannel bool) (*nn.Network, []*nn.Param) {
	t.Helper()
	net, err := nn.New("sum", nn.Shape{2, 3, 3}, nil)
	if err != nil {
		t.Fatal(err)
	}
	add := func(name string, l nn.Layer, in ...string) {
		if err := net.Add(name, l, in...); err != nil {
			t.Fatal(err)
		}
	}
	add("a", &layers.Gate{PerChannel: perChannel}, nn.InputName)
	add("conv", &layers.Conv{Out: 2, Kernel: layers.Square(3), Pad: layers.Around(1)}, nn.InputName)
	add("b", &layers.Gate{PerChannel: perChannel}, "conv")
	third := nn.InputName
	if all {
		add("c", &layers.Gate{PerChannel: perChannel}, nn.InputName)
		third = "c"
	}
	add("relu", layers.ReLU(), "b")
	add("sum", &layers.Add{}, "a", "relu", third)
	add("pool", &layers.GlobalPool{})
	add("fc", &layers.Linear{Out: 2})
	var gates []*nn.Param
	for _, p := range net.Params() {
		if p.Role == nn.RoleGate {
			gates = append(gates, p.Param)
		}
	}
	return net, gates
}

func TestPathsSpareTheLargest(t *testing.T) {
	net, gates := gatedSum(t, true, false)
	term, err := NewTerm(net, Spec{Type: "l1", On: "paths", Lambda: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range []float32{0.3, 0.9, 0.1} {
		gates[i].Data()[0] = v
	}
	for range 10 { // far more than would close all three
		term.Prox(1, nil)
	}
	for i, want := range []float32{0, 0.9, 0} {
		if got := gates[i].Data()[0]; got != want {
			t.Errorf("gate %d is %g, want %g", i, got, want)
		}
	}
	if total, zero := term.Groups(); total != 3 || zero != 2 {
		t.Errorf("%d of %d gates are closed", zero, total)
	}
	term.Prox(0.1, func(p *nn.Param) []float32 { return []float32{4} })
	if got := gates[1].Data()[0]; got != 0.9 {
		t.Errorf("in a metric the largest gate became %g", got)
	}
}

// Where one operand has no gate it is the open path, and every gate may close.
func TestPathsBesideAnOpenOne(t *testing.T) {
	net, gates := gatedSum(t, false, true)
	term, err := NewTerm(net, Spec{Type: "l1", On: "paths", Lambda: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	copy(gates[0].Data(), []float32{0.3, 2})
	copy(gates[1].Data(), []float32{-1, 0.7})
	term.Prox(1, nil)
	want := [][]float32{{0, 1.5}, {0, 0.2}}
	for k := range want {
		for j, w := range want[k] {
			if got := gates[k].Data()[j]; math.Abs(float64(got-w)) > 1e-6 {
				t.Errorf("gate %d of channel %d is %g, want %g", k, j, got, w)
			}
		}
	}
}

// The loss term and, in subgradient mode, its gradient leave the largest out.
func TestPathsTerm(t *testing.T) {
	net, gates := gatedSum(t, true, false)
	for i, v := range []float32{0.5, 0.25, 2} {
		gates[i].Data()[0] = v
	}
	term, err := NewTerm(net, Spec{Type: "l1", On: "paths", Lambda: 0.1, Mode: "subgradient"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: 1, Loss: layers.CrossEntropy{}, Terms: []nn.Term{term}})
	if err != nil {
		t.Fatal(err)
	}
	p.Run() // on zeros: the loss itself has no gradient in the gates
	if got := p.TermValue(0); math.Abs(got-0.075) > 1e-7 {
		t.Errorf("the term is %g, want 0.075", got)
	}
	for i, want := range []float64{0.1, 0.1, 0} {
		if got := p.Grad(gates[i])[0]; math.Abs(float64(got)-want) > 1e-6 {
			t.Errorf("gradient of gate %d is %g, want %g", i, got, want)
		}
	}
}

func TestPathsRefuses(t *testing.T) {
	net, _ := gatedSum(t, true, false)
	if _, err := NewTerm(net, Spec{Type: "group_lasso", On: "paths"}); err == nil {
		t.Error("group_lasso on paths was accepted")
	}
	lone, err := nn.New("lone", nn.Shape{2, 3, 3}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]nn.Layer{"gate": &layers.Gate{}} {
		if err := lone.Add(name, l); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := NewTerm(lone, Spec{Type: "l1", On: "paths"}); err == nil || !strings.Contains(err.Error(), "no sum") {
		t.Errorf("a gate that leads into no sum: %v", err)
	}
}
