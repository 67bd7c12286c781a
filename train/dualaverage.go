package train

import (
	"fmt"
	"math"

	"pare/internal/kernel"
	"pare/nn"
)

// RMDA is regularised dual averaging with momentum (Huang & Lee 2022, "Training structured neural networks
// through manifold identification and variance reduction", algorithm 1), which is
// MDA of Jelassi & Defazio 2020 with a proximal map. In update t of a stage, with
// learning rate η, gradient g, and the parameters W₀ at the start of the stage,
//
//	s = η√t,  β = √t,  α = Σs
//	V ← V + s·g
//	W̃ = prox_{(α/β)ψ}(W₀ − V/β)
//	W ← (1−c)·W + c·W̃
//
// The noise of gradients averages out in V/β, so that from some step on W̃ has the zeros of
// the solution; prox-SGD's keep changing.
//
// A stage ends where the rate falls: the sums begin anew at the present parameters. W is a
// mixture and has the zeros of W̃ only when c is 1. So c grows in the last stage, as
// min(1, c√k) in its k-th update, but so that it is 1 from the middle of the stage on at
// the latest.
type RMDA struct {
	LR       float64 `yaml:"lr" range:"(0,)" doc:"learning rate"`
	Momentum float64 `yaml:"momentum" range:"[0,1)" doc:"share of the last parameters that is kept in each step, but for the end of training; 0: none"`
	Decay
}

// RAMDA is RMDA with a metric (Huang & Lee 2024, "Regularized adaptive momentum dual
// averaging with an efficient inexact subproblem solver for training structured neural
// network", algorithm 1): β = 1 and
//
//	U ← U + s·g²,  P = ∛U + ε
//	W̃ = argmin ½‖W − (W₀ − V/P)‖²_P + α·ψ(W)
//
// for which the proximal maps of this project are exact, so that it needs no inner
// iteration. ε falls with the rate.
type RAMDA struct {
	RMDA
	Eps float64 `yaml:"eps" range:"(0,)" doc:"added to the divisor of steps"`
}

// NewRAMDA is RAMDA with the constants of the paper.
func NewRAMDA(lr float64) *RAMDA { return &RAMDA{RMDA: RMDA{LR: lr, Momentum: 0.99}, Eps: 1e-6} }

func init() {
	Optimizers.Register("rmda", "regularised dual averaging with momentum: zeros settle before the end of training",
		func() OptimizerSpec { return &RMDA{LR: 0.1, Momentum: 0.99} })
	Optimizers.Register("ramda", "rmda with steps scaled by the cube root of the summed squares of each gradient",
		func() OptimizerSpec { return NewRAMDA(0.001) })
}

// Rate implements OptimizerSpec.
func (o *RMDA) Rate() float64 { return o.LR }

// CheckSchedule refuses a cosine, which would end a stage in each step.
func (o *RMDA) CheckSchedule(s ScheduleSpec) error {
	if _, ok := s.(*Cosine); ok {
		return fmt.Errorf("rmda and ramda start afresh whenever the rate falls, which a cosine does in each step; use constant or step")
	}
	return nil
}

// New implements OptimizerSpec.
func (o *RMDA) New(s Setup) Optimizer { return o.bind(s) }

// New implements OptimizerSpec.
func (o *RAMDA) New(s Setup) Optimizer {
	out := o.bind(s)
	out.adaptive, out.eps = true, o.Eps
	out.squares, out.metrics, out.metric = out.addBuffer("squares"), scratch(out.slots), out.diagonal
	return out
}

func (o *RMDA) bind(s Setup) *dualAverage {
	c := newCore(o.Decay, s)
	out := &dualAverage{core: c, share: 1 - o.Momentum, stage: make([]float32, stageSize), before: scratch(c.slots)}
	out.lastStart, out.lastSteps = lastStage(s.Steps, s.Rate)
	out.origin, out.sum = c.addBuffer("origin"), c.addBuffer("gradients")
	c.extra = append(c.extra, NamedTensor{"stage", out.stage})
	c.update, out.mix = out.piece, out.mixed
	c.shareAll()
	return out
}

