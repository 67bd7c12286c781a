package regularize

import (
	"math"

	"pare/internal/kernel/prox"
)

// GroupMCP is f(w) = r − α·r²/2 of the norm r = ‖w‖₂, constant from r = 1/α on: the group
// form of the minimax concave penalty (Zhang 2010; Breheny & Huang 2015). It pulls like
// group lasso on small groups and not at all on large ones, so the groups that stay are
// not shrunk. It is not convex: the result of training depends on its start.
type GroupMCP struct {
	Alpha float64 `yaml:"alpha" required:"true" range:"(0,1]" doc:"one over the norm from which groups are left alone"`
}

var (
	_ Penalty = (*GroupMCP)(nil)
	_ Radial  = (*GroupMCP)(nil)
)

func init() {
	Penalties.Register("group_mcp", "group lasso that leaves groups of norm 1/alpha or more alone", func() Kind { return &GroupMCP{} })
}

func (*GroupMCP) Kind() string { return "group_mcp" }

func (p *GroupMCP) Value(w []float32) float64 { return p.Phi(norm(w)) }

// Phi implements Radial.
func (p *GroupMCP) Phi(norm float64) float64 {
	if norm >= 1/p.Alpha {
		return 1 / (2 * p.Alpha)
	}
	return norm - p.Alpha/2*norm*norm
}

// Shrink implements Radial. Where τα ≥ 1 no interior point is a minimum, and the
// group stays or goes as a whole, whichever costs less.
func (p *GroupMCP) Shrink(norm, tau float64) float64 {
	bend := tau * p.Alpha
	switch {
	case norm >= 1/p.Alpha && norm*norm >= tau/p.Alpha:
		return 1
	case bend >= 1 || norm <= tau:
		if norm != norm {
			return norm
		}
		return 0
	}
	return (1 - tau/norm) / (1 - bend)
}

func (p *GroupMCP) Subgradient(dst, w []float32) {
	n := norm(w)
	if n == 0 {
		clear(dst)
		return
	}
	slope := max(0, 1-p.Alpha*n) / n
	for i, v := range w {
		dst[i] = float32(float64(v) * slope)
	}
}

// Prox scales the group by Shrink in the Euclidean metric. In the metric d it
// minimises over the norm θ = ‖x‖. For θ below 1/α the best x of that norm is a
// stationary point where A(θ) = Σ(dᵢwᵢ/(dᵢθ+τ(1−αθ)))² = 1, and the objective falls
// where A > 1 and rises where A < 1. A^−½ is concave, a power mean of linear functions,
// so A falls to 1 at one place at most: that, or zero where A(0) ≤ 1, is one minimum. The
// other one is the unchanged group, where its norm is 1/α or more. The lower one is the
// minimiser, whatever d is.
func (p *GroupMCP) Prox(w, d []float32, tau float32) {
	if d == nil {
		shrink(p, w, tau)
		return
	}
	t := float64(tau)
	if t <= 0 {
		return
	}
	b := prox.MetricBounds(w, d)
	if b.Squares != b.Squares { // NaN is passed on
		return
	}
	beyond := math.Sqrt(b.Squares) >= 1/p.Alpha
	theta := 0.0
	if !(b.Scaled <= t*t) {
		theta = p.metricNorm(w, d, t, b)
	}
	switch {
	case theta*p.Alpha >= 1 || beyond && p.cost(w, d, theta, t) >= t/(2*p.Alpha): // it stays
	case theta == 0:
		clear(w)
	default:
		prox.MetricShrink(w, d, theta, t*(1-p.Alpha*theta))
	}
}

// mcpStep is the relative length of the last Newton step. Where A hardly falls below 1,
// steps of group lasso's length would leave more than a rounding error.
const mcpStep = 1e-6

// metricNorm finds the least θ with A(θ) = 1, given A(0) > 1; 1/α if there is none below,
// and NaN for NaN. Newton's method on A^−½, which is concave, approaches it from the left.
func (p *GroupMCP) metricNorm(w, d []float32, tau float64, b prox.GroupBounds) float64 {
	limit := 1 / p.Alpha
	// With the largest d in all denominators A is not larger.
	theta := (math.Sqrt(b.Scaled) - tau) / (float64(b.DMax) - tau*p.Alpha)
	if theta < 0 {
		return limit
	}
	for range maxNewton {
		if theta >= limit {
			return limit
		}
		rest := 1 - p.Alpha*theta
		a, psi := prox.MetricSecular(w, d, theta, tau*rest)
		step := a * (math.Sqrt(a) - 1) * rest / (psi - p.Alpha*a)
		switch {
		case a <= 1: // rounding
			return theta
		case psi <= p.Alpha*a: // A rises from here on
			return limit
		}
		if theta += step; !(step >= mcpStep*theta) {
			return theta
		}
	}
	return theta
}

// cost is the objective at the best x of norm theta below 1/α.
func (p *GroupMCP) cost(w, d []float32, theta, tau float64) float64 {
	sum, rest := tau*p.Phi(theta), tau*(1-p.Alpha*theta)
	for i, v := range w {
		q := float64(d[i])
		move := float64(v)
		if theta > 0 {
			move *= rest / (q*theta + rest)
		}
		sum += q * move * move / 2
	}
	return sum
}
