package graphical

import (
	"math"
	"testing"
)

func TestNonparanormal(t *testing.T) {
	// The second column is a growing function of the first, the third has ties.
	x := []float64{3, 27, 1, -1, -1, 1, 2, 8, 0, 100, 1e6, 5}
	Nonparanormal(x, 4, 3)
	for i := range 4 {
		if x[i*3] != x[i*3+1] {
			t.Errorf("row %d: %v and %v", i, x[i*3], x[i*3+1])
		}
	}
	q := func(u float64) float64 { return math.Sqrt2 * math.Erfinv(2*u-1) }
	for i, want := range []float64{q(0.6), q(0.2), q(0.4), q(0.8)} {
		if math.Abs(x[i*3]-want) > 1e-15 {
			t.Errorf("row %d is %v, want %v", i, x[i*3], want)
		}
	}
	if tie := q(0.5); x[2] != tie || x[5] != tie {
		t.Errorf("equal values became %v and %v, want %v", x[2], x[5], tie)
	}
}
