package linear

import (
	"math"

	"pare/internal/f64"
)

// covariance solves least squares on the Gram matrix that grows with the set: by a factor
// as long as that pays, then by conjugate gradients, unless single precision is not
// enough for the features.
func (f *fitter) covariance(target float64) {
	wide, isWide := f.held.(*wideGram)
	if large := len(f.set) > directLimit && !f.rounded; f.held == nil || large != isWide {
		if large {
			wide = newWideGram(f.t.n, f.t.threads)
			f.held = wide
		} else {
			wide = nil
			f.gram = gram{threads: f.t.threads}
			f.newton = newton{}
			f.held = &f.gram
		}
		f.extend(0)
	}
	if f.aged || target < 1e-9*math.Sqrt(f.unit) {
		f.settleGram()
	}
	switch {
	case wide == nil:
		f.solveGram(target)
	case !wide.inRange() || !f.wide(wide, target):
		f.rounded = true
		f.covariance(target)
	}
}

// wide solves on a Gram matrix in single precision, and returns whether that was enough.
func (f *fitter) wide(w *wideGram, target float64) bool {
	f.descend(w)
	if f.conjugate.minimize(&f.descent, w, target) || f.descent.sweeps >= f.descent.limit {
		return true
	}
	f.store()
	f.refresh()
	return false
}

// descend makes covariances what the descent descends.
func (f *fitter) descend(c covariances) {
	d := &f.descent
	d.curve = zeros(d.curve, len(f.set))
	for k := range d.curve {
		d.curve[k] = c.curvature(k)
	}
	c.begin(d.beta)
	d.smooth = c
}

// solveGram solves on gram.
func (f *fitter) solveGram(target float64) {
	f.descend(&f.gram)
	f.descent.solve(target, func() bool { return f.newton.finish(&f.descent, &f.gram) })
}

// extend adds the features of the set from the given one on to the Gram matrix.
func (f *fitter) extend(from int) {
	columns := make([][]float64, len(f.set))
	for k, j := range f.set {
		columns[k] = f.columns[j]
	}
	f.held.extend(columns, from, f.t.v)
	f.correlate(f.held.state()[from:], f.set[from:])
}

// correlate sets q to the correlations of u with the features of list.
func (f *fitter) correlate(q []float64, list []int) {
	threads := sharing(f.t.threads, len(list)*f.t.n, combineValues)
	inRanges(len(list), panelColumns, threads, func(k, to int) {
		for ; k+4 <= to; k += 4 {
			s := f64.Dot4(f.u, f.columns[list[k]], f.columns[list[k+1]], f.columns[list[k+2]], f.columns[list[k+3]])
			copy(q[k:], s[:])
		}
		for ; k < to; k++ {
			q[k] = f64.Dot(f.u, f.columns[list[k]])
		}
	})
}
