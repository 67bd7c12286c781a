package layers_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pare/layers"
	"pare/nn"
)

// dropped runs one dropout layer on ones and returns the output and the
// gradient to the input for a gradient of ones.
func dropped(t *testing.T, seed, step uint64, p float64, n int) (y, dx []float32) {
	t.Helper()
	net, probes := around(t, &layers.Dropout{P: p}, 2, nil, nn.Shape{n})
	probes[0].value.Fill(1)
	ones := make([]float32, 2*n)
	for i := range ones {
		ones[i] = 1
	}
	prog := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: 2, Loss: readout{ones}, Seed: seed})
	prog.Random.Step = step
	prog.Run()
	if prog.Random.Step != step+1 {
		t.Errorf("a run moved the step from %d to %d", step, prog.Random.Step)
	}
	return prog.Output(), prog.Grad(probes[0].value)
}

func TestDropoutMask(t *testing.T) {
	const n, p = 20000, 0.3
	y, dx := dropped(t, 1, 5, p, n)
	if !slices.Equal(y, dx) {
		t.Error("output and gradient have different masks")
	}
	zeros := 0
	for _, v := range y {
		switch {
		case v == 0:
			zeros++
		case math.Abs(float64(v)-1/(1-p)) > 1e-6:
			t.Fatalf("a kept value is %g, expected %g", v, 1/(1-p))
		}
	}
	// Five standard deviations of a binomial share.
	if d := math.Abs(float64(zeros)/(2*n) - p); d > 5*math.Sqrt(p*(1-p)/(2*n)) {
		t.Errorf("%d of %d values dropped, expected a share of %g", zeros, 2*n, p)
	}
	again, _ := dropped(t, 1, 5, p, n)
	if !slices.Equal(y, again) {
		t.Error("the same seed and step gave another mask")
	}
	nextStep, _ := dropped(t, 1, 6, p, n)
	otherSeed, _ := dropped(t, 2, 5, p, n)
	for _, other := range [][]float32{nextStep, otherSeed} {
		same := 0
		for i := range y {
			if (y[i] == 0) == (other[i] == 0) {
				same++
			}
		}
		// Independent masks agree where both keep or both drop.
		want := p*p + (1-p)*(1-p)
		if d := math.Abs(float64(same)/(2*n) - want); d > 0.02 {
			t.Errorf("masks of another step or seed agree in %d of %d places", same, 2*n)
		}
	}
}

func TestDropoutLayersDrawApart(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	net, err := nn.New("two", nn.Shape{1000}, rng)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		if err := net.Add(name, &layers.Dropout{P: 0.5}, nn.InputName); err != nil {
			t.Fatal(err)
		}
	}
	if err := net.Add("both", &layers.Concat{}, "a", "b"); err != nil {
		t.Fatal(err)
	}
	p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: 1, Loss: readout{make([]float32, 2000)}})
	for i := range p.X {
		p.X[i] = 1
	}
	p.Run()
	if slices.Equal(p.Output()[:1000], p.Output()[1000:]) {
		t.Error("two dropout layers drew the same mask")
	}
}

func TestDropoutIsIdentityOutsideTraining(t *testing.T) {
	net, probes := around(t, &layers.Dropout{P: 0.5}, 2, nil, nn.Shape{4})
	probes[0].value.Fill(3)
	p := compile(t, net, nn.CompileOptions{Mode: nn.Infer, Batch: 2})
	p.Run()
	requireClose(t, "output", p.Output(), probes[0].value.Data(), 0)
}
