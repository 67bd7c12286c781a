package linear

import (
	"math"

	"pare/internal/f64"
	"pare/internal/kernel/gemm"
	"pare/internal/kernel/parallel"
)

// covariances implements smooth with the Gram matrix of a working set: the cost of a move
// is one operation for each of its features, independent of n. The intercept has been
// eliminated by centring.
type covariances interface {
	operator
	// begin makes the present point, at the coefficients beta, the one where value is zero.
	begin(beta []float64)
	// curvature is the second derivative by feature k.
	curvature(k int) float64
	// extend adds the columns from the given one on, weighted by v, with gradients of zero.
	extend(columns [][]float64, from int, v []float64)
}

// quadratic is the point of covariances.
type quadratic struct {
	q         []float64 // −gradient
	q0, start []float64 // q and β where value is zero
	beta      []float64 // of the descent
}

func (p *quadratic) gradient(j int) float64 { return p.q[j] }

func (p *quadratic) gradients(out []float64) { copy(out, p.q) }

func (p *quadratic) settle() float64 { return 0 }

func (p *quadratic) state() []float64 { return p.q }

func (p *quadratic) begin(beta []float64) {
	p.beta = beta
	p.q0 = append(p.q0[:0], p.q...)
	p.start = append(p.start[:0], beta...)
}

func (p *quadratic) value() float64 {
	sum := 0.0
	for j, b := range p.beta {
		sum -= (b - p.start[j]) * (p.q0[j] + p.q[j]) / 2
	}
	return sum
}

// gram is covariances of a working set that is small enough for a factor.
type gram struct {
	quadratic
	g       [][]float64 // full rows
	out     []float64
	threads int
}

func (g *gram) move(j int, d float64) { f64.Axpy(-d, g.g[j][:len(g.q)], g.q) }

func (g *gram) curvature(k int) float64 { return g.g[k][k] }

// grow makes room for features up to m.
func (g *gram) grow(m int) {
	for i, row := range g.g {
		if cap(row) < m {
			g.g[i] = append(make([]float64, 0, m+m/2+16), row...)
		}
		g.g[i] = g.g[i][:m]
	}
	for len(g.g) < m {
		g.g = append(g.g, make([]float64, m, m+m/2+16))
	}
}

// A panel of rows of the fresh columns stays in the second cache while the same rows of
// other columns pass by, so that these are read once for all fresh ones.
const (
	panelRows    = 512
	panelColumns = 64
)

// fill computes the rows and columns of G from feature from on: xᵢᵀHxⱼ of columns
// that are centred in the metric h, with weighted[k] = h∘x of feature from+k.
func (g *gram) fill(from int, columns, weighted [][]float64, threads int) {
	m := len(columns)
	g.grow(m)
	fresh := m - from
	if fresh == 0 {
		return
	}
	n := len(columns[0])
	for r := from; r < m; r++ {
		clear(g.g[r])
	}
	inRanges(m, panelColumns, sharing(threads, fresh*m*n, 1<<18), func(lo, hi int) {
		for row := 0; row < n; row += panelRows {
			g.panel(from, lo, hi, row, min(row+panelRows, n), columns, weighted)
		}
	})
	for r := from; r < m; r++ {
		for k := range r {
			g.g[k][r] = g.g[r][k]
		}
	}
}

// panel adds the products of rows lo to hi−1 of the fresh columns with columns from
// to to−1.
func (g *gram) panel(first, from, to, lo, hi int, columns, weighted [][]float64) {
	r := 0
	for ; r+3 <= len(weighted); r += 3 {
		a := [3][]float64{weighted[r][lo:hi], weighted[r+1][lo:hi], weighted[r+2][lo:hi]}
		rows := g.g[first+r : first+r+3]
		i := from
		for ; i+4 <= to; i += 4 {
			s := f64.Tile(&a, &[4][]float64{columns[i][lo:hi], columns[i+1][lo:hi], columns[i+2][lo:hi], columns[i+3][lo:hi]})
			for k, row := range rows {
				row[i] += s[4*k]
				row[i+1] += s[4*k+1]
				row[i+2] += s[4*k+2]
				row[i+3] += s[4*k+3]
			}
		}
		for ; i < to; i++ {
			for k, row := range rows {
				row[i] += f64.Dot(a[k], columns[i][lo:hi])
			}
		}
	}
	for ; r < len(weighted); r++ {
		a, row, i := weighted[r][lo:hi], g.g[first+r], from
		for ; i+4 <= to; i += 4 {
			s := f64.Dot4(a, columns[i][lo:hi], columns[i+1][lo:hi], columns[i+2][lo:hi], columns[i+3][lo:hi])
			for k, v := range s {
				row[i+k] += v
			}
		}
		for ; i < to; i++ {
			row[i] += f64.Dot(a, columns[i][lo:hi])
		}
	}
}

func (g *gram) extend(columns [][]float64, from int, v []float64) {
	weighted := make([][]float64, len(columns)-from)
	for k := range weighted {
		weighted[k] = make([]float64, len(v))
		f64.Mul(weighted[k], columns[from+k], v)
	}
	g.fill(from, columns, weighted, g.threads)
	g.q = append(g.q, make([]float64, len(weighted))...)
}

func (g *gram) product(out, x []float64) {
	for j := range out {
		out[j] = f64.Dot(x, g.g[j][:len(g.q)])
	}
}

func (g *gram) shift(x []float64) {
	g.out = zeros(g.out, len(x))
	g.product(g.out, x)
	f64.Axpy(-1, g.out, g.q)
}

// wideGram is covariances of a working set of hundreds of features or more, for which
// the time goes into reading the matrix: it holds the lower half in single precision. The
// rounding is in proportion to the moves of coefficients since their gradients were computed
// from residuals (fitter.settleGram), in double precision, so that a few rounds come as close
// to the optimum as wanted.
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

// inRange reports whether single precision holds the squares of the columns with enough
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
	parallel.Of(w.threads, len(lot), func(k int) {
		x := columns[from+k]
		lot[k] = make([]float32, len(v))
		for i, weight := range v {
			lot[k][i] = float32(math.Sqrt(weight) * x[i])
		}
	})
	w.columns.Add(lot)
	parallel.Of(w.threads, w.columns.Panels(), func(panel int) {
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
	parallel.Of(w.threads, parts, func(part int) {
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

// addRows adds to y the product of rows from to to−1, and of their mirror images, with x.
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
