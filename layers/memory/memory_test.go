package memory

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/layers"
	"pare/nn"
)

func network(t *testing.T, input nn.Shape, rows ...any) *nn.Network {
	t.Helper()
	net, err := nn.New("net", input, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(rows); i += 2 {
		if err := net.Add(rows[i].(string), rows[i+1].(nn.Layer)); err != nil {
			t.Fatal(err)
		}
	}
	return net
}

func param(t *testing.T, net *nn.Network, full string) *nn.Param {
	t.Helper()
	for _, p := range net.Params() {
		if p.Full == full {
			return p.Param
		}
	}
	t.Fatalf("there is no parameter %s", full)
	return nil
}

func normal(n int, rng *rand.Rand) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// A linear recurrence h = a·h + x forgets as aᵏ, wherever its output is read.
func TestHorizonOfALinearRecurrence(t *testing.T) {
	for _, a := range []float32{0.5, 0.9, 1} {
		for _, head := range []nn.Layer{&layers.Dropout{P: 0.5}, &layers.Last{}} {
			net := network(t, nn.Shape{2, 12}, "rnn", &layers.RNN{Hidden: 2, Nonlinearity: "relu"}, "head", head, "fc", &layers.Linear{Out: 3})
			copy(param(t, net, "rnn.weight_ih").Fill(0).Data(), []float32{1, 0, 0, 1})
			copy(param(t, net, "rnn.weight_hh").Fill(0).Data(), []float32{a, 0, 0, a})
			param(t, net, "rnn.bias_ih").Fill(0)
			param(t, net, "rnn.bias_hh").Fill(0)
			x := make([]float32, 5*net.Input.Size())
			for i := range x {
				x[i] = float32(i%7 + 1)
			}
			p, err := Measure(net, "rnn", x, []float32{0, 1, 2, 0, 1}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range p.Norms {
				if want := p.Norms[0] * math.Pow(float64(a), float64(k)); math.Abs(v-want) > 1e-5*want || !(want > 0) {
					t.Fatalf("a = %g: norm %g at lag %d, expected %g", a, v, k, want)
				}
			}
			if a == 1 {
				if p.Horizon < 1e4 {
					t.Errorf("the horizon without forgetting is %g", p.Horizon)
				}
			} else if want := -1 / math.Log(float64(a)); math.Abs(p.Horizon-want) > 1e-4*want {
				t.Errorf("a = %g: horizon %g, expected %g", a, p.Horizon, want)
			}
		}
	}
}

// The norms are those of the loss of one example, whatever the batch.
func TestNormsDoNotDependOnTheBatch(t *testing.T) {
	net := network(t, nn.Shape{2, 6}, "lstm", &layers.LSTM{Hidden: 4}, "gru", &layers.GRU{Hidden: 3}, "fc", &layers.Linear{Out: 3})
	x := normal(net.Input.Size(), rand.New(rand.NewPCG(3, 4)))
	for _, layer := range []string{"lstm", "gru"} {
		one, err := Measure(net, layer, x, []float32{2}, nil)
		if err != nil {
			t.Fatal(err)
		}
		three, err := Measure(net, layer, append(append(append([]float32(nil), x...), x...), x...), []float32{2, 2, 2}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range one.Norms {
			if math.Abs(v-three.Norms[k]) > 1e-5*v || v == 0 {
				t.Errorf("%s: norm %g at lag %d, of three examples %g", layer, v, k, three.Norms[k])
			}
		}
	}
}

// oneUnit is the loss h_j of unit j at the last position.
type oneUnit struct{ j int }

func (l oneUnit) Build(_ *nn.Builder, output, target *gorgonia.Node) (*gorgonia.Node, error) {
	shape := output.Shape().Clone()
	grad := func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: "unit/dx", Shape: shape, Run: func(dst []float32, in [][]float32) {
			clear(dst)
			dst[l.j] = in[0][0]
		}}, dy)
	}
	return nn.Apply(nn.Op{Name: "unit", Shape: tensor.ScalarShape(), Grad: []nn.GradFunc{grad, nil},
		Run: func(dst []float32, in [][]float32) { dst[0] = in[0][l.j] }}, output, target)
}

