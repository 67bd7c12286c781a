package regularize

import "pare/internal/option"

// Penalty is a function f(w) ≥ 0 of one group of values. Its strength λ is not part of it.
// Its options are fields with the tags by which configs are read. Methods neither keep nor
// resize the slices they are given, and several goroutines call them at the same time, for
// different groups; NaN in gives NaN out, so that a run that diverges is seen.
type Penalty interface {
	Kind
	// Value is f(w).
	Value(w []float32) float64
	// Subgradient sets dst to an element of ∂f(w): the gradient where there is
	// one, and at a kink the element of least norm. dst may be w.
	Subgradient(dst, w []float32)
	// Prox replaces w by argmin_x ½Σ dᵢ(xᵢ−wᵢ)² + τ·f(x), with exact zeros: the
	// proximal map in the diagonal metric d ≥ 0 of an adaptive optimizer. A d of
	// nil stands for ones, the Euclidean metric; a value whose d is 0 costs nothing
	// to move. τ ≥ 0; 0 leaves w unchanged.
	Prox(w, d []float32, tau float32)
}

// Kind is a kind of penalty: a Penalty on parameters, an ActivationPenalty, or both.
type Kind interface {
	// Kind is the name under which it is registered: "l1".
	Kind() string
}

// Penalties are all kinds by name. Register one of your own in an init function, and
// configs may name it.
var Penalties = option.NewKinds[Kind]("penalty")

// Elementwise is implemented by penalties that may be a sum over the values,
// f(w) = Σ f(wᵢ). When Elementwise reports true a Term hands whole parameters
// to the penalty at once, and accepts it for single weights.
type Elementwise interface{ Elementwise() bool }

func isElementwise(p Penalty) bool {
	e, ok := p.(Elementwise)
	return ok && e.Elementwise()
}

// Radial is implemented by penalties of the Euclidean norm alone,
// f(w) = Phi(‖w‖₂). Their Euclidean proximal map scales the group, and a Term
// scales all columns of a matrix in one pass over it.
type Radial interface {
	// Phi is f of a group of that norm.
	Phi(norm float64) float64
	// Shrink is the factor by which Prox scales a group of that norm, exactly 0
	// where the group becomes 0, and NaN for NaN.
	Shrink(norm, tau float64) float64
}

// shrink is the Euclidean proximal map of a radial penalty on one group.
func shrink(p Radial, w []float32, tau float32) {
	f := p.Shrink(norm(w), float64(tau))
	if f == 0 {
		clear(w)
		return
	}
	for i, v := range w {
		w[i] = float32(float64(v) * f)
	}
}
