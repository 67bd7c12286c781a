package linear

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pare/internal/f64"
)

// wideOf makes a Gram matrix of m standard normal columns of n values that come in lots.
func wideOf(n, m, lot, threads int) (w *wideGram, columns [][]float64, v []float64) {
	r := rand.New(rand.NewPCG(1, 2))
	columns, v = make([][]float64, m), make([]float64, n)
	for i := range v {
		v[i] = (0.5 + r.Float64()) / float64(n)
	}
	for j := range columns {
		columns[j] = make([]float64, n)
		for i := range n {
			columns[j][i] = r.NormFloat64()
		}
	}
	w = newWideGram(n, threads)
	for from := 0; from < m; from += lot {
		w.extend(columns[:min(m, from+lot)], from, v)
	}
	return w, columns, v
}

// TestWideGram compares products and moves with those of the columns, for sizes around
// those of parts, with the same bits for any number of threads.
func TestWideGram(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, m := range []int{1, 2, 5, 63, 514, 731} {
		const n = 40
		w, columns, v := wideOf(n, m, 37, 1)
		x, out, sum := make([]float64, m), make([]float64, m), make([]float64, n)
		for j := range x {
			x[j] = r.NormFloat64()
			f64.Axpy(x[j], columns[j], sum)
		}
		f64.Mul(sum, sum, v)
		w.product(out, x)
		moved := make([]float64, m)
		for j, d := range x {
			w.move(j, d)
			moved[j] = f64.Dot(columns[j], sum)
		}
		size := math.Sqrt(f64.Dot(moved, moved))
		for j, want := range moved {
			if math.Abs(out[j]-want) > 1e-6*size || math.Abs(w.gradient(j)+want) > 1e-6*size {
				t.Fatalf("m %d: product %d is %v, moves give %v, not %v", m, j, out[j], -w.gradient(j), want)
			}
		}
		w3, _, _ := wideOf(n, m, 37, 3)
		other := make([]float64, m)
		if w3.product(other, x); !slices.Equal(out, other) {
			t.Fatalf("m %d: three threads change the product", m)
		}
	}
}

func BenchmarkWideGramProduct(b *testing.B) {
	const m = 3000
	for _, threads := range []int{1, 2} {
		w, _, _ := wideOf(16, m, 75, threads)
		x, out := make([]float64, m), make([]float64, m)
		b.Run(fmt.Sprint(threads), func(b *testing.B) {
			b.SetBytes(2 * m * m)
			for b.Loop() {
				w.product(out, x)
			}
		})
	}
}

// TestRounded fits pairs of features that single precision does not tell apart.
func TestRounded(t *testing.T) {
	const n, pairs = 450, 210
	d, y := randomRows(4, n, 2*pairs, pairs, 3)
	cells := slices.Clone(d.data)
	for i := range pairs * n {
		cells[pairs*n+i] = cells[i] + 1e-4*cells[pairs*n+i]
	}
	near, err := NewDense(n, 2*pairs, cells)
	if err != nil {
		t.Fatal(err)
	}
	p := Problem{X: near, Y: y}
	e, err := newEngine(&p, Options{Tolerance: 1e-9, KeepDual: true})
	if err != nil {
		t.Fatal(err)
	}
	e.begin()
	check(&labelled{t, "twins"}, p, e.fit(0.02))
	if !e.(*single).rounded {
		t.Error("the Gram matrix in single precision was enough")
	}
}

// TestRange fits columns of which products have few digits in single precision, or are beyond it.
func TestRange(t *testing.T) {
	d, y := randomRows(4, 500, 450, 430, 3)
	for _, unit := range []float64{1e-7, 1e-30, 1e30} {
		cells := slices.Clone(d.data)
		for i := range cells {
			cells[i] *= unit
		}
		x, err := NewDense(500, 450, cells)
		if err != nil {
			t.Fatal(err)
		}
		p := Problem{X: x, Y: y, NoStandardize: true}
		m, err := Fit(p, 0.005*unit, Options{Tolerance: 1e-8, KeepDual: true})
		if err != nil {
			t.Fatal(err)
		}
		if f := (&labelled{t, fmt.Sprint(unit)}); len(m.Index) <= directLimit || !m.Converged {
			f.Errorf("%d features, gap %v of %v", len(m.Index), m.Gap, m.Null)
		}
	}
}
