package train

import (
	"math"

	"pare/internal/kernel/prox"
)

var _ Optimizer = (*sgd)(nil)

var sgdKind = optimizerKind{
	Kind: Kind{Name: "sgd", Doc: "stochastic gradient descent, with momentum or Nesterov's",
		Options: []string{"lr", "momentum", "nesterov", "weight_decay", "decay_all"}},
	make: func(s OptimizerSpec, _ Setup, c *core) Optimizer {
		o := &sgd{core: c,
			kernel: prox.SGD{Momentum: float32(s.Momentum), Nesterov: s.Nesterov}}
		if s.Momentum > 0 {
			o.velocity = c.addBuffer("momentum")
		}
		c.update = o.piece
		return o
	},
}

// sgd is proximal stochastic gradient descent as PyTorch writes it: with
// g the gradient plus decay·x, v ← μv + g and x ← x − lr·v; Nesterov's steps
// along g + μv. Weight decay is coupled: part of the gradient.
type sgd struct {
	*core
	velocity int      // buffer; unused without momentum
	kernel   prox.SGD // of the present step
}

func (o *sgd) Step(lr, gradScale float64) {
	o.steps++
	o.kernel.Rate, o.kernel.Scale = float32(lr), float32(gradScale)
	mu := float64(o.kernel.Momentum)
	o.apply(lr*(1-math.Pow(mu, float64(o.steps)))/(1-mu), nil)
}

// piece updates the values [lo, hi) of a slot.
func (o *sgd) piece(s *slot, lo, hi int) {
	k := o.kernel
	k.Decay = s.decay
	cut, ridge := s.threshold()
	k.Cut, k.Shrink = cut, 1/(1+ridge)
	var v []float32
	if k.Momentum > 0 {
		v = s.buffers[o.velocity][lo:hi]
	}
	k.Update(s.value[lo:hi], s.grad[lo:hi], v, s.frozenIn(lo, hi))
}
