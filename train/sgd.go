package train

import (
	"math"

	"pare/internal/kernel"
	"pare/internal/option"
)

// SGD is proximal stochastic gradient descent as PyTorch writes it: with g the gradient
// plus decay·x, v ← μv + g and x ← x − lr·v; Nesterov's steps along g + μv. Weight decay
// is coupled: part of the gradient.
type SGD struct {
	LR       float64 `yaml:"lr" range:"(0,)" doc:"learning rate"`
	Momentum float64 `yaml:"momentum,omitempty" range:"[0,1)" doc:"share of the last step that is kept; 0: none"`
	Nesterov bool    `yaml:"nesterov,omitempty" doc:"look ahead along the momentum"`
	Decay
}

func init() {
	Optimizers.Register("sgd", "stochastic gradient descent, with momentum or Nesterov's", func() OptimizerSpec { return &SGD{LR: 0.1} })
}

// Rate implements OptimizerSpec.
func (o *SGD) Rate() float64 { return o.LR }

// Validate refuses Nesterov's steps without momentum.
func (o *SGD) Validate() error {
	if o.Nesterov && o.Momentum == 0 {
		return option.Errorf("nesterov", "needs momentum above 0")
	}
	return o.Decay.Validate()
}

// New implements OptimizerSpec.
func (o *SGD) New(s Setup) Optimizer {
	c := newCore(o.Decay, s)
	out := &sgd{core: c, kernel: kernel.SGD{Momentum: float32(o.Momentum), Nesterov: o.Nesterov}}
	if o.Momentum > 0 {
		out.velocity = c.addBuffer("momentum")
	}
	c.update = out.piece
	return out
}

// sgd is an SGD bound to a network.
type sgd struct {
	*core
	velocity int        // buffer; unused without momentum
	kernel   kernel.SGD // of the present step
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
