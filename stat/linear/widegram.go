package linear

import (
	"math"

	"pare/internal/f64"
	"pare/internal/kernel/gemm"
)

// wideGram is covariances of a working set of hundreds of features or more, for which
// reading the matrix is what takes the time: it holds the lower half in single precision.
// What that rounds is in proportion to how far coefficients have moved since their
// gradients were computed from residuals (fitter.settleGram), in double precision, so
// that a few rounds come as close to the optimum as wanted.
type wideGram struct {
	quadratic
	columns *gemm.Gram  // of √v∘x̃
	rows    [][]float32 // row j up to and with the diagonal; beyond it there may be more
	parts   []float64
	out     []float64
	threads int
}

func newWideGram(n, threads int) *wideGram {
	return &wideGram{columns: gemm.NewGram(n), threads: threads}
}

func (w *wideGram) move(j int, d float64) {
	f64.AxpySingle(-d, w.rows[j][:j+1], w.q)
	for k, row := range w.rows[j+1:] {
		w.q[j+1+k] -= d * float64(row[j])
	}
}

func (w *wideGram) curvature(k int) float64 { return float64(w.rows[k][k]) }

// inRange tells that squares of columns are numbers of which single precision has many
// digits. Standardised columns have squares of one.
func (w *wideGram) inRange() bool {
	for k := range w.q {
		if c := w.curvature(k); !(c > 1e-12 && c < 1e12) {
			return false
		}
	}
	return true
}

func (w *wideGram) extend(columns [][]float64, from int, v []float64) {
	m := len(columns)
	lot := make([][]float32, m-from)
	fresh := make([]float32, len(lot)*m)
	parallel(len(lot), w.threads, func(k int) {
		x := columns[from+k]
		lot[k] = make([]float32, len(v))
		for i, weight := range v {
			lot[k][i] = float32(math.Sqrt(weight) * x[i])
		}
	})
	w.columns.Add(lot)
	parallel(w.columns.Panels(), w.threads, func(panel int) {
		w.columns.Products(fresh, m, panel)
	})
	for k := range lot {
		w.rows = append(w.rows, fresh[k*m:][:m])
	}
	w.q = append(w.q, make([]float64, len(lot))...)
}

// Rows of about partValues values make a part of a product, but there are at most
// mostParts: each writes a vector of its own.
const (
	partValues = 1 << 17
	mostParts  = 8
)

func (w *wideGram) product(out, x []float64) {
	m := len(w.q)
	parts := max(1, min(mostParts, m*m/2/partValues))
	w.parts = zeros(w.parts, parts*m)
	parallel(parts, w.threads, func(part int) {
		// The values before row j are about j²/2.
		bound := func(part int) int {
			if part == parts {
				return m
			}
			return int(float64(m)*math.Sqrt(float64(part)/float64(parts))) &^ 3
		}
		w.addRows(w.parts[part*m:(part+1)*m], x, bound(part), bound(part+1))
	})
	copy(out, w.parts[:m])
	for part := 1; part < parts; part++ {
		f64.Axpy(1, w.parts[part*m:(part+1)*m], out)
	}
}

// addRows adds to y what rows from to to−1, and their mirror images, contribute to the
// product with x.
func (w *wideGram) addRows(y, x []float64, from, to int) {
	whole := from + (to-from)&^3
	for j := from; j < whole; j += 4 {
		rows := (*[4][]float32)(w.rows[j:])
		s := f64.Symmetric4Single(x[:j], y, rows, (*[4]float64)(x[j:]), 4*len(rows[0]))
		for r, v := range s {
			y[j+r] += v
		}
	}
	for j := from; j < to; j++ {
		first := 0 // of the values that are left
		if j < whole {
			first = j - (j-from)&3
		}
		row := w.rows[j]
		for k := first; k < j; k++ {
			y[j] += float64(row[k]) * x[k]
			y[k] += float64(row[k]) * x[j]
		}
		y[j] += float64(row[j]) * x[j]
	}
}

func (w *wideGram) shift(x []float64) {
	w.out = zeros(w.out, len(x))
	w.product(w.out, x)
	f64.Axpy(-1, w.out, w.q)
}
