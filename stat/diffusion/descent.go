package diffusion

import (
	"cmp"
	"math"
	"slices"

	"pare/internal/dense"
)

// descent is coordinate descent on working sets for a part of the kernel,
//
//	min ½hᵀGh − bᵀh + ½c + λΣωⱼ|hⱼ|
//
// with G, b and c from the moments. It starts from the solution for the λ before.
type descent struct {
	part
	prob      *Problem
	power     float64 // c
	tolerance float64 // of the gap, relative to ½c
	limit     int     // of passes for one λ
	least     int     // size up to which a working set takes all violations

	coordinates []int   // those that may differ from zero, rising
	set         []int   // the working set, in the order of a sweep
	solved      float64 // the λ that h belongs to
}

// part is a row of the kernel, or with Problem.Symmetric all of it.
// The correlation of a coordinate is minus the derivative of the loss, (b − Gh)ⱼ.
type part interface {
	// at returns hⱼ, its correlation, bⱼ and ωⱼ.
	at(j int) (h, g, b, w float64)
	// start sets hⱼ to the minimum with all others zero.
	start(j int)
	// sweeps passes over the working set until its gap is at most target, and computes all
	// correlations anew, so that rounding does not add up along the path. It returns the
	// number of passes.
	sweeps(lambda, target float64, limit int) int
	// correlate computes all correlations anew.
	correlate()
	// factorise prepares leastSquares and freeGap for the coordinates that may move. It
	// returns false if their Gram matrix is singular.
	factorise() bool
	// leastSquares moves to the solution at λ = 0, or near it.
	leastSquares()
	// freeGap is the gap at λ = 0 of the coordinates in list; at(k) returns the k-th of
	// them.
	freeGap(list []int, at func(k int) (h, g, b, w float64)) float64
	// restrict moves to a kernel, whose support may move alone.
	restrict(k Kernel)
	// rows returns the rows of the part.
	rows() []Row
}

// fit is the end of a descent.
type fit struct {
	objective, gap float64
	iterations     int
	singular       bool // there is no fit
}

// begin starts at zero, except for a free diagonal: it is fitted first, so that at the
// largest λ no entries stand in for it.
func (d *descent) begin() {
	for _, j := range d.coordinates {
		if _, _, _, w := d.at(j); w == 0 {
			d.start(j)
		}
	}
	d.correlate()
	d.solved = 0
	for _, j := range d.coordinates {
		_, _, _, w := d.at(j)
		d.solved = max(d.solved, d.excess(j, 0)/max(1, w))
	}
}

// rough is the gap, relative to the objective, at which a λ on the way is left.
const rough = 0.001

// solve moves from the present point to the solution at λ. Where inputs are collinear the
// steps of coordinate descent along directions that do not change the loss are as small as
// λ: a tiny λ started from far away would take of the order of 1/λ passes. Values on the
// way, solved roughly, take a few each.
func (d *descent) solve(lambda float64) fit {
	target := d.tolerance * d.power / 2
	if lambda == 0 && !d.prob.NonNegative {
		d.leastSquares()
	}
	passes := 0
	for l := d.solved / 2; lambda > 0 && l > 1.5*lambda && passes < d.limit; l /= 2 {
		objective, _ := d.gap(l, d.coordinates, d.whole)
		passes += d.descend(l, max(target, rough*objective), d.limit-passes).iterations
	}
	f := d.descend(lambda, target, max(1, d.limit-passes))
	f.iterations += passes
	d.solved = lambda
	return f
}

// descend stops at a gap of at most the target.
func (d *descent) descend(lambda, target float64, limit int) fit {
	var f fit
	for {
		d.choose(lambda)
		f.iterations += d.sweeps(lambda, 0.3*target, limit-f.iterations)
		f.objective, f.gap = d.gap(lambda, d.coordinates, d.whole)
		if f.gap <= target || f.iterations >= limit || len(d.set) == 0 {
			return f
		}
	}
}

