package train

import (
	"math"

	"pare/internal/kernel"
	"pare/nn"
)

// Adam is proximal Adam (Kingma & Ba 2015) or AdamW (Loshchilov & Hutter 2019)
// with PyTorch's bias correction: m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ), d = √v̂ + ε,
// x ← x − lr·m̂/d. AdamW first takes x ← x·(1 − lr·decay).
//
// The step is the minimum of a quadratic with curvature d/lr in each value, so
// the proximal maps are taken in the metric d: L1 cuts off lr·λ/d.
type Adam struct {
	LR float64 `yaml:"lr" range:"(0,)" doc:"learning rate"`
	Decay
	Beta1     float64 `yaml:"beta1" range:"(0,1)" doc:"decay of the mean of gradients"`
	Beta2     float64 `yaml:"beta2" range:"(0,1)" doc:"decay of the mean of squares"`
	Eps       float64 `yaml:"eps" range:"(0,)" doc:"added to the divisor of steps"`
	Decoupled bool    `yaml:"-"` // AdamW
}

// NewAdam is Adam with the constants of the paper (algorithm 1).
func NewAdam(lr float64) *Adam { return &Adam{LR: lr, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8} }

// NewAdamW is AdamW with the constants of Adam.
func NewAdamW(lr float64) *Adam {
	o := NewAdam(lr)
	o.Decoupled = true
	return o
}

func init() {
	Optimizers.Register("adam", "Adam: steps scaled by the mean square of each gradient; decay is part of the gradient",
		func() OptimizerSpec { return NewAdam(0.001) })
	Optimizers.Register("adamw", "Adam with weight decay apart from the gradient", func() OptimizerSpec { return NewAdamW(0.001) })
}

// Rate implements OptimizerSpec.
func (o *Adam) Rate() float64 { return o.LR }

// New implements OptimizerSpec.
func (o *Adam) New(s Setup) Optimizer {
	c := newCore(o.Decay, s)
	out := &adam{core: c, decoupled: o.Decoupled, beta1: o.Beta1, beta2: o.Beta2, scratch: make([]metric, len(c.slots)),
		kernel: kernel.Adam{Beta1: float32(o.Beta1), Rest1: float32(1 - o.Beta1),
			Beta2: float32(o.Beta2), Rest2: float32(1 - o.Beta2), Eps: float32(o.Eps)}}
	out.mean, out.square = c.addBuffer("mean"), c.addBuffer("square")
	out.metric, c.update = out.diagonal, out.piece
	return out
}

// adam is an Adam bound to a network.
type adam struct {
	*core
	beta1, beta2 float64
	decoupled    bool
	mean, square int // buffers
	lr           float64
	kernel       kernel.Adam // of the present step

	calls   uint64   // of Step; unlike core.steps it never goes back
	scratch []metric // one per slot
	metric  func(*nn.Param) []float32
}

// metric is the diagonal d of one parameter, computed when first asked for
// after an update.
type metric struct {
	d    []float32
	call uint64 // of Step, after whose update it was computed
}

func (o *adam) Step(lr, gradScale float64) {
	o.steps++
	o.calls++
	t := float64(o.steps)
	o.lr = lr
	o.kernel.Scale = float32(gradScale)
	o.kernel.Rate = float32(lr / (1 - math.Pow(o.beta1, t)))
	o.kernel.Root = float32(math.Sqrt(1 - math.Pow(o.beta2, t)))
	o.apply(lr, o.metric)
}

// piece updates the values [lo, hi) of a slot.
func (o *adam) piece(s *slot, lo, hi int) {
	k := o.kernel
	k.Coupled, k.Keep = s.decay, 1
	if o.decoupled {
		k.Coupled, k.Keep = 0, float32(1-o.lr*float64(s.decay))
	}
	k.Cut, k.Ridge = s.threshold()
	k.Update(s.value[lo:hi], s.grad[lo:hi], s.buffers[o.mean][lo:hi], s.buffers[o.square][lo:hi], s.frozenIn(lo, hi))
}

// diagonal returns d = √v̂ + ε; nil for a parameter that is not trained.
func (o *adam) diagonal(p *nn.Param) []float32 {
	k, ok := o.index[p]
	if !ok {
		return nil
	}
	m, v := &o.scratch[k], o.slots[k].buffers[o.square]
	if m.d == nil {
		m.d = make([]float32, len(v))
	}
	if m.call != o.calls {
		m.call = o.calls
		o.kernel.Metric(m.d, v)
	}
	return m.d
}
