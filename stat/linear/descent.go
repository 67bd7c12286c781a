package linear

import (
	"math"

	"pare/internal/dense"
	"pare/internal/f64"
)

// smooth is a quadratic function of the coefficients of a working set, at a point
// that moves.
type smooth interface {
	// gradient returns −∂/∂βⱼ.
	gradient(j int) float64
	// move adds d to coefficient j.
	move(j int, d float64)
	// settle minimises over the intercept and returns the magnitude of its derivative
	// before.
	settle() float64
	// state holds values that are linear in the coefficients and the intercept. Writing to
	// it moves the point.
	state() []float64
	// value is the function, up to a constant.
	value() float64
}

// descent minimises smooth(β) + Σ l1|βⱼ| + l2/2 βⱼ² within bounds, by coordinates.
type descent struct {
	smooth
	beta, curve   []float64 // curve is the second derivative of smooth
	l1, l2        []float64
	lower, upper  []float64 // nil: none
	active        []int
	history       history
	sweeps, limit int
}

// sweep minimises over the coordinates of list, nil: all, in turn, and returns the
// largest violation of the optimality conditions that it met.
func (d *descent) sweep(list []int) float64 {
	worst := 0.0
	n := len(list)
	if list == nil {
		n = len(d.beta)
	}
	for k := range n {
		j := k
		if list != nil {
			j = list[k]
		}
		worst = max(worst, d.step(j))
	}
	d.sweeps++
	return max(worst, d.settle())
}

func (d *descent) step(j int) float64 {
	old, curve := d.beta[j], d.curve[j]
	g := d.gradient(j)
	if old == 0 && math.Abs(g) <= d.l1[j] || curve == 0 {
		return 0
	}
	z, now := g+curve*old, 0.0
	if l := d.l1[j]; z > l {
		now = (z - l) / (curve + d.l2[j])
	} else if z < -l {
		now = (z + l) / (curve + d.l2[j])
	}
	if d.lower != nil {
		now = min(max(now, d.lower[j]), d.upper[j])
	}
	if now == old {
		return 0
	}
	d.beta[j] = now
	d.move(j, now-old)
	if math.Abs(now-old) <= 0x1p-51*math.Abs(old) {
		return 0 // no float64 is nearer
	}
	return (curve + d.l2[j]) * math.Abs(now-old)
}

// staleSweeps is the number of sweeps without a smaller violation after which only rounding
// error is left.
const staleSweeps = 1000

// solve sweeps until no violation exceeds target, rounding keeps it from getting less,
// or limit sweeps are over. finish, unless nil, may move to the minimum on the support;
// it reports whether it did.
func (d *descent) solve(target float64, finish func() bool) {
	least, stale := math.Inf(1), 0
	for d.sweeps < d.limit && stale < staleSweeps {
		worst := d.sweep(nil)
		if worst <= target {
			return
		}
		if stale++; worst < 0.9*least {
			least, stale = worst, 0
		}
		if finish != nil && finish() {
			continue
		}
		d.accelerate(target)
	}
}

// support lists the coordinates that are not zero.
func (d *descent) support() []int {
	d.active = d.active[:0]
	for j, b := range d.beta {
		if b != 0 {
			d.active = append(d.active, j)
		}
	}
	return d.active
}

// accelerate sweeps over the support, with an extrapolation after every few sweeps.
func (d *descent) accelerate(target float64) {
	list := d.support()
	d.history.clear()
	d.history.push(d.beta, list, d.state())
	for d.sweeps < d.limit {
		if d.sweep(list) <= target {
			return
		}
		if d.history.push(d.beta, list, d.state()) {
			d.extrapolate(list, func() float64 { return d.penalty(list) })
			d.history.clear()
			d.history.push(d.beta, list, d.state())
		}
	}
}

// extrapolate goes to the combination of the past sweeps if that is lower.
func (d *descent) extrapolate(list []int, penalty func() float64) {
	beta, state, ok := d.history.combine()
	if !ok {
		return
	}
	for k, j := range list {
		if d.lower != nil && (beta[k] < d.lower[j] || beta[k] > d.upper[j]) {
			return
		}
	}
	before := d.value() + penalty()
	for k, j := range list {
		beta[k], d.beta[j] = d.beta[j], beta[k]
	}
	now := d.state()
	for i := range now {
		state[i], now[i] = now[i], state[i]
	}
	if after := d.value() + penalty(); after < before {
		return
	}
	for k, j := range list {
		d.beta[j] = beta[k]
	}
	copy(now, state)
}

func (d *descent) penalty(list []int) float64 {
	sum := 0.0
	for _, j := range list {
		b := d.beta[j]
		sum += d.l1[j]*math.Abs(b) + d.l2[j]/2*b*b
	}
	return sum
}

// moves reports whether coordinate j is not held at zero or at a bound.
func (d *descent) moves(j int) bool {
	if d.beta[j] == 0 {
		return d.l1[j] == 0 && d.l2[j] == 0
	}
	return d.lower == nil || d.beta[j] > d.lower[j] && d.beta[j] < d.upper[j]
}

// depth is the number of differences that an extrapolation combines.
const depth = 5

// history keeps the coefficients after the last sweeps, with the states that are linear in
// them, for Anderson acceleration (Bertrand & Massias 2021): the combination Σ cₖβₖ with Σ
// cₖ = 1 that has the shortest vector of differences, Σ cₖ(βₖ₊₁−βₖ).
type history struct {
	count  int
	betas  [depth + 1][]float64
	states [depth + 1][]float64
	diff   [depth][]float64
}

func (h *history) clear() { h.count = 0 }

// push records the coefficients of list and the state; it returns whether there are
// enough for an extrapolation.
func (h *history) push(beta []float64, list []int, state []float64) bool {
	b := h.betas[h.count][:0]
	for _, j := range list {
		b = append(b, beta[j])
	}
	h.betas[h.count] = b
	h.states[h.count] = append(h.states[h.count][:0], state...)
	h.count++
	return h.count == depth+1
}

// combine returns the extrapolated coefficients and state, which the caller may
// change, or false if the differences do not determine them.
func (h *history) combine() (beta, state []float64, ok bool) {
	for k := range depth {
		h.diff[k] = append(h.diff[k][:0], h.betas[k+1]...)
		f64.Axpy(-1, h.betas[k], h.diff[k])
	}
	var gram [depth][depth]float64
	trace := 0.0
	for i := range depth {
		for j := range i + 1 {
			gram[i][j] = f64.Dot(h.diff[i], h.diff[j])
			gram[j][i] = gram[i][j]
		}
		trace += gram[i][i]
	}
	if !(trace > 0) {
		return nil, nil, false
	}
	factor, kept := dense.Independent(depth, func(i, j int) float64 {
		if i == j {
			return gram[i][i] + 1e-10*trace
		}
		return gram[i][j]
	})
	if len(kept) < depth {
		return nil, nil, false
	}
	c := make([]float64, depth)
	for k := range c {
		c[k] = 1
	}
	factor.Solve(c)
	sum := 0.0
	for _, w := range c {
		sum += w
	}
	// The later point of each difference is combined.
	beta, state = h.diff[0], h.states[0]
	clear(beta)
	clear(state)
	for k := range depth {
		w := c[k] / sum
		f64.Axpy(w, h.betas[k+1], beta)
		f64.Axpy(w, h.states[k+1], state)
	}
	return beta, state, true
}
