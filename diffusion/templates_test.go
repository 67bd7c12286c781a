package diffusion

import (
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"
)

func TestTemplatesExact(t *testing.T) {
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 0))
		g, err := ErdosRenyi(20, 0.25, rng)
		if err != nil {
			t.Fatal(err)
		}
		a := g.Adjacency()
		var eig mat.EigenSym
		eig.Factorize(a, true)
		var v mat.Dense
		eig.VectorsTo(&v)
		start := time.Now()
		s, err := SpectralTemplates(&v, TemplateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		score, _ := Compare(a, s.S, CompareOptions{FoundAbove: 0.02, OffDiagonal: true})
		t.Logf("deg0 %v obj %g dist %g gap %g it %d conv %v F1 %g %v", g.Degrees()[0], s.Objective, s.Distance, s.Gap, s.Iterations, s.Converged, score.F1, time.Since(start))
	}
}
