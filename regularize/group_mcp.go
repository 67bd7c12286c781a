package regularize

import (
	"fmt"
	"math"
)

// GroupMCP is f(w) = r − α·r²/2 of the norm r = ‖w‖₂, constant from r = 1/α on:
// the group form of the minimax concave penalty (Zhang 2010; Breheny & Huang 2015).
// It pulls like group lasso on small groups and not at all on large ones, so what
// stays is not shrunk. It is not convex: what training finds depends on where it
// starts.
type GroupMCP struct {
	Alpha float64 // in (0, 1]: one over the norm from which nothing pulls
}

var (
	_ Penalty = (*GroupMCP)(nil)
	_ Radial  = (*GroupMCP)(nil)
	_ Mixed   = (*GroupMCP)(nil)
)

func init() {
	Register("group_mcp", "group lasso that leaves groups of norm 1/alpha or more alone", func() Penalty { return &GroupMCP{} })
}

func (*GroupMCP) Kind() string { return "group_mcp" }

// SetAlpha implements Mixed.
func (p *GroupMCP) SetAlpha(alpha float64) error {
	if !(alpha > 0 && alpha <= 1) {
		return fmt.Errorf("%g is not in (0, 1]; groups of norm 1/alpha and more are left alone", alpha)
	}
	p.Alpha = alpha
	return nil
}

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

func (p *GroupMCP) Prox(w []float32, tau float32) {
	switch f := p.Shrink(norm(w), float64(tau)); f {
	case 0:
		clear(w)
	case 1:
	default:
		for i, v := range w {
			w[i] = float32(float64(v) * f)
		}
	}
}

// ProxMetric completes the square: with metric d − τα in place of d the problem is
// that of group lasso, so θ = ‖x‖ solves Σ(dᵢwᵢ/((dᵢ−τα)θ+τ))² = 1, or the group
// is beyond the bend and stays. Where a dᵢ is at most τα the function has no single
// valley, and the group stays or goes as a whole, whichever costs less.
func (p *GroupMCP) ProxMetric(w, d []float32, tau float32) {
	t := float64(tau)
	if t <= 0 {
		return
	}
	bend := t * p.Alpha
	least, squares, cost := math.Inf(1), 0.0, 0.0
	for i, v := range w {
		di, v := float64(d[i]), float64(v)
		least = min(least, di)
		squares += v * v
		cost += di * v * v / 2
	}
	n := math.Sqrt(squares)
	if least <= bend {
		if cost <= t*p.Phi(n) {
			clear(w)
		}
		return
	}
	at := func(theta float64) (sum float64) {
		for i, v := range w {
			di := float64(d[i])
			q := di * float64(v) / ((di-bend)*theta + t)
			sum += q * q
		}
		return sum
	}
	limit := 1 / p.Alpha
	switch {
	case at(0) <= 1:
		clear(w)
		return
	case !(at(limit) < 1): // beyond the bend, or NaN, which is passed on
		return
	}
	lo, hi := 0.0, limit
	for range bisections {
		if mid := (lo + hi) / 2; at(mid) > 1 {
			lo = mid
		} else {
			hi = mid
		}
	}
	theta := (lo + hi) / 2
	for i, v := range w {
		di := float64(d[i])
		w[i] = float32(theta * di * float64(v) / ((di-bend)*theta + t))
	}
}

// bisections halve an interval to float32's precision.
const bisections = 30
