package regularize

import (
	"math"

	"pare/internal/kernel"
)

// GroupLasso is f(w) = ‖w‖₂ (Yuan & Lin 2006): all values of the group become 0
// together. The usual factor √|g| is the scale of a Spec.
type GroupLasso struct{}

var (
	_ Penalty = GroupLasso{}
	_ Radial  = GroupLasso{}
)

func init() {
	Penalties.Register("group_lasso", "Euclidean norm: the group becomes zero as a whole", func() Kind { return GroupLasso{} })
}

func (GroupLasso) Kind() string { return "group_lasso" }

func (GroupLasso) Value(w []float32) float64 { return norm(w) }

// Phi implements Radial.
func (GroupLasso) Phi(norm float64) float64 { return norm }

// Shrink implements Radial: max(0, 1−τ/‖w‖).
func (GroupLasso) Shrink(norm, tau float64) float64 {
	if norm <= tau {
		return 0
	}
	return 1 - tau/norm
}

func (GroupLasso) Subgradient(dst, w []float32) {
	n := norm(w)
	if n == 0 {
		clear(dst)
		return
	}
	for i, v := range w {
		dst[i] = float32(float64(v) / n)
	}
}

// Prox is w·max(0, 1−τ/‖w‖₂) in the Euclidean metric. In the metric d it is 0 when ‖d⊙w‖ ≤
// τ; else θ = ‖x‖ solves Σ(dᵢwᵢ/(dᵢθ+τ))² = 1 and xᵢ = θ·dᵢwᵢ/(dᵢθ+τ) (Deleu & Bengio
// 2021). Terms do not call Prox in the Euclidean metric but apply Shrink to all groups of
// a parameter in two passes, layout.addSquares and layout.multiply; in a metric they
// gather the groups (tile.go) and call it for each.
func (p GroupLasso) Prox(w, d []float32, tau float32) {
	if d == nil {
		shrink(p, w, tau)
		return
	}
	t := float64(tau)
	if t <= 0 {
		return
	}
	theta := metricNorm(w, d, t)
	if theta == 0 {
		clear(w)
		return
	}
	kernel.MetricShrink(w, d, theta, t)
}

const (
	maxNewton = 60 // bisections to float64's precision, should Newton not converge
	// newtonStep is the relative length of the last Newton step. θh''/h' of
	// h = φ^−½ is three times the difference of two weighted means of
	// dθ/(dθ+τ), which lie in (0, 1), so a step of relative length δ leaves a
	// relative error of at most about 1.5·δ²: 6e-8, float32's precision.
	newtonStep = 2e-4
)

// metricNorm solves φ(θ) = Σ(dᵢwᵢ/(dᵢθ+τ))² = 1 for θ, 0 when φ(0) ≤ 1. Newton's
// method runs on φ^−½, which is concave and nearly straight (the secular equation
// of trust regions, Moré & Sorensen 1983): from the left of the root it converges
// from the left. The bracket catches rounding errors.
func metricNorm(w, d []float32, tau float64) float64 {
	lo, hi := metricBracket(w, d, tau)
	if !(hi > 0) { // zero, or NaN, which is passed on
		return hi
	}
	theta := lo
	for range maxNewton {
		phi, psi := kernel.MetricSecular(w, d, theta, tau)
		if phi >= 1 {
			lo = max(lo, theta)
		} else {
			hi = min(hi, theta)
		}
		next := theta + phi*(math.Sqrt(phi)-1)/psi
		if math.Abs(next-theta) < newtonStep*next {
			return next
		}
		if !(next > lo && next < hi) {
			next = lo + (hi-lo)/2
		}
		theta = next
	}
	return theta
}

// metricBracket bounds the root: replacing every dᵢ in a denominator by the
// smallest or largest one bounds φ on either side. hi is 0 when the group is 0.
func metricBracket(w, d []float32, tau float64) (lo, hi float64) {
	b := kernel.MetricBounds(w, d)
	dMin, dMax := float64(b.DMin), float64(b.DMax)
	n, excess := math.Sqrt(b.Squares), math.Sqrt(b.Scaled)-tau
	if excess <= 0 {
		return 0, 0
	}
	lo = max(0, excess/dMax, n-tau/dMin)
	hi = min(n, excess/dMin)
	return lo, hi
}

// norm is ‖w‖₂, accumulated in float64.
func norm(w []float32) float64 { return math.Sqrt(kernel.SumSquares(w)) }
