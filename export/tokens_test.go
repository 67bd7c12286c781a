package export

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
)

// reader is a network of tokens whose outputs are characters.
func reader(t testing.TB) Model {
	s := newStack(t, "reader", 1, 4)
	s.net.Vocabulary = 3
	s.add("flat", &layers.Flatten{})
	s.add("fc", &layers.Linear{Out: 3})
	return Model{Net: s.net, Classes: []string{"\n", " ", "a"}}
}

func TestTokensRoundTrip(t *testing.T) {
	m := reader(t)
	dir := t.TempDir()
	if err := Save(dir, m); err != nil {
		t.Fatal(err)
	}
	saved, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	onnx, err := ReadONNX(encoded(t, m))
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []Model{saved, onnx} {
		same(t, m, got)
		if got.Net.Vocabulary != 3 {
			t.Errorf("vocabulary %d, want 3", got.Net.Vocabulary)
		}
	}
}

func TestTokensRefuse(t *testing.T) {
	m := reader(t)
	m.Preprocess = Preprocess{Mean: []float32{0}, Std: []float32{1}}
	expect(t, "preprocessing", Save(t.TempDir(), m), "reads tokens")

	m = reader(t)
	m.Net.Vocabulary = -1
	expect(t, "negative", Save(t.TempDir(), m), "vocabulary of -1")

	net, err := nn.New("vector", nn.Shape{4}, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := net.Add("fc", &layers.Linear{Out: 2}); err != nil {
		t.Fatal(err)
	}
	net.Vocabulary = 3
	expect(t, "shape", Save(t.TempDir(), Model{Net: net}), "the input is 4", "1×T")

	var b strings.Builder
	if err := WriteONNX(&b, m); err == nil || b.Len() != 0 {
		t.Errorf("ONNX of a bad vocabulary: %v, %d bytes", err, b.Len())
	}
}
