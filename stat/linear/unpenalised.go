package linear

import (
	"math"
	"slices"

	"pare/internal/dense"
	"pare/internal/f64"
)

// solveUnpenalised minimises the loss at λ = 0. The features of a basis of the columns are
// in the working set and those that depend on them stay at zero: with more features than
// observations, or dependent ones, the minimum is not unique, and this is one choice. Least
// squares is solved by the factor of the basis, other losses until the gradient is only
// rounding error.
func (f *fitter) solveUnpenalised() outcome {
	f.pen = elasticNet{f.t} // without a penalty groups do not matter
	f.allow(0, true)
	f.release()
	var out outcome
	for {
		f.admit(f.basis(0).kept)
		if f.loss.quadratic() && f.t.lower == nil {
			f.solveFactor()
			out.iterations++
		} else {
			f.inner(0, max(1e-13*math.Sqrt(f.unit), f.floor()), &out)
		}
		f.project(0)
		f.screen.update(f.fair, 0)
		f.measure(0, &out)
		if !f.enter(f.missing(0)) || out.iterations >= f.limit {
			break
		}
	}
	out.gradient = f.violation(0) / f.t.largest
	return out
}

// release empties the working set and zeroes the coefficients outside the basis at λ = 0.
// It keeps bounded coefficients, because it is not yet known which of them are free.
func (f *fitter) release() {
	f.held = nil
	if f.near != nil {
		f.near.forget()
	}
	f.screen.forget()
	if f.t.lower != nil {
		return
	}
	kept := f.basis(0).kept
	old := slices.Clone(f.beta)
	for _, j := range f.set {
		f.beta[j], f.place[j] = 0, -1
	}
	f.set = f.set[:0]
	f.admit(kept)
	for _, j := range kept {
		f.beta[j] = old[j]
	}
	f.refresh()
}

// solveFactor moves to the solution of least squares. The second step removes the
// rounding of the first.
func (f *fitter) solveFactor() {
	free := f.basis(0)
	for range 2 {
		step := free.coefficients(f.u)
		if f.t.intercept {
			f.intercept += step[0]
			step = step[1:]
		}
		for k, j := range free.kept {
			f.beta[j] += step[k]
		}
		f.refresh()
	}
}

// dependent counts the features without penalty that are combinations of others, so that
// other coefficients give the same predictors.
func (f *fitter) dependent(lambda float64) int {
	if lambda > 0 {
		return len(f.t.free) - len(f.t.basis.kept)
	}
	return len(f.inside()) - len(f.basis(0).kept)
}

// inDoubt is the least probability of a class other than its own with which the class of
// an observation is in doubt.
const inDoubt = 1e-5

// separable reports whether the unpenalised columns separate the classes, exactly or up to
// the precision of float64: along some direction of their coefficients, the predictors of
// every observation whose class is in doubt stay constant. Without such a direction the
// loss has a minimum: the residuals, which are orthogonal to the columns, are positive on
// observations that span them (Stiemke 1915; Albert & Anderson 1984).
func (f *fitter) separable(lambda float64) bool {
	free := f.basis(lambda)
	if f.loss.quadratic() || len(free.kept) == 0 {
		return false
	}
	v := make([]float64, f.t.n)
	for i, w := range f.t.v {
		if f.loss.holds(i, f.u[i]) {
			v[i] = w
		}
	}
	return len(newProjectionIn(f.t, v, free.kept).basis) < len(free.basis)
}

// judge adds that there may be no minimum to converge to.
func (out *outcome) judge(dependent int, separable bool) {
	out.dependent, out.separable = dependent, separable
	out.converged = out.converged && !separable
}

// solveUnpenalised minimises the cross-entropy at λ = 0, of the same features in every
// class unless bounds differ.
func (m *multinomial) solveUnpenalised(out *outcome) {
	target := math.Inf(1)
	for _, f := range m.classes {
		f.allow(0, true)
		if f.t.lower == nil {
			f.whole, f.idle = m.classes[0].whole, m.classes[0].idle
		}
		f.release()
		target = min(target, max(1e-13*math.Sqrt(f.unit), f.floor()))
	}
	for {
		for _, f := range m.classes {
			f.admit(f.basis(0).kept)
		}
		m.refresh()
		m.cycle(0, target, out)
		m.measure(0, out)
		grown := false
		for _, f := range m.classes {
			grown = f.enter(f.missing(0)) || grown
		}
		if !grown || out.iterations >= m.classes[0].limit {
			break
		}
	}
	for _, f := range m.classes {
		out.gradient = max(out.gradient, f.violation(0)/f.t.largest)
	}
}

// mostDirections is the largest number of coefficients for which separability is tested on
// all pairs of classes; beyond it, each class is tested against the rest.
const mostDirections = 1000

// separable is fitter.separable for several classes. A direction moves the coefficients of
// all classes except the last. An observation stays constant along it if the predictors of
// its class and of a class in doubt move alike.
func (m *multinomial) separable(lambda float64) bool {
	first := m.classes[0]
	free := first.basis(lambda)
	if len(free.kept) == 0 {
		return false
	}
	if len(free.basis)*(len(m.classes)-1) > mostDirections || first.t.lower != nil {
		return slices.ContainsFunc(m.classes, func(f *fitter) bool { return f.separable(lambda) })
	}
	size := len(free.basis) * (len(m.classes) - 1)
	gram, row := make([][]float64, size), make([]float64, size)
	for a := range gram {
		gram[a] = make([]float64, size)
	}
	for i, w := range m.t.v {
		for k := range m.classes {
			own := int(m.t.y[i])
			if k == own || w == 0 || m.probability(k, i) <= inDoubt {
				continue
			}
			clear(row)
			for a, b := range free.basis {
				if own < len(m.classes)-1 {
					row[own*len(free.basis)+a] = b[i]
				}
				if k < len(m.classes)-1 {
					row[k*len(free.basis)+a] = -b[i]
				}
			}
			for a, x := range row {
				if x != 0 {
					f64.Axpy(x, row, gram[a])
				}
			}
		}
	}
	_, kept := dense.Independent(size, func(i, j int) float64 { return gram[i][j] })
	return len(kept) < size
}