// whole is at for the coordinates that may move.
func (d *descent) whole(k int) (h, g, b, w float64) { return d.at(d.coordinates[k]) }

// excess is the amount by which the correlation of coordinate j exceeds the bound of the
// penalty.
func (d *descent) excess(j int, lambda float64) float64 {
	_, g, _, w := d.at(j)
	return max(0, d.prob.pull(g)-lambda*w)
}

// pull is how strongly a correlation moves an entry from zero.
func (p *Problem) pull(g float64) float64 {
	if p.NonNegative {
		return g
	}
	return math.Abs(g)
}

// shrink is the proximal map of the penalty.
func (p *Problem) shrink(z, lambda float64) float64 {
	switch {
	case z > lambda:
		return z - lambda
	case z < -lambda && !p.NonNegative:
		return z + lambda
	}
	return 0
}

// choose makes the working set: the coordinates that are not zero and, of those that
// violate their condition, the worst, at most as many again (or least).
func (d *descent) choose(lambda float64) {
	d.set = d.set[:0]
	var out, free []int
	for _, j := range d.coordinates {
		switch h, _, _, w := d.at(j); {
		case w == 0:
			free = append(free, j)
		case h != 0:
			d.set = append(d.set, j)
		case lambda == 0 || d.excess(j, lambda) > 0:
			out = append(out, j)
		}
	}
	if limit := max(d.least, len(d.set)); len(out) > limit && lambda > 0 {
		slices.SortFunc(out, func(a, b int) int {
			return cmp.Or(cmp.Compare(d.excess(b, lambda), d.excess(a, lambda)), a-b)
		})
		out = out[:limit]
	}
	d.set = append(d.set, out...)
	slices.Sort(d.set)
	// Free ones come last in a sweep, so that their correlations are zero when the gap is
	// taken: a dual point demands that.
	d.set = append(d.set, free...)
}

// gap returns the objective and the duality gap of the problem restricted to the
// coordinates in list; at(k) returns the k-th of them.
//
// The dual point is the residual scaled by t until no correlation exceeds λω. With
// R = ‖r‖²/n the gap is ½(1−t)²R + Σ (λωⱼ|hⱼ| − t hⱼgⱼ), a sum of terms that are not
// negative, so nothing cancels when it is small.
func (d *descent) gap(lambda float64, list []int, at func(k int) (h, g, b, w float64)) (objective, gap float64) {
	var hb, hg, free, l1, top float64
	for k := range list {
		h, g, b, w := at(k)
		hb += h * b
		if w == 0 {
			free += h * g
			continue
		}
		hg += h * g
		l1 += w * math.Abs(h)
		top = max(top, d.prob.pull(g)/w)
	}
	r := max(0, d.power-hb-hg-free)
	objective = r/2 + lambda*l1
	if lambda == 0 {
		return objective, d.freeGap(list, at)
	}
	t := 1.0
	if r > 0 {
		t = max(0, 1+hg/r)
	}
	if t*top > lambda {
		t = lambda / top
	}
	gap = (1 - t) * (1 - t) * r / 2
	for k := range list {
		if h, g, _, w := at(k); w != 0 {
			gap += max(0, lambda*w*math.Abs(h)-t*h*g)
		}
	}
	return objective, gap
}

// factorise overwrites a Gram matrix, n×n. It returns nil for a matrix whose smallest pivot
// is lost in the rounding of the largest.
func factorise(gram []float64, n int) *dense.Factor {
	f, ok := dense.NewFactor(gram, n)
	if !ok {
		return nil
	}
	if least, largest := f.Pivots(); n > 0 && !(least > 1e-6*largest) {
		return nil
	}
	return f
}

// rowOf returns the entries that are not zero.
func rowOf(h []float64) Row {
	var r Row
	for j, v := range h {
		if v != 0 {
			r.Index = append(r.Index, j)
			r.Value = append(r.Value, v)
		}
	}
	return r
}
