package prune

import (
	"errors"
	"math/rand/v2"
	"testing"

	"pare/layers"
	"pare/layers/layertest"
	"pare/nn"
)

// reader is a network that reads tokens and keeps a memory of them.
func reader(t *testing.T, vocabulary int, forget bool) *nn.Network {
	t.Helper()
	net, err := nn.New("reader", nn.Shape{1, 6}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	net.Vocabulary = vocabulary
	if err := net.Add("memory", &layertest.Memory{Tokens: 5, Out: 3, Decay: 0.5, Forget: forget}); err != nil {
		t.Fatal(err)
	}
	if err := net.Add("gate", &layers.Gate{PerChannel: true}); err != nil {
		t.Fatal(err)
	}
	return net
}

// TestCertificateOfTokens: random inputs of a network that reads tokens are
// tokens. Others would be no index into the weights, and a panic.
func TestCertificateOfTokens(t *testing.T) {
	net := reader(t, 5, false)
	seen := map[float32]int{}
	for _, v := range randomInputs(net, 50, 1) {
		seen[v]++
	}
	for v := range 5 {
		if seen[float32(v)] < 30 {
			t.Errorf("token %d was drawn %d times of 300", v, seen[float32(v)])
		}
	}
	if len(seen) != 5 {
		t.Errorf("random inputs are %v, want tokens below 5", seen)
	}
	small, report, err := Prune(net, Options{Inputs: []float32{0, 1, 2, 3, 4, 0}, Random: 130})
	if err != nil || small.Vocabulary != 5 {
		t.Fatalf("vocabulary %d, %v", small.Vocabulary, err)
	}
	if c := report.Certificate; c.Inputs != 131 || c.MaxAbsDiff != 0 {
		t.Errorf("certificate %+v", c)
	}
}

// TestCertificateCarriesState: a network that only differs in what it keeps from
// run to run is another one.
func TestCertificateCarriesState(t *testing.T) {
	keeps, forgets := reader(t, 5, false), reader(t, 5, true)
	if err := forgets.CopyParams(keeps); err != nil {
		t.Fatal(err)
	}
	x := randomInputs(keeps, 100, 1)
	a, err := Outputs(keeps, x)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Outputs(forgets, x)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("output %d of fresh examples differs", i)
		}
	}
	if _, err := certify(keeps, forgets, Options{Random: 130}); !errors.Is(err, ErrCertificate) {
		t.Errorf("a network that forgets passes for one that does not: %v", err)
	}
	if _, err := certify(keeps, keeps, Options{Random: 130}); err != nil {
		t.Error(err)
	}
}
