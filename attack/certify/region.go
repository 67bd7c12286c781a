package certify

import "math"

// Norm is the norm of a ball.
type Norm int

// The norms of perturbations.
const (
	Linf Norm = iota // the largest change of a value
	L2               // the root of the sum of squares of the changes
)

// Region is the set of inputs to be certified, in the network's own units and its batched layout:
// the points x with Low ≤ x ≤ High and, under L2, ‖(x − Centre)/Scale‖₂ ≤ Eps.
type Region struct {
	Low, High []float64
	L2        bool
	Centre    []float64
	Scale     []float64 // network units in a unit of the data, of each channel in turn
	Eps       float64
}

// Ball is the region of all x within eps of centre in a norm that lie in a range. Eps is in
// units of the data, of which scale is the size in the network's units, for each channel; low and
// high are the limits of each channel in the network's units.
func Ball(n Norm, eps float64, centre []float32, scale, low, high []float64) Region {
	r := Region{L2: n == L2, Scale: scale, Eps: eps, Low: make([]float64, len(centre)), High: make([]float64, len(centre)),
		Centre: make([]float64, len(centre))}
	for i, v := range centre {
		x, c := float64(v), i%len(scale)
		// The point that reaches the network was normalised in float32.
		rounding := 4 * unit * (math.Abs(x) + eps*scale[c])
		r.Centre[i] = x
		r.Low[i] = max(x-eps*scale[c], min(low[c], x)) - rounding
		r.High[i] = min(x+eps*scale[c], max(high[c], x)) + rounding
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
		s := v * r.Scale[i%len(r.Scale)]
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
