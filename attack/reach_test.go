package attack_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pare/attack"
	"pare/stat/robust"
)

// The nearest point across the boundaries of a linear model of k classes is at
// min over classes of margin/‖difference of weights‖, in the dual norm: every attack breaks an
// example a little beyond that radius, none before it.
func TestAttacksReachTheNearestBoundary(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	fab, square, apgd, targeted, nearest := attack.NewFAB(), attack.NewSquare(), attack.NewAPGD(), attack.NewAPGDT(), attack.NewFAB()
	fab.Steps, nearest.Steps, nearest.Targets, square.Queries, apgd.Steps, targeted.Steps = 20, 20, 0, 800, 30, 30
	apgd.Loss = "margin"
	for _, c := range []struct {
		name   string
		attack attack.Attack
		beyond float64 // share of the radius
	}{{"fab", fab, 1.02}, {"fab of all classes", nearest, 1.02}, {"apgd", apgd, 1.5}, {"apgdt", targeted, 1.05}, {"square", square, 2.5}} {
		missed := 0
		const models = 60
		for range models {
			d, k := 2+rng.IntN(12), 2+rng.IntN(5)
			weights := make([][]float64, k)
			for i := range weights {
				weights[i] = normals(rng, d)
			}
			m, err := attack.NewLinear(weights, normals(rng, k))
			if err != nil {
				t.Fatal(err)
			}
			x := normals(rng, d)
			z := make([]float64, k)
			if err := m.Forward(x, z); err != nil {
				t.Fatal(err)
			}
			label := attack.Predicted(z)
			for _, norm := range []attack.Norm{attack.Linf, attack.L2} {
				radius := math.Inf(1)
				for i, w := range weights {
					if i == label {
						continue
					}
					difference := make([]float64, d)
					for j := range w {
						difference[j] = w[j] - weights[label][j]
					}
					dual := robust.Norm1(difference)
					if norm == attack.L2 {
						dual = norm2(difference)
					}
					radius = min(radius, (z[label]-z[i])/dual)
				}
				e := attack.Examples{X: x, Labels: []int{label}}
				threat := attack.Threat{Norm: norm, Eps: radius * (1 - 1e-9), Range: attack.Unbounded}
				if run(t, m, threat, c.attack, attack.Options{}, e).Broken[0] {
					t.Fatalf("%s, %s: broken before the boundary", c.name, norm)
				}
				threat.Eps = radius * c.beyond
				if !run(t, m, threat, c.attack, attack.Options{}, e).Broken[0] {
					missed++
				}
			}
		}
		if missed > models/20 {
			t.Errorf("%s: %d of %d examples withstand %v times the radius", c.name, missed, 2*models, c.beyond)
		}
	}
}
