package train

import (
	"math"

	"pare/internal/kernel"
	"pare/nn"
)

var _ Optimizer = (*adam)(nil)

var adamOptions = []string{"lr", "weight_decay", "decay_all", "beta1", "beta2", "eps"}

var adamKind = optimizerKind{
	Kind: Kind{Name: "adam", Doc: "Adam: steps scaled by the mean square of each gradient; decay is part of the gradient", Options: adamOptions},
	make: func(s OptimizerSpec, c *core) Optimizer { return newAdam(s, c, false) },
}

var adamwKind = optimizerKind{
	Kind: Kind{Name: "adamw", Doc: "Adam with weight decay apart from the gradient", Options: adamOptions},
	make: func(s OptimizerSpec, c *core) Optimizer { return newAdam(s, c, true) },
}

// adam is proximal Adam (Kingma & Ba 2015) or AdamW (Loshchilov & Hutter 2019)
// with PyTorch's bias correction: m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ), d = √v̂ + ε,
// x ← x − lr·m̂/d. AdamW first takes x ← x·(1 − lr·decay).
//
// The step is the minimum of a quadratic with curvature d/lr in each value, so
// the proximal maps are taken in the metric d: L1 cuts off lr·λ/d.
type adam struct {
	*core
	beta1, beta2, eps float64
	decoupled         bool
	mean, square      int // buffers

	scratch []metric // one per slot
	metric  func(*nn.Param) []float32
}

// metric is the diagonal d of one parameter, computed when first asked for
// after an update.
type metric struct {
	d    []float32
	step uint64 // of the update it was computed after
}

func newAdam(s OptimizerSpec, c *core, decoupled bool) *adam {
	o := &adam{core: c, decoupled: decoupled, scratch: make([]metric, len(c.slots)),
		beta1: orDefault(s.Beta1, 0.9), beta2: orDefault(s.Beta2, 0.999), eps: orDefault(s.Eps, 1e-8)}
	o.mean, o.square = c.addBuffer("mean"), c.addBuffer("square")
	o.metric = o.diagonal
	return o
}

func (o *adam) Step(lr, gradScale float64) {
	t := float64(o.steps + 1)
	scale := float32(gradScale)
	rate := float32(lr / (1 - math.Pow(o.beta1, t)))
	root := float32(math.Sqrt(1 - math.Pow(o.beta2, t)))
	b1, b2, eps := float32(o.beta1), float32(o.beta2), float32(o.eps)
	c1, c2 := float32(1-o.beta1), float32(1-o.beta2)
	o.each(func(s *slot, lo, hi int) {
		x, g := s.value[lo:hi], s.grad[lo:hi]
		m, v := s.buffers[o.mean][lo:hi], s.buffers[o.square][lo:hi]
		coupled, shrink := s.decay, float32(1)
		if o.decoupled {
			coupled, shrink = 0, float32(1-lr*float64(s.decay))
		}
		for i := range x {
			d := scale*g[i] + coupled*x[i]
			m[i] = b1*m[i] + c1*d
			v[i] = b2*v[i] + c2*d*d
			x[i] = shrink*x[i] - rate*m[i]/(sqrt32(v[i])/root+eps)
		}
	})
	o.prox(lr, o.metric)
}

func sqrt32(v float32) float32 { return float32(math.Sqrt(float64(v))) }

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
	if m.step == o.steps {
		return m.d
	}
	m.step = o.steps
	root := float32(math.Sqrt(1 - math.Pow(o.beta2, float64(o.steps))))
	eps := float32(o.eps)
	kernel.Parallel((len(v)+chunkSize-1)/chunkSize, func(task int) {
		for i := task * chunkSize; i < min((task+1)*chunkSize, len(v)); i++ {
			m.d[i] = sqrt32(v[i])/root + eps
		}
	})
	return m.d
}
