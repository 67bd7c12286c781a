package train

import (
	"math"

	"pare/internal/kernel/prox"
	"pare/nn"
)

var _ Optimizer = (*dualAverage)(nil)

var rmdaKind = optimizerKind{
	Kind: Kind{Name: "rmda", Doc: "regularised dual averaging with momentum: zeros settle before the end of training",
		Options: []string{"lr", "momentum", "weight_decay", "decay_all"}},
	stages: true,
	make:   func(s OptimizerSpec, setup Setup, c *core) Optimizer { return newDualAverage(s, setup, c, false) },
}

var ramdaKind = optimizerKind{
	Kind: Kind{Name: "ramda", Doc: "rmda with steps scaled by the cube root of the summed squares of each gradient",
		Options: []string{"lr", "momentum", "weight_decay", "decay_all", "eps"}},
	stages: true,
	make:   func(s OptimizerSpec, setup Setup, c *core) Optimizer { return newDualAverage(s, setup, c, true) },
}

// dualAverage is RMDA (Huang & Lee 2022, "Training structured neural networks
// through manifold identification and variance reduction", algorithm 1), which is
// MDA of Jelassi & Defazio 2020 with a proximal map. In update t of a stage, with
// learning rate η, gradient g, and the parameters W₀ at the start of the stage,
//
//	s = η√t,  β = √t,  α = Σs
//	V ← V + s·g
//	W̃ = prox_{(α/β)ψ}(W₀ − V/β)
//	W ← (1−c)·W + c·W̃
//
// RAMDA (Huang & Lee 2024, "Regularized adaptive momentum dual averaging with an
// efficient inexact subproblem solver for training structured neural network",
// algorithm 1) has β = 1 and a metric:
//
//	U ← U + s·g²,  P = ∛U + ε
//	W̃ = argmin ½‖W − (W₀ − V/P)‖²_P + α·ψ(W)
//
// for which the proximal maps of this project are exact, so that it needs no inner
// iteration. The noise of gradients averages out in V/β, so that from some step on
// W̃ has the zeros of the solution; prox-SGD's keep changing.
//
// A stage ends where the rate falls: the sums begin anew at the present
// parameters, and ε falls with the rate. W is a mixture and has the zeros of W̃
// only when c is 1. So c grows in the last stage, as min(1, c√k) in its k-th
// update, but so that it is 1 from the middle of the stage on at the latest.
type dualAverage struct {
	*core
	adaptive             bool
	share                float64 // c; 1 − momentum
	eps                  float64
	lastStart, lastSteps float64 // update before the last stage, updates in it; 0: no end is known
	kernel               prox.DualAverage

	origin, sum, squares int // buffers

	stage   []float32   // part of the state: see the constants
	blend   float32     // c of the present step
	before  [][]float32 // W of the last step, per slot
	metrics [][]float32 // P, per slot; of RAMDA alone
	mix     func(s *slot, lo, hi int)
	metric  func(*nn.Param) []float32 // nil for RMDA
}

// What dualAverage.stage holds.
const (
	stageStep  = iota // t
	stageAlpha        // α
	stageRate         // the rate of the last update
	stageEps          // factor on ε
	stageSize
)

func newDualAverage(s OptimizerSpec, setup Setup, c *core, adaptive bool) *dualAverage {
	o := &dualAverage{core: c, adaptive: adaptive, share: 1 - s.Momentum, eps: orDefault(s.Eps, 1e-6),
		stage: make([]float32, stageSize), before: scratch(c.slots)}
	o.lastStart, o.lastSteps = lastStage(setup.Steps, setup.Rate)
	o.origin, o.sum = c.addBuffer("origin"), c.addBuffer("gradients")
	if adaptive {
		o.squares = c.addBuffer("squares")
		o.metrics = scratch(c.slots)
		o.metric = o.diagonal
	}
	c.extra = append(c.extra, NamedTensor{"stage", o.stage})
	c.update, o.mix = o.piece, o.mixed
	c.shareAll()
	return o
}

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

	o.kernel = prox.DualAverage{Scale: float32(gradScale), Weight: float32(s), Over: float32(1 / root),
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
	prox.Blend(s.value[lo:hi], o.before[s.number][lo:hi], o.blend)
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
