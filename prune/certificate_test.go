package prune

import (
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
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

// differing is a network whose output is x − w·x, with w the second weight.
func differing(t *testing.T, w float32) *nn.Network {
	t.Helper()
	net, err := nn.New("differing", nn.Shape{1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []*layers.Linear{{Out: 2, NoBias: true}, {Out: 1, NoBias: true}} {
		if err := net.Add([]string{"", "difference", "copies"}[l.Out], l); err != nil {
			t.Fatal(err)
		}
	}
	copies, difference := net.Nodes[0].Layer.Params()[0].Data(), net.Nodes[1].Layer.Params()[0].Data()
	copies[0], copies[1] = 1, 1
	difference[0], difference[1] = 1, -w
	return net
}

// TestCertificateOfRounding: where outputs cancel, a difference as large as the rounding of the
// network itself passes, and no larger one; elsewhere the tolerance stands.
func TestCertificateOfRounding(t *testing.T) {
	next := func(v float32, n int) float32 {
		for range n {
			v = math.Nextafter32(v, 2)
		}
		return v
	}
	for _, c := range []struct {
		w       float32
		ulps    int // by which the weight of the other network differs
		pass    bool
		measure bool
	}{
		{0.5, 1, true, false},
		{0.999, 1, true, true},
		{0.999, 12, false, true},
		{0.99999, 1, false, true}, // its rounding is so large that nothing is proved
		{0.5, 200, false, true},
	} {
		got, err := certify(differing(t, c.w), differing(t, next(c.w, c.ulps)), Options{Seed: 1})
		if passed := err == nil; passed != c.pass || passed != got.Passed() || !c.pass && !errors.Is(err, ErrCertificate) {
			t.Errorf("weight %g and %d ulps: %+v, %v", c.w, c.ulps, got, err)
		}
		if measured := got.Rounding > 0; measured != c.measure || measured != (got.MaxRelDiff > got.Tolerance) {
			t.Errorf("weight %g and %d ulps: %+v, want the rounding measured: %v", c.w, c.ulps, got, c.measure)
		}
	}
}

// TestCertificateCarriesState: a network that only differs in the state it keeps from run
// to run is another one.
func TestCertificateCarriesState(t *testing.T) {
	keeps, forgets := reader(t, 5, false), reader(t, 5, true)
	if err := forgets.CopyParams(keeps); err != nil {
		t.Fatal(err)
	}
	x := randomInputs(keeps, 100, 1)
	a := outputsOf(t, keeps, x)
	b := outputsOf(t, forgets, x)
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

// TestCertificateOfManyOutputs: a network with a logit for each of 20,000
// characters at 32 positions is certified in the memory of a few batches, with the
// differences of all outputs together.
func TestCertificateOfManyOutputs(t *testing.T) {
	build := func() *nn.Network {
		net, err := nn.New("wide", nn.Shape{1, 32}, rand.New(rand.NewPCG(3, 4)))
		if err != nil {
			t.Fatal(err)
		}
		net.Vocabulary = 20000
		for _, l := range []struct {
			name  string
			layer nn.Layer
		}{{"embedding", &layers.Embedding{Vocab: 20000, Out: 2}}, {"fc", &layers.Linear{Out: 20000}}} {
			if err := net.Add(l.name, l.layer); err != nil {
				t.Fatal(err)
			}
		}
		return net
	}
	large, small := build(), build()
	fc, _ := small.Lookup("fc")
	fc.Layer.Params()[1].Data()[12345] += 0.25
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c, err := certify(large, small, Options{Random: 20, Tolerance: 1})
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 60 {
		t.Errorf("%d MiB for a certificate of outputs of 48 MiB of each network", mb)
	}
	outputs := outputsOf(t, large, randomInputs(large, 20, 0))
	most, diff := 0.0, 0.0
	for i, v := range outputs {
		most = max(most, math.Abs(float64(v)))
		if i%20000 == 12345 {
			diff = max(diff, math.Abs(float64(v+0.25)-float64(v)))
		}
	}
	if math.Abs(c.MaxAbsDiff-diff) > 1e-6 || math.Abs(c.MaxRelDiff-c.MaxAbsDiff/most) > 1e-9 {
		t.Errorf("differences %g and %g, want %g and %g", c.MaxAbsDiff, c.MaxRelDiff, diff, diff/most)
	}
}

// outputsOf are the outputs for examples, state afresh with every one of them.
func outputsOf(t *testing.T, net *nn.Network, inputs []float32) (out []float32) {
	t.Helper()
	if err := bothOutputs(net, net, inputs, func(outputs, _ []float32) error {
		out = append(out, outputs...)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out[:len(inputs)/net.Input.Size()*net.Output().Shape.Size()] // of the first round
}

// TestCertificateOfLargeImages: the batch is small where layers are large.
func TestCertificateOfLargeImages(t *testing.T) {
	net, err := nn.New("large", nn.Shape{1, 256, 256}, rand.New(rand.NewPCG(5, 6)))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []struct {
		name  string
		layer nn.Layer
	}{{"conv", &layers.Conv{Out: 32, Kernel: layers.Square(1)}}, {"pool", &layers.GlobalPool{}}, {"fc", &layers.Linear{Out: 10}}} {
		if err := net.Add(l.name, l.layer); err != nil {
			t.Fatal(err)
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c, err := certify(net, net, Options{Random: 9})
	runtime.ReadMemStats(&after)
	if err != nil || c.Inputs != 9 || c.MaxAbsDiff != 0 {
		t.Errorf("%+v: %v", c, err)
	}
	if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 100 {
		t.Errorf("%d MiB; all inputs at once need 144", mb)
	}
	if n := certificateBatchOf(net, 100); n != 4 {
		t.Errorf("%d examples at once, want 4", n)
	}
}
