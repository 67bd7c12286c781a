package attack_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pare/attack"
)

// With Maximise the result is the point of the highest loss, also of examples that the model gets
// wrong as they are: more restarts and more points never lower it.
func TestMaximise(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 11))
	m, err := attack.NewNetwork(convolutional(t, rng), 24)
	if err != nil {
		t.Fatal(err)
	}
	r := attack.Range{Upper: 1}
	e := pixels(t, m, r, 12, rng)
	for i := range e.Labels { // half of them wrong
		e.Labels[i] = (e.Labels[i] + i%2) % m.Outputs()
	}
	losses := func(x []float64) []float64 {
		z, out := make([]float64, len(e.Labels)*m.Outputs()), make([]float64, len(e.Labels))
		if err := m.Forward(x, z); err != nil {
			t.Fatal(err)
		}
		for i, label := range e.Labels {
			out[i] = attack.CrossEntropy{}.Loss(z[i*m.Outputs():][:m.Outputs()], attack.Target{Label: label}, nil)
		}
		return out
	}
	var before []float64
	for _, restarts := range []int{1, 2, 5} {
		pgd := &attack.PGD{Steps: 3, Restarts: restarts, Start: "random"}
		result := run(t, m, attack.Threat{Eps: 0.05, Range: r}, pgd, attack.Options{Maximise: true}, e)
		if result.Broken != nil || result.Clean != nil {
			t.Error("Maximise judges examples")
		}
		after := losses(result.X)
		for i, loss := range after {
			if before != nil && loss < before[i] {
				t.Errorf("example %d: loss %v with %d restarts, %v with fewer", i, loss, restarts, before[i])
			}
		}
		before = after
	}
	clean := losses(e.X)
	if slices.ContainsFunc(before, func(v float64) bool { return v <= 0 }) {
		t.Errorf("losses %v", before)
	}
	for i := range clean {
		if before[i] <= clean[i] {
			t.Errorf("example %d: loss %v, as it is %v", i, before[i], clean[i])
		}
	}
}
