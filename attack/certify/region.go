package certify

import (
	"math"

	"pare/attack"
)

// Region is the set of inputs to be certified, in the network's own units and its batched layout:
// the points x with Low ≤ x ≤ High and, under L2, ‖(x − Centre)·Scale‖₂ ≤ Eps.
type Region struct {
	Low, High []float64
	L2        bool
	Centre    []float64
	Scale     []float64 // units of the data in one of the network's, of each channel
	Eps       float64
	rounding  []float64 // of a point on its way to the network; nil: none
}

// Ball is the region of the inputs that a threat allows around an example, which is in the network's
// units and its batched layout.
func Ball(t attack.Threat, channels int, example []float32) Region {
	shift, scale := t.Range.Scale(channels)
	r := Region{L2: t.Norm == attack.L2, Scale: scale, Eps: t.Eps, Centre: make([]float64, len(example)),
		Low: make([]float64, len(example)), High: make([]float64, len(example)), rounding: make([]float64, len(example))}
	for i, v := range example {
		x, c := float64(v), i%channels
		eps, low, high := t.Eps/scale[c], (t.Range.Lower-shift[c])/scale[c], (t.Range.Upper-shift[c])/scale[c]
		// The point that reaches the network was normalised in float32.
		r.rounding[i] = 4 * unit * (math.Abs(x) + eps)
		r.Centre[i] = x
		r.Low[i] = max(x-eps, min(low, x)) - r.rounding[i]
		r.High[i] = min(x+eps, max(high, x)) + r.rounding[i]
	}
	return r
}

// least is the least value of a linear function on the region.
func (r *Region) least(f []float64) float64 {
	box := leastOn(f, r.Low, r.High)
	if !r.L2 {
		return box
	}
	centre, size, norm := 0.0, 0.0, 0.0
	for i, v := range f {
		centre += v * r.Centre[i]
		size += math.Abs(v * r.Centre[i])
		s := v / r.Scale[i%len(r.Scale)]
		norm += s * s
	}
	return max(box, centre-(r.Eps*math.Sqrt(norm)+4*unit*(size+r.Eps*math.Sqrt(norm))))
}

// leastOn is the least value of a linear function on a box.
func leastOn(f, low, high []float64) float64 {
	sum, size := 0.0, 0.0
	for i, v := range f {
		t := 0.0
		if v > 0 {
			t = v * low[i]
		} else if v < 0 {
			t = v * high[i]
		}
		sum += t
		size += math.Abs(t)
	}
	return sum - 1e-12*size
}