// dualAverage is RMDA or RAMDA bound to a network.
type dualAverage struct {
	*core
	adaptive             bool
	share                float64 // c; 1 − momentum
	eps                  float64
	lastStart, lastSteps float64 // update before the last stage, updates in it; 0: no end is known
	kernel               kernel.DualAverage

	origin, sum, squares int // buffers

	stage   []float32   // part of the state: see the constants
	blend   float32     // c of the present step
	before  [][]float32 // W of the last step, per slot
	metrics [][]float32 // P, per slot; of RAMDA alone
	mix     func(s *slot, lo, hi int)
	metric  func(*nn.Param) []float32 // nil for RMDA
}

// Places of the values in dualAverage.stage.
const (
	stageStep  = iota // t
	stageAlpha        // α
	stageRate         // the rate of the last update
	stageEps          // factor on ε
	stageSize
)

func scratch(slots []slot) [][]float32 {
	out := make([][]float32, len(slots))
	for i, s := range slots {
		out[i] = make([]float32, len(s.value))
	}
	return out
}

func (o *dualAverage) Step(lr, gradScale float64) {
	st := o.stage
	if rate := float32(lr); rate < st[stageRate] {
		st[stageStep], st[stageAlpha] = 0, 0
		st[stageEps] *= rate / st[stageRate]
	}
	if o.steps == 0 {
		st[stageEps] = 1
	}
	o.steps++
	st[stageStep]++
	st[stageRate] = float32(lr)
	root := math.Sqrt(float64(st[stageStep]))
	s := lr * root
	st[stageAlpha] += float32(s)
	alpha := float64(st[stageAlpha])

	o.kernel = kernel.DualAverage{Scale: float32(gradScale), Weight: float32(s), Over: float32(1 / root),
		Eps: float32(o.eps * float64(st[stageEps])), Fresh: st[stageStep] == 1}
	o.blend = float32(o.mixture())
	if o.finish = o.mix; o.blend == 1 {
		o.finish = nil
	}
	if o.adaptive {
		o.apply(alpha, o.metric)
	} else {
		o.apply(alpha/root, nil)
	}
}

// mixture is c of the present step.
func (o *dualAverage) mixture() float64 {
	k := float64(o.steps) - o.lastStart // update of the last stage
	if k < 1 {
		return o.share
	}
	c := o.share * math.Sqrt(k)
	if o.lastSteps > 0 {
		c = max(c, o.share+(1-o.share)*2*k/o.lastSteps)
	}
	return min(1, c)
}

// piece takes the values [lo, hi) of a slot to W₀ − V/β, and on to W̃ where the
// penalty acts value by value.
func (o *dualAverage) piece(s *slot, lo, hi int) {
	if o.blend < 1 {
		copy(o.before[s.number][lo:hi], s.value[lo:hi])
	}
	k := o.kernel
	k.Decay = s.decay
	k.Cut, k.Ridge = s.threshold()
	var g []float32
	if s.grad != nil {
		g = s.grad[lo:hi]
	}
	x, origin, sum, frozen := s.value[lo:hi], s.buffers[o.origin][lo:hi], s.buffers[o.sum][lo:hi], s.frozenIn(lo, hi)
	if o.adaptive {
		k.Adaptive(x, g, origin, sum, s.buffers[o.squares][lo:hi], o.metrics[s.number][lo:hi], frozen)
		return
	}
	k.Update(x, g, origin, sum, frozen)
}

// mixed takes values from W̃ to W.
func (o *dualAverage) mixed(s *slot, lo, hi int) {
	kernel.Blend(s.value[lo:hi], o.before[s.number][lo:hi], o.blend)
}

// diagonal returns P of the present step; nil for a parameter that is not trained.
func (o *dualAverage) diagonal(p *nn.Param) []float32 {
	k, ok := o.index[p]
	if !ok {
		return nil
	}
	return o.metrics[k]
}

// lastStage finds the update before which the last stage begins, and the number
// of updates in it: 0 and 0 when the training ahead is not known.
func lastStage(steps int, rate func(step int) float64) (start, length float64) {
	if steps == 0 || rate == nil {
		return 0, 0
	}
	first := 0
	before := float32(rate(0))
	for k := 1; k < steps; k++ {
		r := float32(rate(k))
		if r < before {
			first = k
		}
		before = r
	}
	return float64(first), float64(steps - first)
}