// TestContraction: on random networks no Jacobian is larger than the certificate
// says, nor is a gradient, and the bound is met where it is tight.
func TestContraction(t *testing.T) {
	const h, length = 5, 7
	tightest := 0.0
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 5))
		rnn := &layers.RNN{Hidden: h, Nonlinearity: []string{"", "relu"}[seed%2]}
		net := network(t, nn.Shape{2, length}, "rnn", rnn, "last", &layers.Last{})
		w := param(t, net, "rnn.weight_hh")
		for i := range w.Data() {
			w.Data()[i] = float32(rng.NormFloat64() * 0.1 * float64(seed))
		}
		if seed < 2 { // diagonal, and small states: nearly tight
			for i := range w.Data() {
				w.Data()[i] = 0
				if i%(h+1) == 0 {
					w.Data()[i] = 0.9
				}
			}
			param(t, net, "rnn.weight_ih").Fill(0.001)
			param(t, net, "rnn.bias_ih").Fill(0.001)
			param(t, net, "rnn.bias_hh").Fill(0.001)
		}
		x := normal(2*length, rng)
		var jacobian [h][]float32 // of the last state: by unit, position and unit
		for j := range h {
			rnn.KeepStateGradients(&jacobian[j])
			p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: 1, Loss: oneUnit{j}})
			if err != nil {
				t.Fatal(err)
			}
			copy(p.X, x)
			p.Run()
		}
		c, _ := Contraction(rnn)
		for lag := range length {
			norm, at := 0.0, (length-1-lag)*h
			for i := range h {
				sum := 0.0
				for j := range h {
					sum += math.Abs(float64(jacobian[j][at+i]))
				}
				norm = max(norm, sum)
			}
			bound := math.Pow(c, float64(lag))
			if norm > bound*(1+1e-5) {
				t.Errorf("seed %d: the Jacobian of lag %d has norm %g, more than %g", seed, lag, norm, bound)
			}
			if lag == length-1 {
				tightest = max(tightest, norm/bound)
			}
		}
	}
	if tightest < 0.9 {
		t.Errorf("at most %g of the bound is reached: the test does not test", tightest)
	}
}

func TestMeasureErrors(t *testing.T) {
	net := network(t, nn.Shape{2, 3}, "rnn", &layers.RNN{Hidden: 2}, "fc", &layers.Linear{Out: 3})
	for _, c := range []struct {
		layer     string
		x, target int
		want      string
	}{
		{"rn", 6, 1, "no such layer"}, {"fc", 6, 1, "has no states"}, {"rnn", 5, 1, "whole number"}, {"rnn", 0, 0, "whole number"}, {"rnn", 12, 6, "6 targets for 2 examples, expected 2"},
	} {
		_, err := Measure(net, c.layer, make([]float32, c.x), make([]float32, c.target), nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestNormsOfMoreThanABatch: the norms of many examples are the mean of those of
// each, also where they do not run together.
func TestNormsOfMoreThanABatch(t *testing.T) {
	net := network(t, nn.Shape{2, 5}, "gru", &layers.GRU{Hidden: 3}, "fc", &layers.Linear{Out: 3})
	const n = mostAtOnce + 7
	x, targets := normal(n*net.Input.Size(), rand.New(rand.NewPCG(5, 6))), make([]float32, n)
	want := make([]float64, 5)
	for i := range targets {
		targets[i] = float32(i % 3)
		one, err := Measure(net, "gru", x[i*net.Input.Size():(i+1)*net.Input.Size()], targets[i:i+1], nil)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range one.Norms {
			want[k] += v / n
		}
	}
	all, err := Measure(net, "gru", x, targets, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range all.Norms {
		if math.Abs(v-want[k]) > 1e-5*want[k] {
			t.Errorf("lag %d: %g, want %g", k, v, want[k])
		}
	}
}
