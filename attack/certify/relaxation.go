package certify

import (
	"math"
	"slices"

	"pare/attack"
	"pare/nn"
)

// curves applies a function of one variable to each value.
type curves struct {
	units int
	of    []nn.Curve // of each unit
}

// line is slope·x + shift.
type line struct{ slope, shift float64 }

// rangeOf bounds a function on an interval.
func rangeOf(c *nn.Curve, low, high float64) (least, most float64) {
	a, b := c.At(low), c.At(high)
	least, most = min(a, b), max(a, b)
	for _, t := range c.Turns {
		if low < t && t < high {
			v := c.At(t)
			least, most = min(least, v), max(most, v)
		}
	}
	return least, most
}

// rounds is the error of a smooth function in float32, for a value of that size. Functions that are
// piecewise linear only choose between values, or multiply once or twice.
func rounds(c *nn.Curve, size float64) float64 {
	if c.Knots == nil {
		return 1e-6*size + underflow
	}
	return 4*unit*size + underflow
}

// exactly reports whether float32 computes the function without rounding: of a ReLU, a clip.
func exactly(c *nn.Curve, low, high float64) bool {
	if c.Knots == nil {
		return false
	}
	is := func(x float64) bool { y := c.At(x); return y == x || y == 0 }
	return is(low) && is(high)
}

func (o *curves) forward(out *box, in []*box) {
	for i := range out.low {
		c := &o.of[i%o.units]
		low, high := in[0].low[i], in[0].high[i]
		out.low[i], out.high[i] = rangeOf(c, low, high)
		out.rounding[i] = 0
		if !exactly(c, low, high) {
			r := rounds(c, max(math.Abs(out.low[i]), math.Abs(out.high[i])))
			out.low[i], out.high[i] = outward(out.low[i]-r, out.high[i]+r)
			out.rounding[i] = r
		}
	}
}

func (o *curves) backward(w *work, node int, rows []float64, to [][]float64, constant []float64) {
	x, size := w.inputs(node)[0], w.c.sizes[node]
	for r := range constant {
		dst := to[0][r*size:][:size]
		for i, v := range rows[r*size:][:size] {
			var l line
			switch {
			case v > 0:
				l = w.lower(node, i, o, x)
			case v < 0:
				l = w.upper(node, i, o, x)
			default:
				continue
			}
			dst[i] += v * l.slope
			constant[r] += v * l.shift
		}
	}
}

// relax returns a line that is nowhere above a function on an interval and, of those considered,
// the highest in its middle; with above one that is nowhere below it, and the lowest.
//
// For a ReLU they are the lines of CROWN with adaptive slopes: below 0 or x, above the chord.
func relax(c *nn.Curve, low, high float64, above bool) line {
	least, most := rangeOf(c, low, high)
	rounding := 0.0
	if !exactly(c, low, high) {
		rounding = rounds(c, max(math.Abs(least), math.Abs(most)))
	}
	sign, flat := 1.0, line{0, least - rounding}
	if above {
		sign, flat = -1, line{0, most + rounding}
	}
	best := flat
	if high-low < 1e-9*(1+math.Abs(low)) { // slopes would be of rounding
		return best
	}
	middle := (low + high) / 2
	breaks := breaks(c, low, high)
	h := (high - low) / 64
	for _, slope := range [...]float64{(c.At(high) - c.At(low)) / (high - low), (c.At(low+h) - c.At(low)) / h,
		(c.At(high) - c.At(high-h)) / h, (c.At(middle+h) - c.At(middle-h)) / (2 * h)} {
		// The offset is bounded cell by cell. A function that is linear in a cell has it at an end;
		// one that is monotone differs from it by no more than the ends do.
		offset := math.Inf(1)
		for k := range breaks[1:] {
			a, b := breaks[k], breaks[k+1]
			fa, fb := sign*c.At(a), sign*c.At(b)
			if c.Knots != nil {
				offset = min(offset, fa-sign*slope*a, fb-sign*slope*b)
			} else {
				offset = min(offset, min(fa, fb)-max(sign*slope*a, sign*slope*b))
			}
		}
		size := math.Abs(slope)*max(math.Abs(low), math.Abs(high)) + math.Abs(offset)
		l := line{slope, sign * (offset - rounding - 1e-12*size)}
		if sign*(l.slope*middle+l.shift) > sign*(best.slope*middle+best.shift) {
			best = l
		}
	}
	return best
}

// breaks divides an interval into cells where the function is linear, or else monotone.
func breaks(c *nn.Curve, low, high float64) []float64 {
	out := []float64{low, high}
	if c.Knots == nil {
		const cells = 64
		for k := 1; k < cells; k++ {
			out = append(out, low+(high-low)*float64(k)/cells)
		}
	}
	for _, list := range [][]float64{c.Knots, c.Turns} {
		for _, v := range list {
			if low < v && v < high {
				out = append(out, v)
			}
		}
	}
	slices.Sort(out)
	return out
}

func (o *curves) lipschitz(_ attack.Norm, in []float64) float64 {
	steepest := 0.0
	for _, c := range o.of {
		steepest = max(steepest, c.Steepest)
	}
	return steepest * in[0]
}
