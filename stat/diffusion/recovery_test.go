package diffusion

import (
	"math/rand/v2"
	"testing"
	"time"
)

// The kernel of one round of consensus on a random graph of 100 nodes, from 200
// observations at 20 dB, λ by relaxed cross-validation within one standard error.
func TestRecovery(t *testing.T) {
	if testing.Short() {
		t.Skip("fits 100 nodes with cross-validation")
	}
	for _, symmetric := range []bool{false, true} {
		rng := rand.New(rand.NewPCG(1, 0))
		g, err := ErdosRenyi(100, 0.06, rng)
		if err != nil {
			t.Fatal(err)
		}
		h := consensusOf(t, g)
		x, y, err := Simulate(h, 200, 20, rng)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		cv, err := CrossValidate(Problem{X: x, Y: y, Symmetric: symmetric, FreeDiagonal: true},
			CVOptions{Relaxed: true, Folds: 5})
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(start)
		model := cv.Path[cv.OneSE]
		if !model.Converged {
			t.Error(model.Warning())
		}
		s, err := Compare(h, model.Kernel.Dense(), CompareOptions{OffDiagonal: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("symmetric %v: F1 %.4f, precision %.4f, recall %.4f, %d of %d edges wrong, %v",
			symmetric, s.F1, s.Precision, s.Recall, s.Hamming, s.TruePositives+s.FalseNegatives, took)
		if s.F1 < 0.95 {
			t.Errorf("symmetric %v: F1 %.4f of the support, at least 0.95 was asked for", symmetric, s.F1)
		}
	}
}
