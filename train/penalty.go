package train

import "pare/nn"

// Penalty is a loss term that asks for sparsity.
type Penalty interface {
	nn.Term
	// SetEpoch sets λ for a point of training, in epochs since its start.
	SetEpoch(epoch float64)
	// Lambda is the present strength.
	Lambda() float64
}

// OnParameters is implemented by penalties on parameters, which may act by their proximal map.
type OnParameters interface {
	Penalty
	// Proximal reports whether Prox applies the penalty; otherwise its gradient
	// does, as part of the loss.
	Proximal() bool
	// Governs lists the parameters that Prox changes.
	Governs() []*nn.Param
	// Prox replaces the governed values v by
	// argmin ½·Σ dᵢ(xᵢ−vᵢ)² + step·penalty(x). metric returns d, one positive
	// value per value of the parameter; a nil metric means 1 everywhere.
	Prox(step float64, metric func(*nn.Param) []float32)
	// Groups counts the sets of values that the penalty zeroes as a whole, and the sets
	// that are exactly 0.
	Groups() (total, zero int)
}

// lossTerms are the penalties as nn.Compile takes them.
func lossTerms(penalties []Penalty) []nn.Term {
	terms := make([]nn.Term, len(penalties))
	for i, p := range penalties {
		terms[i] = p
	}
	return terms
}

// proximal are the penalties that act by their proximal map.
func proximal(penalties []Penalty) []OnParameters {
	var out []OnParameters
	for _, p := range penalties {
		if q, ok := p.(OnParameters); ok && q.Proximal() {
			out = append(out, q)
		}
	}
	return out
}

// governed is the set of parameters that proximal penalties hold.
func governed(penalties []Penalty) map[*nn.Param]bool {
	set := map[*nn.Param]bool{}
	for _, p := range proximal(penalties) {
		for _, q := range p.Governs() {
			set[q] = true
		}
	}
	return set
}

// Adaptive is implemented by penalties that follow training and act on the
// network besides their gradient, such as one that revives silent units.
type Adaptive interface {
	Penalty
	// AfterStep is called after every update.
	AfterStep()
	// State is the memory from which AfterStep continues, in a fixed order; the storage is
	// the live one.
	State() []nn.NamedState
}

// afterStep lets the penalties and the weights of groups follow an update.
func (t *Trainer) afterStep() {
	if t.groups != nil {
		t.groups.Commit()
	}
	for _, p := range t.o.Penalties {
		if a, ok := p.(Adaptive); ok {
			a.AfterStep()
		}
	}
}

// penaltyState is the memory that penalties and weights of groups carry from step to step; nil
// where none has any.
func (t *Trainer) penaltyState() []NamedTensor {
	var out []NamedTensor
	for _, p := range t.o.Penalties {
		if a, ok := p.(Adaptive); ok {
			for _, s := range a.State() {
				out = append(out, NamedTensor{p.Name() + "/" + s.Name, s.Data})
			}
		}
	}
	if t.groups != nil {
		out = append(out, NamedTensor{"groups", t.groups.Weights})
	}
	return out
}
