package guard

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pare/internal/f64"
)

// TestFixedMoments: the Gram matrix has exactly the structure that fixed-X
// knockoffs promise, with and without added rows.
func TestFixedMoments(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{17, 40, 25} {
		const p = 12
		x := autoregressive(n, p, 0.5, rng)
		y := planted(x, 3, 1, rng)
		f, err := FixedX(x, y, MVR, rng)
		if err != nil {
			t.Fatal(err)
		}
		if want := max(0, 2*p+1-n); f.Added != want || f.X.Rows != n+want || len(f.Y) != f.X.Rows {
			t.Errorf("n %d: %d rows added, %d and %d rows", n, f.Added, f.X.Rows, len(f.Y))
		}
		ones := make([]float64, f.X.Rows)
		for i := range ones {
			ones[i] = 1
		}
		if s := f64.Dot(ones, f.Y); math.Abs(s) > 1e-9 {
			t.Errorf("n %d: y sums to %v", n, s)
		}
		z, _, _ := x.standardized()
		mean, _ := moments(y)
		for i := range p {
			if s := f.Knockoffs.Dot(i, ones); math.Abs(s) > 1e-9 {
				t.Errorf("n %d: knockoff %d sums to %v", n, i, s)
			}
			// Added rows change no product with y.
			want := 0.0
			for r, v := range y {
				want += z.Column(i)[r] / math.Sqrt(float64(n)) * (v - mean)
			}
			if got := f.X.Dot(i, f.Y); math.Abs(got-want) > 1e-9 {
				t.Errorf("n %d: product with y %v, want %v", n, got, want)
			}
			for j := range p {
				want := f64.Dot(z.Column(i), z.Column(j)) / float64(n)
				if got := f.X.Dot(i, f.X.Column(j)); math.Abs(got-want) > 1e-9 {
					t.Errorf("n %d: features %d, %d: %v, want %v", n, i, j, got, want)
				}
				if got := f.Knockoffs.Dot(i, f.Knockoffs.Column(j)); math.Abs(got-want) > 1e-6 {
					t.Errorf("n %d: knockoffs %d, %d: %v, want %v", n, i, j, got, want)
				}
				if i == j {
					want -= f.s[i]
				}
				if got := f.X.Dot(i, f.Knockoffs.Column(j)); math.Abs(got-want) > 1e-6 {
					t.Errorf("n %d: feature %d, knockoff %d: %v, want %v", n, i, j, got, want)
				}
			}
		}
	}
	if _, err := FixedX(autoregressive(10, 9, 0.5, rng), make([]float64, 10), MVR, rng); err == nil ||
		!strings.Contains(err.Error(), "need 11 rows") {
		t.Errorf("too few rows: %v", err)
	}
}
