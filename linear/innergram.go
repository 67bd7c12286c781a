package linear

import (
	"math"

	"pare/internal/kernel64"
)

// covariance solves least squares on the Gram matrix that grows with the set.
func (f *fitter) covariance(target float64) {
	if !f.exact {
		f.exact = true
		f.gram = gram{threads: f.t.threads}
		f.newton = newton{}
		f.extend(0)
	}
	if f.aged || target < 1e-9*math.Sqrt(f.unit) {
		f.settleGram()
	}
	f.solveGram(target)
}

func (f *fitter) solveGram(target float64) {
	d, g := &f.descent, &f.gram
	d.curve = zeros(d.curve, len(f.set))
	for k := range d.curve {
		d.curve[k] = g.g[k][k]
	}
	g.begin(d.beta)
	d.smooth = g
	if m := len(f.set); m > directLimit {
		f.conjugate.minimize(d, g, target)
		return
	}
	d.solve(target, func() bool { return f.newton.finish(d, g) })
}

// extend adds the features of the set from the given one on to the Gram matrix.
func (f *fitter) extend(from int) {
	fresh := len(f.set) - from
	columns := make([][]float64, len(f.set))
	for k, j := range f.set {
		columns[k] = f.columns[j]
	}
	weighted := make([][]float64, fresh)
	for k := range weighted {
		weighted[k] = make([]float64, f.t.n)
		kernel64.Mul(weighted[k], columns[from+k], f.t.v)
	}
	f.gram.fill(from, columns, weighted, f.t.threads)
	f.gram.q = append(f.gram.q, make([]float64, fresh)...)
	f.correlate(f.gram.q[from:], f.set[from:])
}

// correlate sets q to the correlations of u with the features of list.
func (f *fitter) correlate(q []float64, list []int) {
	threads := f.t.threads
	if len(list)*f.t.n < combineValues {
		threads = 1
	}
	parallel(chunks(len(list), panelColumns), threads, func(chunk int) {
		k, to := panelColumns*chunk, min(len(list), panelColumns*(chunk+1))
		for ; k+4 <= to; k += 4 {
			s := kernel64.Dot4(f.u, f.columns[list[k]], f.columns[list[k+1]], f.columns[list[k+2]], f.columns[list[k+3]])
			copy(q[k:], s[:])
		}
		for ; k < to; k++ {
			q[k] = kernel64.Dot(f.u, f.columns[list[k]])
		}
	})
}
