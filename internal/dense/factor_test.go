package dense

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestFactor solves with a factor made at once and with one that grows.
func TestFactor(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{1, 2, 31, 70} {
		z := Matrix{Data: randoms(r, n*(n+3)), Stride: n + 3}
		a := make([]float64, n*n)
		Multiply(a, n, 1, z, z.T(), n, n, n+3, 0)
		want, b := randoms(r, n), make([]float64, n)
		for i := range n {
			for j := range n {
				b[i] += a[i*n+j] * want[j]
			}
		}
		whole, ok := NewFactor(slices.Clone(a), n)
		if !ok {
			t.Fatalf("%d: not positive definite", n)
		}
		at := func(i, j int) float64 { return a[i*n+j] }
		grown := &Factor{}
		index := []int{}
		for i := range n {
			index = append(index, i)
			if kept := grown.Grow(index, at); len(kept) != i+1 {
				t.Fatalf("%d: %d rows of %d", n, len(kept), i+1)
			}
		}
		least, largest := whole.Pivots()
		for i, row := range grown.rows {
			if row[i] < 0.99*least || row[i] > 1.01*largest {
				t.Errorf("%d: pivot %v is not between %v and %v", n, row[i], least, largest)
			}
		}
		for _, f := range []*Factor{whole, grown} {
			x := slices.Clone(b)
			f.Solve(x)
			for i := range x {
				if math.Abs(x[i]-want[i]) > 1e-7 {
					t.Fatalf("%d: x[%d] = %v, want %v", n, i, x[i], want[i])
				}
			}
		}
	}
}

// TestGrow drops dependent rows, and computes rows anew from the first change of the index.
func TestGrow(t *testing.T) {
	vectors := [][]float64{{1, 0, 0}, {2, 0, 0}, {1, 1, 0}, {0, 3, 0}, {1, 1, 1}}
	calls := 0
	at := func(i, j int) float64 {
		calls++
		sum := 0.0
		for k, v := range vectors[i] {
			sum += v * vectors[j][k]
		}
		return sum
	}
	f, kept := Independent(len(vectors), at)
	if !slices.Equal(kept, []int{0, 2, 4}) {
		t.Errorf("kept %v", kept)
	}
	calls = 0
	if kept = f.Grow([]int{0, 1, 2, 4}, at); !slices.Equal(kept, []int{0, 2, 4}) || calls != 3 {
		t.Errorf("kept %v after %d elements", kept, calls)
	}
	f.Reset()
	calls = 0
	if kept = f.Grow([]int{3, 4}, at); !slices.Equal(kept, []int{3, 4}) || calls != 3 {
		t.Errorf("kept %v after %d elements", kept, calls)
	}
	if _, ok := NewFactor([]float64{1, 0, 2, 1}, 2); ok {
		t.Error("an indefinite matrix has a factor")
	}
}
