package regularize

// Penalty is a function f(w) ≥ 0 of one group of values. Its strength λ is not
// part of it. Methods neither keep nor resize the slices they are given, and
// several goroutines call them at the same time, for different groups; NaN in
// gives NaN out, so that a run that diverges is seen.
type Penalty interface {
	// Kind is the name under which the penalty is registered: "l1".
	Kind() string
	// Value is f(w).
	Value(w []float32) float64
	// Subgradient sets dst to an element of ∂f(w): the gradient where there is
	// one, and at a kink the element of least norm. dst may be w.
	Subgradient(dst, w []float32)
	// Prox replaces w by argmin_x ½‖x−w‖² + τ·f(x), with exact zeros. τ ≥ 0;
	// 0 leaves w as it is.
	Prox(w []float32, tau float32)
	// ProxMetric replaces w by argmin_x ½Σ dᵢ(xᵢ−wᵢ)² + τ·f(x): the proximal map
	// in the diagonal metric d ≥ 0 of an adaptive optimizer. Equal to Prox when
	// d is 1; a value whose d is 0 costs nothing to move.
	ProxMetric(w, d []float32, tau float32)
}

// Elementwise is implemented by penalties that may be a sum over the values,
// f(w) = Σ f(wᵢ). When Elementwise reports true a Term hands whole parameters
// to the penalty at once, and accepts it for single weights.
type Elementwise interface{ Elementwise() bool }

// Radial is implemented by penalties of the Euclidean norm alone,
// f(w) = Phi(‖w‖₂). Their proximal map scales the group, which a Term does for
// all columns of a matrix in one pass.
type Radial interface {
	// Phi is f of a group of that norm.
	Phi(norm float64) float64
	// Shrink is the factor by which Prox scales a group of that norm, exactly 0
	// where the group becomes 0, and NaN for NaN.
	Shrink(norm, tau float64) float64
}

// Mixed is implemented by penalties with a mixing weight, the key alpha of a
// Spec.
type Mixed interface{ SetAlpha(alpha float64) error }

func isElementwise(p Penalty) bool {
	e, ok := p.(Elementwise)
	return ok && e.Elementwise()
}
