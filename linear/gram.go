package linear

import "pare/internal/kernel64"

// gram is smooth by the Gram matrix G of a working set: covariance updates. A move
// costs as many operations as there are features in it, whatever n is. The intercept
// has been eliminated by centring.
type gram struct {
	g         [][]float64 // full rows
	q         []float64   // −gradient
	q0, start []float64   // q and β where value is zero
	beta      []float64   // that of the descent
	out       []float64
	threads   int
}

func (g *gram) gradient(j int) float64 { return g.q[j] }

func (g *gram) move(j int, d float64) { kernel64.Axpy(-d, g.g[j][:len(g.q)], g.q) }

func (g *gram) settle() float64 { return 0 }

func (g *gram) state() []float64 { return g.q }

// begin makes the present point the one where value is zero.
func (g *gram) begin(beta []float64) {
	g.beta = beta
	g.q0 = append(g.q0[:0], g.q...)
	g.start = append(g.start[:0], beta...)
}

func (g *gram) value() float64 {
	sum := 0.0
	for j, b := range g.beta {
		sum -= (b - g.start[j]) * (g.q0[j] + g.q[j]) / 2
	}
	return sum
}

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

// A panel of rows of the fresh columns stays in the second cache while those of
// others pass by, so that these are read once for all fresh ones.
const (
	panelRows    = 512
	panelColumns = 64
)

// productRows is how many rows of G one task multiplies.
const productRows = 256

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
	if fresh*m*n < 1<<18 {
		threads = 1
	}
	for r := from; r < m; r++ {
		clear(g.g[r])
	}
	parallel(chunks(m, panelColumns), threads, func(chunk int) {
		lo := panelColumns * chunk
		hi := min(lo+panelColumns, m)
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
			s := kernel64.Tile(&a, &[4][]float64{columns[i][lo:hi], columns[i+1][lo:hi], columns[i+2][lo:hi], columns[i+3][lo:hi]})
			for k, row := range rows {
				row[i] += s[4*k]
				row[i+1] += s[4*k+1]
				row[i+2] += s[4*k+2]
				row[i+3] += s[4*k+3]
			}
		}
		for ; i < to; i++ {
			for k, row := range rows {
				row[i] += kernel64.Dot(a[k], columns[i][lo:hi])
			}
		}
	}
	for ; r < len(weighted); r++ {
		a, row, i := weighted[r][lo:hi], g.g[first+r], from
		for ; i+4 <= to; i += 4 {
			s := kernel64.Dot4(a, columns[i][lo:hi], columns[i+1][lo:hi], columns[i+2][lo:hi], columns[i+3][lo:hi])
			for k, v := range s {
				row[i+k] += v
			}
		}
		for ; i < to; i++ {
			row[i] += kernel64.Dot(a, columns[i][lo:hi])
		}
	}
}

func (g *gram) gradients(out []float64) { copy(out, g.q) }

func (g *gram) product(out, x []float64) {
	m := len(g.q)
	parallel(chunks(m, productRows), g.threads, func(chunk int) {
		j, to := productRows*chunk, min(m, productRows*(chunk+1))
		for ; j+4 <= to; j += 4 {
			s := kernel64.Dot4(x, g.g[j][:m], g.g[j+1][:m], g.g[j+2][:m], g.g[j+3][:m])
			copy(out[j:], s[:])
		}
		for ; j < to; j++ {
			out[j] = kernel64.Dot(x, g.g[j][:m])
		}
	})
}

func (g *gram) shift(x []float64) {
	g.out = zeros(g.out, len(x))
	g.product(g.out, x)
	kernel64.Axpy(-1, g.out, g.q)
}
