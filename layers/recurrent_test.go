package layers_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
)

// recurrentKinds returns a layer of every kind.
func recurrentKinds(hidden int) map[string]nn.Layer {
	return map[string]nn.Layer{
		"rnn":      &layers.RNN{Hidden: hidden},
		"rnn relu": &layers.RNN{Hidden: hidden, Nonlinearity: "relu"},
		"lstm":     &layers.LSTM{Hidden: hidden},
		"gru":      &layers.GRU{Hidden: hidden},
	}
}

func recurrentCases() []gradientCase {
	return []gradientCase{
		{name: "rnn", layer: &layers.RNN{Hidden: 5}, inputs: sequence(3, 4), spread: 0.4},
		{name: "lstm", layer: &layers.LSTM{Hidden: 4}, inputs: sequence(3, 4), spread: 0.4},
		{name: "lstm wide", layer: &layers.LSTM{Hidden: 17}, inputs: sequence(2, 3), batch: 3, spread: 0.4},
		{name: "gru", layer: &layers.GRU{Hidden: 4}, inputs: sequence(3, 4), spread: 0.4},
		{name: "gru one position", layer: &layers.GRU{Hidden: 3}, inputs: sequence(5, 1), batch: 1, spread: 0.4},
	}
}

type recurrentGoldens struct {
	Layers  []goldenLayer
	Carried []struct {
		First array
		Case  goldenLayer
	}
	Character []struct {
		Kind           string
		Args           json.RawMessage
		LR             float32
		Tokens, Target []float32
		Params         map[string]array
		Losses         []float64
		Logits         []float32
	}
}

func readRecurrentGoldens(t *testing.T) (g recurrentGoldens) {
	t.Helper()
	readJSON(t, "testdata/goldens_recurrent.json", &g)
	return g
}

func TestGoldenRecurrentLayers(t *testing.T) {
	for _, c := range readRecurrentGoldens(t).Layers {
		t.Run(c.Name, func(t *testing.T) { c.check(t) })
	}
}

// TestGoldenCarriedState: the second run starts where the first ended, and no
// gradient goes through the start.
func TestGoldenCarriedState(t *testing.T) {
	for _, g := range readRecurrentGoldens(t).Carried {
		t.Run(g.Case.Name, func(t *testing.T) {
			c := g.Case
			layer := newLayer(t, c.Kind)
			if err := json.Unmarshal(c.Args, layer); err != nil {
				t.Fatal(err)
			}
			batch := c.Inputs[0].Shape[0]
			net, probes := around(t, layer, batch, nil, c.Inputs[0].Shape[1:])
			for _, p := range layer.Params() {
				importParam(t, p, c.Params[p.Name])
			}
			out := net.Output().Shape
			p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: readout{fromPyTorch(c.DY, out)}})
			for range 2 { // afresh after a reset
				p.ResetState()
				for _, x := range []array{g.First, c.Inputs[0]} {
					importParam(t, probes[0].value, x)
					p.Run()
				}
				requireClose(t, "output", toPyTorch(p.Output(), out), c.Output, relative)
				requireClose(t, "gradient of x0", exportGrad(p, probes[0].value), c.Grads["x0"], relative)
				for _, param := range layer.Params() {
					requireClose(t, "gradient of "+param.Name, exportGrad(p, param), c.Grads[param.Name], relative)
				}
			}
		})
	}
}

// TestGoldenCharacterNetwork trains two layers on each other for five steps.
func TestGoldenCharacterNetwork(t *testing.T) {
	for i, g := range readRecurrentGoldens(t).Character {
		t.Run(fmt.Sprint(g.Kind, i), func(t *testing.T) {
			net, err := nn.New("character", nn.Shape{1, 5}, nil)
			if err != nil {
				t.Fatal(err)
			}
			first, second := newLayer(t, g.Kind), newLayer(t, g.Kind)
			for _, l := range []nn.Layer{first, second} {
				if err := json.Unmarshal(g.Args, l); err != nil {
					t.Fatal(err)
				}
			}
			for _, l := range []struct {
				name  string
				layer nn.Layer
			}{{"embedding", &layers.Embedding{Vocab: 7, Out: 4}}, {g.Kind + "1", first}, {g.Kind + "2", second}, {"fc", &layers.Linear{Out: 7}}} {
				if err := net.Add(l.name, l.layer); err != nil {
					t.Fatal(err)
				}
			}
			for _, p := range net.Params() {
				importParam(t, p.Param, g.Params[p.Full])
			}
			p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: 3, Loss: layers.CrossEntropy{}})
			copy(p.X, g.Tokens)
			copy(p.Target, g.Target)
			for step, want := range g.Losses {
				if step > 0 {
					for _, param := range net.Params() {
						for j, d := range p.Grad(param.Param) {
							param.Data()[j] -= g.LR * d
						}
					}
				}
				p.ResetState()
				p.Run()
				if math.Abs(p.Loss()-want) > 1e-5*want {
					t.Errorf("step %d: loss %.7f, expected %.7f", step, p.Loss(), want)
				}
			}
			requireClose(t, "logits", p.Output(), g.Logits, 1e-4)
		})
	}
}

