package diffusion

import (
	"fmt"
	"slices"
)

// Relax fits the support of a kernel again without a penalty, which undoes the
// shrinking of what was found. Symmetry, signs and intercept are those of the
// problem. The objective and gap are those of λ = 0 on this support. Each row needs
// linearly independent inputs on its support; a symmetric kernel needs inputs of
// full column rank.
func Relax(p Problem, k Kernel, o Options) (*Model, error) {
	f, err := prepare(p, []float64{}, 1, o)
	if err != nil {
		return nil, err
	}
	if len(k.Rows) != f.moments.q || k.Inputs != f.moments.p {
		return nil, fmt.Errorf("the kernel is %d×%d, the data ask for %d×%d", len(k.Rows), k.Inputs, f.moments.q, f.moments.p)
	}
	model := f.relax(f.moments, []Kernel{k}, o)[0]
	if model == nil {
		return nil, errRank
	}
	f.finish(model, f.moments, o)
	return model, nil
}

// relax refits each kernel; nil stands where a Gram matrix is singular.
func (f *fitter) relax(m *moments, kernels []Kernel, o Options) []*Model {
	if f.prob.Symmetric {
		return f.relaxSymmetric(m, kernels, o)
	}
	models := make([]*Model, len(kernels))
	for l := range models {
		models[l] = &Model{Kernel: Kernel{Inputs: m.p, Rows: make([]Row, m.q)}}
	}
	fits := make([][]fit, m.q)
	singular := make([][]bool, m.q)
	solvers := make([]*rowSolver, workers(m.q, o.Threads))
	parallel(m.q, o.Threads, nil, func(w, row int) {
		if solvers[w] == nil {
			solvers[w] = newRowSolver(&f.prob, m, o)
		}
		s := solvers[w]
		fits[row], singular[row] = make([]fit, len(kernels)), make([]bool, len(kernels))
		for l, k := range kernels {
			if l > 0 && slices.Equal(k.Rows[row].Index, kernels[l-1].Rows[row].Index) {
				fits[row][l], singular[row][l] = fits[row][l-1], singular[row][l-1]
				models[l].Kernel.Rows[row] = models[l-1].Kernel.Rows[row]
				continue
			}
			s.begin(row)
			clear(s.h)
			s.candidates = append(s.candidates[:0], k.Rows[row].Index...)
			if singular[row][l] = !s.factorise(); !singular[row][l] {
				fits[row][l] = s.solve(0)
				models[l].Kernel.Rows[row] = s.entries()
			}
		}
	})
	for l := range models {
		for row := range m.q {
			if singular[row][l] {
				models[l] = nil
				break
			}
			models[l].Objective += fits[row][l].objective
			models[l].Gap += fits[row][l].gap
			models[l].Iterations += fits[row][l].iterations
		}
	}
	return models
}

func (f *fitter) relaxSymmetric(m *moments, kernels []Kernel, o Options) []*Model {
	models := make([]*Model, len(kernels))
	var factor *cholesky
	for l, k := range kernels {
		prob := f.prob
		prob.Support = k.support()
		s := newSymmetricSolver(&prob, m, o)
		if factor == nil {
			if !s.factorise() {
				return models
			}
			factor = s.factor
		}
		s.factor = factor
		s.warm(k)
		r := s.solve(0)
		models[l] = &Model{Kernel: s.kernel(), Objective: r.objective, Gap: r.gap, Iterations: r.iterations}
	}
	return models
}

// support is where the kernel is not zero.
func (k Kernel) support() [][]bool {
	s := make([][]bool, len(k.Rows))
	for i, r := range k.Rows {
		s[i] = make([]bool, k.Inputs)
		for _, j := range r.Index {
			s[i][j] = true
		}
	}
	return s
}
