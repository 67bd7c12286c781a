package linear

import "pare/internal/kernel64"

// projection makes dual points feasible for what is not penalised: it takes from u
// the part V·B(BᵀVB)⁻¹Bᵀu, with B the column of ones, if there is an intercept, and
// the unpenalised columns, so that Bᵀu = 0.
type projection struct {
	v       []float64
	columns [][]float64
	factor  cholesky
	part    []float64
	scratch []float64
}

func newProjection(t *task) *projection {
	p := &projection{v: t.v, scratch: make([]float64, t.n)}
	if t.intercept {
		one := make([]float64, t.n)
		for i := range one {
			one[i] = 1
		}
		p.columns = append(p.columns, one)
	}
	for _, j := range t.free {
		x := make([]float64, t.n)
		t.column(j, x)
		p.columns = append(p.columns, x)
	}
	index := make([]int, len(p.columns))
	for i := range index {
		index[i] = i
	}
	kept := p.factor.factor(index, func(i, j int) float64 {
		kernel64.Mul(p.scratch, p.v, p.columns[i])
		return kernel64.Dot(p.scratch, p.columns[j])
	})
	for at, i := range kept {
		p.columns[at] = p.columns[i]
	}
	p.columns = p.columns[:len(kept)]
	p.part = make([]float64, len(kept))
	return p
}

// apply projects u.
func (p *projection) apply(u []float64) {
	if len(p.columns) == 0 {
		return
	}
	for range 2 { // the second time removes what rounding left
		for i, x := range p.columns {
			p.part[i] = kernel64.Dot(x, u)
		}
		p.factor.solve(p.part)
		for i, x := range p.columns {
			kernel64.MulAxpy(-p.part[i], x, p.v, u)
		}
	}
}
