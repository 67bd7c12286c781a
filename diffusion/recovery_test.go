package diffusion

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestRecovery(t *testing.T) {
	if testing.Short() {
		t.Skip("fits 100 nodes with cross-validation")
	}
	for seed := uint64(1); seed <= 1; seed++ {
	rng := rand.New(rand.NewPCG(seed, 0))
	er, _ := ErdosRenyi(100, 0.06, rng)
	ba, _ := BarabasiAlbert(100, 3, rng)
	gr, _ := Grid(10, 10)
	for name, g := range map[string]*Graph{"er": er, "ba": ba, "grid": gr} {
		var dmax float64
		for _, d := range g.Degrees() {
			dmax = max(dmax, d)
		}
		for _, sym := range []bool{false} {
			h, err := Consensus(g, 1/(dmax+1), 1)
			if err != nil {
				t.Fatal(err)
			}
			x, y, err := Simulate(h, 200, 20, rng)
			if err != nil {
				t.Fatal(err)
			}
			p := Problem{X: x, Y: y, Symmetric: sym, FreeDiagonal: true}
			for _, relaxed := range []bool{false, true} {
				start := time.Now()
				cv, err := CrossValidate(p, CVOptions{Relaxed: relaxed})
				if err != nil {
					t.Fatal(err)
				}
				took := time.Since(start)
				a, _ := Compare(h, cv.Path[cv.Min].Kernel.Dense(), CompareOptions{OffDiagonal: true})
				b, _ := Compare(h, cv.Path[cv.OneSE].Kernel.Dense(), CompareOptions{OffDiagonal: true})
				best := 0.0
				conv := true
				for _, m := range cv.Path {
					s, _ := Compare(h, m.Kernel.Dense(), CompareOptions{OffDiagonal: true})
					best = max(best, s.F1)
					conv = conv && m.Converged
				}
				t.Logf("%s sym %v relaxed %v: min %.3f (%d) 1se %.3f (%d) best %.3f conv %v %v", name, sym, relaxed, a.F1, cv.Min, b.F1, cv.OneSE, best, conv, took)
			}
		}
	}
	}
}
