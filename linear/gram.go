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

// fill computes the rows and columns of G from feature from on: xᵢᵀHxⱼ of columns
// that are centred in the metric h, with weighted[k] = h∘x of feature from+k.
func (g *gram) fill(from int, columns, weighted [][]float64, threads int) {
	m := len(columns)
	g.grow(m)
	fresh := m - from
	if fresh == 0 {
		return
	}
	if fresh*m*len(columns[0]) < 1<<18 {
		threads = 1
	}
	parallel(chunks(fresh, 3), threads, func(chunk int) {
		lo := from + 3*chunk
		hi := min(lo+3, m)
		last := hi // columns to multiply with: the others come by symmetry
		i := 0
		if hi-lo == 3 {
			rows := [3][]float64{weighted[lo-from], weighted[lo-from+1], weighted[lo-from+2]}
			for ; i+4 <= last; i += 4 {
				s := kernel64.Tile(&rows, &[4][]float64{columns[i], columns[i+1], columns[i+2], columns[i+3]})
				for r := range 3 {
					copy(g.g[lo+r][i:i+4], s[4*r:4*r+4])
				}
			}
		}
		for r := lo; r < hi; r++ {
			k := i
			for ; k+4 <= last; k += 4 {
				s := kernel64.Dot4(weighted[r-from], columns[k], columns[k+1], columns[k+2], columns[k+3])
				copy(g.g[r][k:k+4], s[:])
			}
			for ; k < last; k++ {
				g.g[r][k] = kernel64.Dot(weighted[r-from], columns[k])
			}
		}
	})
	for r := from; r < m; r++ {
		for k := range r {
			g.g[k][r] = g.g[r][k]
		}
	}
}
