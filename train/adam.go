package train

import (
	"math"

	"pare/internal/kernel/prox"
	"pare/nn"
)

var _ Optimizer = (*adam)(nil)

var adamOptions = []string{"lr", "weight_decay", "decay_all", "beta1", "beta2", "eps"}

var adamKind = optimizerKind{
	Kind: Kind{Name: "adam", Doc: "Adam: steps scaled by the mean square of each gradient; decay is part of the gradient", Options: adamOptions},
	make: func(s OptimizerSpec, _ Setup, c *core) Optimizer { return newAdam(s, c, false) },
}

var adamwKind = optimizerKind{
	Kind: Kind{Name: "adamw", Doc: "Adam with weight decay apart from the gradient", Options: adamOptions},
	make: func(s OptimizerSpec, _ Setup, c *core) Optimizer { return newAdam(s, c, true) },
}

// adam is proximal Adam (Kingma & Ba 2015) or AdamW (Loshchilov & Hutter 2019)
// with PyTorch's bias correction: m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ), d = √v̂ + ε,
// x ← x − lr·m̂/d. AdamW first takes x ← x·(1 − lr·decay).
//
// The step is the minimum of a quadratic with curvature d/lr in each value, so
// the proximal maps are taken in the metric d: L1 cuts off lr·λ/d.
type adam struct {
	*core
	beta1, beta2 float64
	decoupled    bool
	mean, square int // buffers
	lr           float64
	kernel       prox.Adam // of the present step

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

func newAdam(s OptimizerSpec, c *core, decoupled bool) *adam {
	o := &adam{core: c, decoupled: decoupled, scratch: make([]metric, len(c.slots)),
		beta1: orDefault(s.Beta1, 0.9), beta2: orDefault(s.Beta2, 0.999)}
	o.kernel = prox.Adam{Beta1: float32(o.beta1), Rest1: float32(1 - o.beta1),
		Beta2: float32(o.beta2), Rest2: float32(1 - o.beta2), Eps: float32(orDefault(s.Eps, 1e-8))}
	o.mean, o.square = c.addBuffer("mean"), c.addBuffer("square")
	o.metric = o.diagonal
	c.update = o.piece
	return o
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
