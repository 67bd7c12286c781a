package gradual

import (
	"math"
	"math/rand/v2"
	"testing"
)

// simulate shrinks groups as proximal steps do, by the factor times a pull that
// differs from group to group, until the share asked for is reached, and returns
// the point of training and the share.
func simulate(p Plan, groups, updates int, pull float64, seed uint64) (at, share float64) {
	rng := rand.New(rand.NewPCG(seed, 5))
	norms, pulls := make([]float64, groups), make([]float64, groups)
	for i := range norms {
		norms[i], pulls[i] = 1+0.3*rng.NormFloat64(), pull*math.Exp(0.5*rng.NormFloat64())
	}
	const looks = 10 // between two updates
	c := NewController(p, 1/float64(updates))
	rest := false
	for k := range updates * looks {
		x := float64(k) / float64(updates*looks)
		left := 0
		for i, n := range norms {
			if n > 0 && x >= p.From && !rest {
				norms[i] = max(n-c.Factor*pulls[i]/looks, 0)
			} else if n > 0 {
				norms[i] = n + 0.02*(1-n)/looks // the data pull the norm back to 1
			}
			if norms[i] > 0 {
				left++
			}
		}
		share = float64(left) / float64(groups)
		if share <= p.Share {
			return x, share
		}
		if k%looks != 0 {
			rest = rest || c.Brake(x, share)
			continue
		}
		rest = false
		c.Update(x, share, append([]float64(nil), norms...))
	}
	return 1, share
}

// The controller reaches the share about when the plan says so, whatever the
// strength that it starts from, and without going far below.
func TestControllerFollowsThePlan(t *testing.T) {
	for _, pull := range []float64{1e-4, 1e-2, 1} {
		for _, share := range []float64{0.8, 0.5, 0.2} {
			for seed := range uint64(5) {
				p := Plan{Share: share, From: 0.05, By: 0.6}
				at, left := simulate(p, 400, 200, pull, seed)
				if at < 0.2 || at > 0.75 {
					t.Errorf("pull %g, share %g: reached at %.2f of training, by %g was asked for", pull, share, at, p.By)
				}
				if left > share || left < share-0.15 {
					t.Errorf("pull %g: %.3f is left, %g was asked for", pull, left, share)
				}
			}
		}
	}
}

func TestPlan(t *testing.T) {
	p := Plan{Share: 0.3, From: 0.1, By: 0.6}
	last := 1.0
	for k := range 101 {
		x := float64(k) / 100
		v := p.At(x)
		if v > last || v < p.Share {
			t.Errorf("at %g the plan is %g after %g", x, v, last)
		}
		if x <= p.From && v != 1 || x >= p.By && v != p.Share {
			t.Errorf("at %g the plan is %g", x, v)
		}
		last = v
	}
}
