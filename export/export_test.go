package export

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pare/nn"
)

// outputs runs the network on n examples in channels-last layout.
func outputs(t *testing.T, net *nn.Network, inputs []float32, n int) []float32 {
	t.Helper()
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: n})
	if err != nil {
		t.Fatal(err)
	}
	copy(p.X, inputs)
	p.Run()
	return append([]float32(nil), p.Output()...)
}

func randomInputs(net *nn.Network, n int) []float32 {
	rng := rand.New(rand.NewPCG(2, 4))
	x := make([]float32, n*net.Input.Size())
	vocab := vocabulary(net)
	for i := range x {
		if vocab > 0 {
			x[i] = float32(rng.IntN(vocab))
		} else {
			x[i] = float32(rng.NormFloat64())
		}
	}
	return x
}

func full(net *nn.Network) Model {
	m := Model{Net: net, Meta: map[string]string{"seed": "7"}}
	for c := range net.Input.Units() {
		m.Preprocess.Mean = append(m.Preprocess.Mean, 0.1+float32(c)/3)
		m.Preprocess.Std = append(m.Preprocess.Std, 0.25)
	}
	for c := range net.Output().Shape.Units() {
		m.Classes = append(m.Classes, string(rune('A'+c))+" [1,\n2]")
	}
	return m
}

func encoded(t testing.TB, m Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteONNX(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// same checks that two models are equal in all that is written.
func same(t *testing.T, want, got Model) {
	t.Helper()
	a, err := want.document()
	if err != nil {
		t.Fatal(err)
	}
	b, err := got.document()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(a, b); d != "" {
		t.Errorf("document: %s", d)
	}
	if d := cmp.Diff(want.Meta, got.Meta); d != "" {
		t.Errorf("meta: %s", d)
	}
	params := got.Net.Params()
	for i, p := range want.Net.Params() {
		sameBits(t, p.Full, p.Data(), params[i].Data())
	}
	x := randomInputs(want.Net, 5)
	sameBits(t, "outputs", outputs(t, want.Net, x, 5), outputs(t, got.Net, x, 5))
}

func sameBits(t *testing.T, what string, want, got []float32) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i, v := range want {
		if math.Float32bits(v) != math.Float32bits(got[i]) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], v)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	seen := map[string]int{}
	for _, net := range networks(t) {
		t.Run(net.Name, func(t *testing.T) {
			m := full(net)
			dir := t.TempDir()
			if err := Save(dir, m); err != nil {
				t.Fatal(err)
			}
			got, err := Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			same(t, m, got)
			b := encoded(t, m)
			if got, err = ReadONNX(b); err != nil {
				t.Fatal(err)
			}
			same(t, m, got)
			if again := encoded(t, got); !bytes.Equal(again, b) {
				t.Error("the ONNX file of the model read back differs")
			}
		})
		for _, node := range net.Nodes {
			seen[node.Layer.Kind()]++
		}
	}
	for _, kind := range nn.Layers.Names() {
		if seen[kind] == 0 {
			t.Errorf("no test network has a layer of kind %s", kind)
		}
	}
}

// A model without the optional parts is read back without them.
func TestRoundTripBare(t *testing.T) {
	m, dir := Model{Net: rewired(t)}, t.TempDir()
	if err := Save(dir, m); err != nil {
		t.Fatal(err)
	}
	got, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	same(t, m, got)
	if got, err = ReadONNX(encoded(t, m)); err != nil {
		t.Fatal(err)
	}
	same(t, m, got)
}

func TestEveryLayerHasONNX(t *testing.T) {
	for _, kind := range nn.Layers.Names() {
		l, err := nn.Layers.New(kind)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := l.(nn.ONNXLayer); !ok {
			t.Errorf("%s has no ONNX form", kind)
		}
	}
}
