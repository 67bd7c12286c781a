package train

import "math"

var _ Optimizer = (*sgd)(nil)

var sgdKind = optimizerKind{
	Kind: Kind{Name: "sgd", Doc: "stochastic gradient descent, with momentum or Nesterov's",
		Options: []string{"lr", "momentum", "nesterov", "weight_decay", "decay_all"}},
	make: func(s OptimizerSpec, c *core) Optimizer {
		o := &sgd{core: c, momentum: float32(s.Momentum), nesterov: s.Nesterov}
		if s.Momentum > 0 {
			o.velocity = c.addBuffer("momentum")
		}
		return o
	},
}

// sgd is proximal stochastic gradient descent as PyTorch writes it: with
// g the gradient plus decay·x, v ← μv + g and x ← x − lr·v; Nesterov's steps
// along g + μv. Weight decay is coupled: part of the gradient.
type sgd struct {
	*core
	momentum float32
	nesterov bool
	velocity int // buffer; unused without momentum
}

func (o *sgd) Step(lr, gradScale float64) {
	rate, scale := float32(lr), float32(gradScale)
	update := o.heavy
	if o.momentum == 0 {
		update = o.plain
	}
	o.each(func(s *slot, lo, hi int) { update(s, lo, hi, rate, scale) })
	mu := float64(o.momentum)
	o.prox(lr*(1-math.Pow(mu, float64(o.steps)))/(1-mu), nil)
}

func (o *sgd) plain(s *slot, lo, hi int, rate, scale float32) {
	x, g := s.value[lo:hi], s.grad[lo:hi]
	for i := range x {
		x[i] -= rate * (scale*g[i] + s.decay*x[i])
	}
}

func (o *sgd) heavy(s *slot, lo, hi int, rate, scale float32) {
	x, g, v := s.value[lo:hi], s.grad[lo:hi], s.buffers[o.velocity][lo:hi]
	mu := o.momentum
	for i := range x {
		d := scale*g[i] + s.decay*x[i]
		v[i] = mu*v[i] + d
		if o.nesterov {
			d += mu * v[i]
		} else {
			d = v[i]
		}
		x[i] -= rate * d
	}
}