// TestRecurrentParameters: names, shapes and bounds are PyTorch's.
func TestRecurrentParameters(t *testing.T) {
	for kind, gates := range map[string]int{"rnn": 1, "rnn relu": 1, "lstm": 4, "gru": 3} {
		l := recurrentKinds(9)[kind]
		out, err := l.Init([]nn.Shape{{5, 3}}, rand.New(rand.NewPCG(1, 2)))
		if err != nil || !out.Equal(nn.Shape{9, 3}) {
			t.Fatalf("%s: %v, %v", kind, out, err)
		}
		want := map[string][]int{"weight_ih": {9 * gates, 5}, "weight_hh": {9 * gates, 9}, "bias_ih": {9 * gates}, "bias_hh": {9 * gates}}
		values := 0
		for _, p := range l.Params() {
			if !slices.Equal(p.ExportShape(), want[p.Name]) {
				t.Errorf("%s: %s has shape %v, expected %v", kind, p.Name, p.ExportShape(), want[p.Name])
			}
			values += p.Size()
			largest := float32(0)
			for _, v := range p.Data() {
				largest = max(largest, v, -v)
			}
			if largest > 1.0/3 || largest < 0.6/3 {
				t.Errorf("%s: %s reaches %g, expected about 1/3", kind, p.Name, largest)
			}
		}
		if want := gates * 9 * (5 + 9 + 2); values != want {
			t.Errorf("%s has %d parameters, expected %d", kind, values, want)
		}
		if macs := l.(nn.Coster).MACs([]nn.Shape{{5, 3}}); macs != int64(3*gates*9*(5+9)) {
			t.Errorf("%s: %d MACs", kind, macs)
		}
	}
}

func TestRecurrentErrors(t *testing.T) {
	for _, c := range []struct {
		layer nn.Layer
		in    nn.Shape
	}{
		{&layers.RNN{}, nn.Shape{3, 4}}, {&layers.RNN{Hidden: 3, Nonlinearity: "gelu"}, nn.Shape{3, 4}}, {&layers.LSTM{Hidden: -1}, nn.Shape{3, 4}},
		{&layers.GRU{Hidden: 3}, nn.Shape{3}}, {&layers.GRU{Hidden: 3}, nn.Shape{3, 4, 5}}, {&layers.LSTM{Hidden: 1 << 20}, nn.Shape{3, 4}},
	} {
		if out, err := c.layer.Init([]nn.Shape{c.in}, nil); err == nil {
			t.Errorf("%s of %v gives %v, an error was expected", c.layer.Kind(), c.in, out)
		}
	}
}

// TestKeepStateGradients: a linear readout at the last position of a unit gives
// the gradients of the states; the sum with that of the output is kept as well.
func TestKeepStateGradients(t *testing.T) {
	for kind, l := range recurrentKinds(3) {
		rng := rand.New(rand.NewPCG(1, 2))
		net, probes := around(t, l, 2, rng, nn.Shape{2, 4})
		copy(probes[0].value.Data(), normal(16, rng))
		r := normal(2*4*3, rng)
		var got []float32
		l.(nn.StateTracer).KeepStateGradients(&got)
		p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: 2, Loss: readout{r}})
		p.Run()
		if len(got) != len(r) {
			t.Fatalf("%s: %d gradients, expected %d", kind, len(got), len(r))
		}
		for n := range 2 {
			last := (n*4 + 3) * 3
			requireClose(t, kind, got[last:last+3], r[last:last+3], 1e-7)
		}
		if slices.Equal(got, r) {
			t.Errorf("%s: nothing flows from one position to the one before", kind)
		}
	}
}

// TestRecurrentState: programs name the state that they carry after the layer.
func TestRecurrentState(t *testing.T) {
	for kind, want := range map[string][]string{"rnn": {"layer.h"}, "lstm": {"layer.h", "layer.c"}, "gru": {"layer.h"}} {
		net, _ := around(t, recurrentKinds(3)[kind], 2, rand.New(rand.NewPCG(1, 2)), nn.Shape{2, 4})
		p := compile(t, net, nn.CompileOptions{Mode: nn.Infer, Batch: 2})
		p.Run()
		var names []string
		for _, s := range p.State() {
			names = append(names, s.Name)
			if len(s.Data) != 6 || !slices.ContainsFunc(s.Data, func(v float32) bool { return v != 0 }) {
				t.Errorf("%s: %s is %v after a run", kind, s.Name, s.Data)
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s: state %v, expected %v", kind, names, want)
		}
	}
}

// The biases of forget and input gates give cells the memory asked for, and no
// other value changes.
func TestMemory(t *testing.T) {
	const units = 64
	params := func(memory int) map[string][]float32 {
		l := &layers.LSTM{Hidden: units, Memory: memory}
		if _, err := l.Init([]nn.Shape{{2, 4}}, rand.New(rand.NewPCG(1, 2))); err != nil {
			t.Fatal(err)
		}
		out := map[string][]float32{}
		for _, p := range l.Params() {
			out[p.Name] = p.Data()
		}
		return out
	}
	plain, long := params(0), params(200)
	for name, v := range long {
		from := 0
		if strings.HasPrefix(name, "bias") {
			from = 2 * units // i, f, g, o
		}
		if !slices.Equal(v[from:], plain[name][from:]) {
			t.Errorf("%s differs in more than the two gates", name)
		}
	}
	least, most := math.Inf(1), 0.0
	for i := range units {
		forget := float64(long["bias_ih"][units+i] + long["bias_hh"][units+i])
		if input := float64(long["bias_ih"][i] + long["bias_hh"][i]); input != -forget {
			t.Errorf("unit %d: the input gate has %g, the forget gate %g", i, input, forget)
		}
		least, most = min(least, forget), max(most, forget)
	}
	if least < 0 || least > math.Log(40) || most < math.Log(160) || most > math.Log(199) {
		t.Errorf("forget gates from %g to %g", least, most)
	}
	for _, memory := range []int{-1, 1} {
		if _, err := (&layers.LSTM{Hidden: 3, Memory: memory}).Init([]nn.Shape{{2, 4}}, nil); err == nil {
			t.Errorf("a memory of %d passes", memory)
		}
	}
}
