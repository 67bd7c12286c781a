package diffusion

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// sums are the sums over observations that a fit reads in place of the data.
type sums struct {
	n      int
	sx, sy []float64 // columns of X and Y
	xx     []float64 // XᵀX, p×p
	yx     []float64 // YᵀX, q×p
	yy     []float64 // squares of the columns of Y
}

func newSums(p, q int) *sums {
	return &sums{
		sx: make([]float64, p), sy: make([]float64, q),
		xx: make([]float64, p*p), yx: make([]float64, q*p), yy: make([]float64, q),
	}
}

func sumsOf(x, y *mat.Dense) *sums {
	n, p := x.Dims()
	_, q := y.Dims()
	s := newSums(p, q)
	s.n = n
	for r := range n {
		for j, v := range x.RawRowView(r) {
			s.sx[j] += v
		}
		for i, v := range y.RawRowView(r) {
			s.sy[i] += v
			s.yy[i] += v * v
		}
	}
	a, b := x.RawMatrix(), y.RawMatrix()
	blas64.Gemm(blas.Trans, blas.NoTrans, 1, a, a, 0, blas64.General{Rows: p, Cols: p, Stride: p, Data: s.xx})
	blas64.Gemm(blas.Trans, blas.NoTrans, 1, b, a, 0, blas64.General{Rows: q, Cols: p, Stride: p, Data: s.yx})
	// The two triangles differ by nothing but rounding; symmetric mode reads rows
	// as columns, so they have to be equal.
	for i := range p {
		for j := range i {
			s.xx[i*p+j] = s.xx[j*p+i]
		}
	}
	return s
}

func (s *sums) add(o *sums) {
	s.n += o.n
	plus(s.sx, o.sx)
	plus(s.sy, o.sy)
	plus(s.xx, o.xx)
	plus(s.yx, o.yx)
	plus(s.yy, o.yy)
}

func plus(a, b []float64) {
	for i, v := range b {
		a[i] += v
	}
}

// moments are means of products, around the means with an intercept.
type moments struct {
	p, q         int
	gram         []float64 // XᵀX/n, p×p
	cross        []float64 // YᵀX/n, q×p
	power        []float64 // ‖yᵢ‖²/n
	meanX, meanY []float64 // zero without an intercept
}

// moments overwrites s.
func (s *sums) moments(intercept bool) *moments {
	p, q := len(s.sx), len(s.sy)
	f := 1 / float64(s.n)
	for _, v := range [][]float64{s.sx, s.sy, s.xx, s.yx, s.yy} {
		for i := range v {
			v[i] *= f
		}
	}
	m := &moments{p: p, q: q, gram: s.xx, cross: s.yx, power: s.yy, meanX: s.sx, meanY: s.sy}
	if !intercept {
		clear(m.meanX)
		clear(m.meanY)
		return m
	}
	for i, a := range m.meanX {
		axpy(-a, m.meanX, m.gram[i*p:(i+1)*p])
	}
	for i, a := range m.meanY {
		axpy(-a, m.meanX, m.cross[i*p:(i+1)*p])
		m.power[i] = max(0, m.power[i]-a*a)
	}
	return m
}

// centred returns copies of X and Y without their means, and the means. Sums of
// centred data keep the digits that a large mean would take.
func centred(m *mat.Dense) (*mat.Dense, []float64) {
	n, p := m.Dims()
	mean := make([]float64, p)
	for r := range n {
		plus(mean, m.RawRowView(r))
	}
	for j := range mean {
		mean[j] /= float64(n)
	}
	c := mat.DenseCopyOf(m)
	for r := range n {
		axpy(-1, mean, c.RawRowView(r))
	}
	return c, mean
}

// nullObjective is the objective of H = 0.
func (m *moments) nullObjective() float64 {
	var c float64
	for _, v := range m.power {
		c += v
	}
	return c / 2
}

func axpy(a float64, x, y []float64) {
	blas64.Implementation().Daxpy(len(x), a, x, 1, y, 1)
}

func dot(x, y []float64) float64 {
	return blas64.Implementation().Ddot(len(x), x, 1, y, 1)
}
