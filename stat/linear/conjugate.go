package linear

import (
	"math"
	"slices"

	"pare/internal/f64"
)

// operator is smooth that can multiply with its second derivatives.
type operator interface {
	smooth
	// gradients sets out to the gradients of all features.
	gradients(out []float64)
	// product sets out to the second derivatives times x, the intercept eliminated.
	product(out, x []float64)
	// shift adds x to the coefficients, the intercept excepted.
	shift(x []float64)
}

// conjugate takes Newton steps on a support that is too large for a factor, by
// conjugate gradients with the diagonal as preconditioner: the number of products is in
// proportion to the root of the condition number, the number of sweeps to the condition
// number itself.
type conjugate struct {
	list, held []int     // features that move, and those that do not
	inverse    []float64 // of the diagonal; these are by feature of the working set
	rest       []float64 // minus the gradient that is left
	along      []float64
	move, out  []float64
	scaled     []float64
	steps      []float64
	point      []float64
	clean      bool // the last step changed no sign
}

// mostProducts bounds the products of one step.
const mostProducts = 200

// mostUnclean is the number of steps in a row that changed signs after which sweeps take
// over: the support is then far from the final one, perhaps larger than the number of
// observations.
const mostUnclean = 3

// roughStep is the part of the violation at the start of a step that is left as long as
// steps change signs, so that the support is not the final one.
const roughStep = 0.1

// minimize is descent.solve by these steps, and returns whether no violation exceeds target.
// Every product counts as a sweep.
func (c *conjugate) minimize(d *descent, op operator, target float64) bool {
	c.clean = false
	unclean := 0
	least, stale := math.Inf(1), 0
	for d.sweeps < d.limit && stale < staleSteps {
		var worst float64
		if unclean++; c.clean {
			unclean = 0
		}
		if unclean <= mostUnclean {
			worst = c.activate(d, op)
		} else {
			worst = d.sweep(nil)
		}
		if worst <= target {
			return true
		}
		if stale++; worst < 0.9*least {
			least, stale = worst, 0
		}
		if worst = c.begin(d, op); worst > 0 {
			wanted := 0.6 * target
			if !c.clean {
				wanted = max(wanted, roughStep*worst)
			}
			c.solve(d, op, wanted)
			c.step(d, op)
		}
	}
	return false
}

// activate minimises over the coordinates that are held although that violates the
// optimality conditions, and returns the largest violation that there was. The other
// coordinates are left to the steps, which take fewer passes over the columns than
// sweeps do.
func (c *conjugate) activate(d *descent, op operator) float64 {
	d.sweeps++
	c.rest = zeros(c.rest, len(d.beta))
	op.gradients(c.rest)
	worst := 0.0
	for j, b := range d.beta {
		if d.moves(j) {
			g := c.rest[j] - d.l2[j]*b
			if b != 0 {
				g -= math.Copysign(d.l1[j], b)
			}
			if d.curve[j] > 0 {
				worst = max(worst, math.Abs(g))
			}
		} else if b != 0 || math.Abs(c.rest[j]) > d.l1[j] {
			worst = max(worst, d.step(j))
		}
	}
	return max(worst, d.settle())
}

// staleSteps is the number of steps without a smaller violation after which only rounding
// error is left.
const staleSteps = 100

// begin lists the features that move, and returns their largest violation.
func (c *conjugate) begin(d *descent, op operator) float64 {
	m := len(d.beta)
	c.rest, c.inverse, c.move = zeros(c.rest, m), zeros(c.inverse, m), zeros(c.move, m)
	c.along, c.out, c.scaled = zeros(c.along, m), zeros(c.out, m), zeros(c.scaled, m)
	c.list, c.held = c.list[:0], c.held[:0]
	op.gradients(c.rest)
	worst := 0.0
	for j, b := range d.beta {
		curve := d.curve[j] + d.l2[j]
		g := c.rest[j] - d.l2[j]*b
		if b != 0 {
			g -= math.Copysign(d.l1[j], b)
		}
		if curve > 0 && d.moves(j) {
			c.list = append(c.list, j)
			c.inverse[j], c.rest[j] = 1/curve, g
			worst = max(worst, math.Abs(g))
			continue
		}
		c.held = append(c.held, j)
		c.rest[j] = 0
	}
	return worst
}

// solve sets move to the minimum of the quadratic function, until no violation exceeds
// target.
func (c *conjugate) solve(d *descent, op operator, target float64) {
	f64.Mul(c.along, c.inverse, c.rest)
	size := f64.Dot(c.along, c.rest)
	square := size // of along, in the metric of the diagonal
	for range mostProducts {
		if d.sweeps == d.limit {
			return
		}
		d.sweeps++
		op.product(c.out, c.along)
		for _, j := range c.held {
			c.out[j] = 0
		}
		f64.MulAxpy(1, d.l2, c.along, c.out)
		curve := f64.Dot(c.along, c.out)
		if !(curve > flat*square) {
			return
		}
		t := size / curve
		f64.Axpy(t, c.along, c.move)
		f64.Axpy(-t, c.out, c.rest)
		f64.Mul(c.scaled, c.inverse, c.rest)
		next := f64.Dot(c.scaled, c.rest)
		if largest(c.rest) <= target {
			return
		}
		ratio := next / size
		f64.Axpy(ratio, c.along, c.scaled)
		c.along, c.scaled = c.scaled, c.along
		size, square = next, next+ratio*ratio*square
	}
}

// flat is the curvature along a direction, over the one that it would have with independent
// columns, that is rounding: of columns that are copies, with different signs.
const flat = 1e-14

func largest(x []float64) float64 {
	worst := 0.0
	for _, v := range x {
		if v = math.Abs(v); v > worst {
			worst = v
		}
	}
	return worst
}

// step goes to the minimum. Coefficients that would change their sign become zero; if
// that does not lower the function the step ends with the first one.
func (c *conjugate) step(d *descent, op operator) {
	c.steps = c.steps[:0]
	for _, j := range c.list {
		c.steps = append(c.steps, c.move[j])
	}
	most, _, _ := reach(c.list, c.steps, 1, d)
	c.clean = most == 1
	if c.clean {
		c.shift(d, op, 1)
		return
	}
	beta := slices.Clone(d.beta)
	c.point = append(c.point[:0], op.state()...)
	before := d.value() + d.penalty(c.list)
	c.shift(d, op, 1)
	if d.value()+d.penalty(c.list) < before {
		return
	}
	copy(d.beta, beta)
	copy(op.state(), c.point)
	c.shift(d, op, most)
}

// shift adds t times move, cut where a sign would change or a bound be passed.
func (c *conjugate) shift(d *descent, op operator, t float64) {
	clear(c.out)
	for _, j := range c.list {
		b := d.beta[j]
		next := b + t*c.move[j]
		if d.l1[j] > 0 && b*next < 0 {
			next = 0
		}
		if d.lower != nil {
			next = min(max(next, d.lower[j]), d.upper[j])
		}
		d.beta[j], c.out[j] = next, next-b
	}
	op.shift(c.out)
	op.settle()
}
