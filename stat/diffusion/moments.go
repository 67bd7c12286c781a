package diffusion

import (
	"slices"
	"sync"

	"gonum.org/v1/gonum/mat"

	"pare/internal/dense"
	"pare/internal/f64"
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
	a := dense.Matrix{Data: x.RawMatrix().Data, Stride: x.RawMatrix().Stride}
	b := dense.Matrix{Data: y.RawMatrix().Data, Stride: y.RawMatrix().Stride}
	dense.Multiply(s.xx, p, 1, a.T(), a, p, p, n, dense.Lower)
	dense.Mirror(s.xx, p)
	dense.Multiply(s.yx, p, 1, b.T(), a, q, p, n, 0)
	return s
}

func (s *sums) add(o *sums) {
	s.n += o.n
	for _, v := range [][2][]float64{{o.sx, s.sx}, {o.sy, s.sy}, {o.xx, s.xx}, {o.yx, s.yx}, {o.yy, s.yy}} {
		f64.Axpy(1, v[0], v[1])
	}
}

// moments are means of products, around the means with an intercept.
type moments struct {
	p, q         int
	gram         []float64            // XᵀX/n, p×p
	cross        []float64            // YᵀX/n, q×p
	power        []float64            // ‖yᵢ‖²/n
	meanX, meanY []float64            // zero without an intercept
	factor       func() *dense.Factor // of gram; nil if that is singular
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
	m.factor = sync.OnceValue(func() *dense.Factor { return factorise(slices.Clone(m.gram), p) })
	if !intercept {
		clear(m.meanX)
		clear(m.meanY)
		return m
	}
	for i, a := range m.meanX {
		f64.Axpy(-a, m.meanX, m.gram[i*p:(i+1)*p])
	}
	for i, a := range m.meanY {
		f64.Axpy(-a, m.meanX, m.cross[i*p:(i+1)*p])
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
		f64.Axpy(1, m.RawRowView(r), mean)
	}
	for j := range mean {
		mean[j] /= float64(n)
	}
	c := mat.DenseCopyOf(m)
	for r := range n {
		f64.Axpy(-1, mean, c.RawRowView(r))
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
