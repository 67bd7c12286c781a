package linear

import (
	"cmp"
	"fmt"
	"math"
)

// MCP is the minimax concave penalty (Zhang 2010) of each coefficient, with l = λω:
// l|β| − β²/(2γ) up to |β| = γl, and γl²/2 beyond, so that large coefficients are not shrunk.
// Fits are stationary points, those that a path from the largest λ leads to; they have
// Model.Stationarity in place of a gap.
type MCP struct {
	Gamma float64 // above 1; 0: 3
}

// SCAD is the smoothly clipped absolute deviation (Fan & Li 2001), with l = λω: l|β| up to
// |β| = l, (2γl|β| − β² − l²)/(2(γ−1)) up to γl, and l²(γ+1)/2 beyond. Fits are as with MCP.
type SCAD struct {
	Gamma float64 // above 2; 0: 3.7
}

func (p MCP) check() error {
	if p.Gamma != 0 && !(p.Gamma > 1 && p.Gamma < math.Inf(1)) {
		return fmt.Errorf("linear: gamma %v of MCP is not above 1", p.Gamma)
	}
	return nil
}

func (p SCAD) check() error {
	if p.Gamma != 0 && !(p.Gamma > 2 && p.Gamma < math.Inf(1)) {
		return fmt.Errorf("linear: gamma %v of SCAD is not above 2", p.Gamma)
	}
	return nil
}

func (MCP) lasso() float64 { return 1 }

func (SCAD) lasso() float64 { return 1 }

func (p MCP) bind(t *task) penalty {
	gamma := cmp.Or(p.Gamma, 3)
	return folded{elasticNet{t}, func(l, b float64) (value, slope float64) {
		if b >= gamma*l {
			return gamma * l * l / 2, 0
		}
		return l*b - b*b/(2*gamma), l - b/gamma
	}}
}

func (p SCAD) bind(t *task) penalty {
	gamma := cmp.Or(p.Gamma, 3.7)
	return folded{elasticNet{t}, func(l, b float64) (value, slope float64) {
		switch {
		case b <= l:
			return l * b, l
		case b < gamma*l:
			return (2*gamma*l*b - b*b - l*l) / (2 * (gamma - 1)), (gamma*l - b) / (gamma - 1)
		}
		return l * l * (gamma + 1) / 2, 0
	}}
}

// folded is a penalty that is concave in |β|. It is minimised by lassos that touch it from
// above at the present coefficients, so that the objective decreases (local linear
// approximation: Zou & Li 2008).
type folded struct {
	elasticNet
	// of returns the penalty and its slope where |β| is b ≥ 0 and λω is l.
	of func(l, b float64) (value, slope float64)
}

func (p folded) convex() bool { return false }

func (p folded) value(lambda float64, beta []float64, set []int) float64 {
	sum := 0.0
	for _, j := range set {
		if b := beta[j]; b != 0 && p.factor[j] != 0 {
			value, _ := p.of(lambda*p.factor[j], math.Abs(b))
			sum += value
		}
	}
	return sum
}

func (p folded) tangent(lambda float64, j int, b float64) (l1, l2 float64) {
	_, slope := p.of(lambda*p.factor[j], math.Abs(b))
	return slope, 0
}

func (p folded) violation(f *fitter, lambda float64, c func(int) float64) float64 {
	worst := 0.0
	for _, j := range f.set {
		b, g := f.beta[j], c(j)
		l1, _ := p.tangent(lambda, j, b)
		over := max(0, math.Abs(g)-l1)
		if b != 0 {
			g -= math.Copysign(l1, b)
			over = math.Abs(g)
		}
		if lower, upper := p.limits(j); g > 0 && b < upper || g < 0 && b > lower {
			worst = max(worst, over)
		}
	}
	return worst
}

// mostTangents bounds the lassos of one step.
const mostTangents = 100

// step goes on with the next lasso as long as the gradients of the Gram matrix are good enough,
// without the residuals.
func (p folded) step(f *fitter, lambda, target float64) {
	for range mostTangents {
		p.elasticNet.step(f, lambda, target/2)
		if f.held == nil || f.fine(target/2) || f.descent.sweeps >= f.descent.limit {
			return
		}
		worst := 0.0
		for k, j := range f.set {
			l1, _ := p.tangent(lambda, j, f.beta[j])
			worst = max(worst, math.Abs(l1-f.descent.l1[k]))
		}
		if worst <= target/2 {
			return
		}
	}
}

// solveStationary goes to a stationary point for λ: each round solves on the working set and
// admits features that violate the conditions.
func (f *fitter) solveStationary(lambda float64) outcome {
	f.trim()
	f.allow(lambda, false)
	f.aged = true
	var out outcome
	goal := f.stationary()
	for {
		f.inner(lambda, max(goal/2, f.floor()), &out)
		f.project(lambda)
		f.look(f.pen.bound(lambda * f.t.alpha))
		if !f.enter(f.missing(lambda)) || out.iterations >= f.limit {
			break
		}
	}
	out.loss = f.loss.value(f.eta)
	out.objective = out.loss + f.pen.value(lambda, f.beta, f.set)
	out.gap = math.NaN()
	violation := f.violation(lambda)
	out.stationarity = violation / f.t.largest
	out.converged = violation <= goal
	return out
}

// stationary is the violation of the conditions to reach.
func (f *fitter) stationary() float64 { return f.tolerance * math.Sqrt(2*f.unit) * f.t.largest }
