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

// relax refits each kernel; nil stands where a Gram matrix is singular. Parts of the same
// support as in the kernel before are not fitted again.
func (f *fitter) relax(m *moments, kernels []Kernel, o Options) []*Model {
	return f.solve(m, len(kernels), o, func(d *descent, unit, l int, before fit) fit {
		if l > 0 && slices.EqualFunc(f.rows(kernels[l], unit), f.rows(kernels[l-1], unit), sameSupport) {
			return before
		}
		d.restrict(kernels[l])
		if !d.factorise() {
			return fit{singular: true}
		}
		return d.solve(0)
	})
}

func sameSupport(a, b Row) bool { return slices.Equal(a.Index, b.Index) }

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
