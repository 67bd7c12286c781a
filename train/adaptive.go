package train

import "pare/nn"

// Adaptive is implemented by penalties that follow training and act on the
// network besides their gradient, such as one that revives silent units.
type Adaptive interface {
	Penalty
	// AfterStep is called after every update.
	AfterStep()
	// State is what AfterStep goes on from, in a fixed order; the storage is the
	// live one.
	State() []nn.NamedState
}

// afterStep lets the penalties follow an update.
func (t *Trainer) afterStep() {
	for _, p := range t.o.Penalties {
		if a, ok := p.(Adaptive); ok {
			a.AfterStep()
		}
	}
}

// penaltyState is what the penalties carry from step to step; nil where none
// does.
func (t *Trainer) penaltyState() []NamedTensor {
	var out []NamedTensor
	for _, p := range t.o.Penalties {
		if a, ok := p.(Adaptive); ok {
			for _, s := range a.State() {
				out = append(out, NamedTensor{p.Name() + "/" + s.Name, s.Data})
			}
		}
	}
	return out
}
