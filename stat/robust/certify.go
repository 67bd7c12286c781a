package robust

import "slices"

// certify improves the best primal and dual values by the present point. The
// point with weights of 0 wins where it is within target of the dual value,
// which it reports.
func (v *solver) certify(target float64) (sparse bool) {
	t := v.t()
	tau := v.term.multipliers(v.residual, v.epsilon, t, v.u)
	v.bestDual = max(v.bestDual, v.term.dual(v.u, v.offset, v.sign, !v.o.NoIntercept, v.epsilon, v.products))
	zeros := slices.Clone(v.w)
	for j, s := range v.s {
		// Of a bound and its multiplier one goes to 0.
		if min(v.alpha[j], v.beta[j])/tau > s/t {
			zeros[j] = 0
		}
	}
	within := func(f float64) bool { return f <= v.bestDual+target }
	for _, w := range [][]float64{v.w, zeros} {
		f := v.term.objective(v.residuals(w, v.b), v.epsilon, Norm1(w))
		better := f < v.bestObjective
		if within(f) && within(v.bestObjective) {
			has, had := countZeros(w), countZeros(v.bestW)
			better = has > had || (has == had && better)
		}
		if better {
			v.bestObjective, v.bestW, v.bestB = f, slices.Clone(w), v.b
		}
	}
	return within(v.bestObjective) && countZeros(v.bestW) >= countZeros(zeros)
}

func countZeros(w []float64) int {
	n := 0
	for _, c := range w {
		if c == 0 {
			n++
		}
	}
	return n
}

// separates reports whether no perturbation changes the class of any example.
func (v *solver) separates(w []float64, b float64) bool {
	norm := v.epsilon * Norm1(w)
	for _, r := range v.residuals(w, b) {
		if r+norm >= 0 {
			return false
		}
	}
	return true
}
