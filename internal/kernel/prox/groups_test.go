package prox

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// near64 fails unless both agree to a few roundings of float64.
func near64(t *testing.T, what string, got, want float64) {
	t.Helper()
	if d := math.Abs(got - want); !(d <= 1e-12*(1+math.Abs(want))) {
		t.Fatalf("%s is %v, want %v", what, got, want)
	}
}

func TestSums(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 15, 16, 17, 500, 2*reduceChunk + 77} {
			w := kerneltest.Slice(kerneltest.Rand(21), n)
			squares, abs := 0.0, 0.0
			for _, v := range w {
				squares += float64(v) * float64(v)
				abs += math.Abs(float64(v))
			}
			near64(t, fmt.Sprint("squares of ", n), SumSquares(w), squares)
			near64(t, fmt.Sprint("absolute values of ", n), SumAbs(w), abs)
			if n == 0 {
				continue
			}
			for _, v := range []float32{kerneltest.NaN, float32(math.Inf(-1))} {
				w[n/2] = v
				if s := SumSquares(w); s-s == 0 {
					t.Errorf("squares of %d hide %v", n, v)
				}
				if s := SumAbs(w); s-s == 0 {
					t.Errorf("absolute values of %d hide %v", n, v)
				}
			}
		}
		tiny := make([]float32, 33)
		for i := range tiny {
			tiny[i] = 1e-40 // its square is no float32, its value a denormal one
		}
		near64(t, "tiny squares", SumSquares(tiny)*1e80, 33*math.Pow(float64(tiny[0])*1e40, 2))
		near64(t, "tiny values", SumAbs(tiny)*1e40, 33*float64(tiny[0])*1e40)
	})
}

// groupShapes are matrices, the last ones of several chunks.
var groupShapes = [][2]int{{0, 5}, {1, 1}, {1, 40}, {3, 7}, {4, 8}, {5, 3}, {9, 21}, {50, 1}, {800, 500}, {20000, 5}}

func TestRowsAndColumns(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, s := range groupShapes {
			rows, n := s[0], s[1]
			r := kerneltest.Rand(22)
			w, fr, fc := kerneltest.Slice(r, rows*n), kerneltest.Slice(r, rows), kerneltest.Slice(r, n)
			for i := range fr {
				fr[i] = []float32{fr[i], 0, 1}[i%3]
			}
			for i := range fc {
				fc[i] = []float32{fc[i], 0, 1}[i%3]
			}
			bySum, colSum := make([]float64, rows), make([]float64, n)
			byRow, byCol := make([]float64, rows*n), make([]float64, rows*n)
			for i, v := range w {
				bySum[i/n] += float64(v) * float64(v)
				colSum[i%n] += float64(v) * float64(v)
				byRow[i] = float64(v) * float64(fr[i/n])
				byCol[i] = float64(v) * float64(fc[i%n])
			}
			gotRows, gotCols := make([]float64, rows), make([]float64, n)
			RowSquares(gotRows, w, n)
			for i := range gotRows {
				near64(t, fmt.Sprint("row of ", s), gotRows[i], bySum[i])
			}
			ColumnSquares(gotCols, w)
			for i := range gotCols {
				near64(t, fmt.Sprint("column of ", s), gotCols[i], colSum[i])
			}
			a := clone(w)
			ScaleRows(a, fr, n)
			kerneltest.Near(t, fmt.Sprint("scaled rows of ", s), a, byRow, 1e-7)
			b := clone(w)
			ScaleColumns(b, fc)
			kerneltest.Near(t, fmt.Sprint("scaled columns of ", s), b, byCol, 1e-7)
			for i := range w {
				if i/n%3 == 1 && math.Float32bits(a[i]) != 0 || i%n%3 == 1 && math.Float32bits(b[i]) != 0 {
					t.Fatalf("%v: a factor 0 leaves %v and %v", s, a[i], b[i])
				}
			}
		}
	})
}

func TestColumnsKeepNaNApart(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		const rows, n = 7, 13
		for at := range n {
			w := kerneltest.Slice(kerneltest.Rand(23), rows*n)
			w[5*n+at] = kerneltest.NaN
			sums := make([]float64, n)
			ColumnSquares(sums, w)
			for i, s := range sums {
				if (s != s) != (i == at) {
					t.Errorf("NaN in column %d: sum %d is %v", at, i, s)
				}
			}
		}
	})
}

func TestGroupNormsThreadsAndAllocs(t *testing.T) {
	const rows, n = 3000, 70
	r := kerneltest.Rand(26)
	w, f, d := kerneltest.Slice(r, rows*n), kerneltest.Slice(r, n), make([]float32, rows*n)
	g, sums, rowSums := kerneltest.Slice(r, rows), make([]float64, n), make([]float64, rows)
	one := make([]float32, 2)
	bits := func(v float64) []float32 {
		b := math.Float64bits(v)
		one[0], one[1] = math.Float32frombits(uint32(b)), math.Float32frombits(uint32(b>>32))
		return one
	}
	for name, run := range map[string]func() []float32{
		"squares":       func() []float32 { return bits(SumSquares(w)) },
		"values":        func() []float32 { return bits(SumAbs(w)) },
		"columns":       func() []float32 { ColumnSquares(sums, w); return bits(sums[3]) },
		"rows":          func() []float32 { RowSquares(rowSums, w, n); return bits(rowSums[3]) },
		"scale rows":    func() []float32 { copy(d, w); ScaleRows(d, g, n); return d },
		"scale columns": func() []float32 { copy(d, w); ScaleColumns(d, f); return d },
		"threshold":     func() []float32 { copy(d, w); SoftThreshold(d, 0.5, 1); return d },
	} {
		a, b := kerneltest.WithThreads(run)
		kerneltest.Same(t, name, a, b)
		kerneltest.NoAllocs(t, name, func() { run() })
	}
}
