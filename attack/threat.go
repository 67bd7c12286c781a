package attack

import (
	"errors"
	"fmt"
	"math"
)

// Norm is a norm of perturbations.
type Norm string

const (
	Linf Norm = "linf" // the largest change of a value
	L2   Norm = "l2"   // the Euclidean length
)

// Range is the range of valid inputs, and the scale in which the model reads them: a value v of
// channel c is the input (v − Mean[c]) / Std[c].
type Range struct {
	Lower, Upper float64   // of the values, such as 0 and 1; may be infinite
	Mean, Std    []float64 // one for each channel, or one for all; nil: the model reads the values as they are
}

// Unbounded is the range of values without limits that the model reads as they are.
var Unbounded = Range{Lower: math.Inf(-1), Upper: math.Inf(1)}

// Threat is the set of perturbed inputs that an attack may choose from: within Eps of the example
// in the norm, and in the range.
type Threat struct {
	Norm  Norm    // "": Linf
	Eps   float64 // in units of the range's values
	Range Range
}

// LargestEps is the largest radius of a Threat: squares of perturbations do not overflow, nor do sums in
// float32.
const LargestEps = 1e30

// check completes the threat for a model of so many channels, or refuses it.
func (t *Threat) check(channels int) error {
	if t.Norm == "" {
		t.Norm = Linf
	}
	r := t.Range
	switch {
	case t.Norm != Linf && t.Norm != L2:
		return fmt.Errorf("norm %q: attacks know linf and l2", t.Norm)
	case !(t.Eps >= 0 && t.Eps <= LargestEps):
		return fmt.Errorf("eps %v: it must be a number from 0 to %g", t.Eps, LargestEps)
	case r.Lower == 0 && r.Upper == 0:
		return errors.New("the range of valid inputs is unknown: set Range to its limits, such as 0 and 1, or to Unbounded")
	case !(r.Lower < r.Upper):
		return fmt.Errorf("a range of inputs from %v to %v is empty", r.Lower, r.Upper)
	case len(r.Mean) != len(r.Std) || len(r.Mean) > 1 && len(r.Mean) != channels:
		return fmt.Errorf("%d means and %d deviations of inputs for %d channels", len(r.Mean), len(r.Std), channels)
	}
	mean, std := make([]float64, channels), make([]float64, channels)
	for c := range std {
		std[c] = 1
		if len(r.Mean) > 0 {
			mean[c], std[c] = r.Mean[c%len(r.Mean)], r.Std[c%len(r.Std)]
		}
		if !(std[c] > 0) || math.IsInf(std[c], 0) || math.IsNaN(mean[c]) || math.IsInf(mean[c], 0) {
			return fmt.Errorf("channel %d has mean %v and deviation %v: the range of inputs needs finite means and positive deviations",
				c, mean[c], std[c])
		}
	}
	t.Range.Mean, t.Range.Std = mean, std
	return nil
}

// slack is the share of the range, or of a unit where it has no end, by which an example may be
// outside of it, as the rounding of a normalisation puts it.
const slack = 1e-5

// values converts a row of inputs to values, or names the first one that is out of the range.
func (t *Threat) values(dst, x []float64) error {
	r, channels := &t.Range, len(t.Range.Mean)
	room := slack
	if w := r.Upper - r.Lower; !math.IsInf(w, 0) {
		room *= w
	}
	for j, v := range x {
		c := j % channels
		u := v*r.Std[c] + r.Mean[c]
		if math.IsInf(u, 0) {
			return fmt.Errorf("value %d is %v: inputs must be finite numbers", j, u)
		}
		if !(u >= r.Lower-room && u <= r.Upper+room) {
			return fmt.Errorf("value %d is %.6g: valid inputs are in %v..%v", j, u, r.Lower, r.Upper)
		}
		dst[j] = min(max(u, r.Lower), r.Upper)
	}
	return nil
}

// project moves a point of values into the threat around a clean one: for Linf onto the nearest
// point of ball and range; for L2 along the line to the clean point into the ball, then each
// value into the range, which cannot leave the ball.
func (t *Threat) project(p, clean []float64) {
	lower, upper := t.Range.Lower, t.Range.Upper
	if t.Norm == Linf {
		for j, c := range clean {
			p[j] = min(max(p[j], c-t.Eps, lower), c+t.Eps, upper)
		}
		return
	}
	sum := 0.0
	for j, c := range clean {
		sum += (p[j] - c) * (p[j] - c)
	}
	share := 1.0
	if norm := math.Sqrt(sum); norm > t.Eps {
		share = t.Eps / norm
	}
	for j, c := range clean {
		v := p[j]
		if share < 1 {
			v = c + share*(v-c)
		}
		p[j] = min(max(v, lower), upper)
	}
}

// inputs converts a point of values in the threat to inputs of the model. Rounding goes towards
// the clean input x0, so that the result is in ball and range in the precision of the model.
func (t *Threat) inputs(dst, p, x0 []float64, single bool) {
	mean, std := t.Range.Mean, t.Range.Std
	channels, eps := len(mean), t.Eps
	dst, x0 = dst[:len(p)], x0[:len(p)]
	c := 0
	for j, v := range p {
		x := (v - mean[c]) / std[c]
		if single {
			x = toward32(x, x0[j])
		}
		for tries := 0; math.Abs(x-x0[j])*std[c] > eps && x != x0[j]; tries++ { // by the last bit
			if tries < 4 {
				x = step(x, x0[j], single)
				continue
			}
			// The last bit of a number near 0 is far smaller than the rounding of p.
			x = x0[j] + max(1-math.Ldexp(1e-16, tries), 0)*(x-x0[j])
			if single {
				x = toward32(x, x0[j])
			}
		}
		dst[j] = x
		if c++; c == channels {
			c = 0
		}
	}
	if t.Norm != L2 {
		return
	}
	sum := 0.0
	for j, x := range dst {
		d := (x - x0[j]) * std[j%channels]
		sum += d * d
	}
	for share := 1 - 1e-15; math.Sqrt(sum) > eps; share = 1 - 2*(1-share) {
		sum = 0
		for j := range dst {
			x := x0[j] + max(share, 0)*(dst[j]-x0[j])
			if single {
				x = toward32(x, x0[j])
			}
			dst[j] = x
			d := (x - x0[j]) * std[j%channels]
			sum += d * d
		}
	}
}

// toward32 rounds x to a float32 that is between x and x0, which is a float32, or next to x where
// there is none. The bits of a float64 that a float32 lacks are cut off, or filled before where the
// way to x0 leads away from 0: half of the values need either, which a branch would not foresee.
func toward32(x, x0 float64) float64 {
	const lacking = 1<<29 - 1
	bits, fill := math.Float64bits(x), uint64(0)
	if (x0-x)*x > 0 {
		fill = lacking
	}
	return float64(float32(math.Float64frombits((bits + fill) &^ lacking)))
}

// step is the next number from x towards x0.
func step(x, x0 float64, single bool) float64 {
	if single {
		return float64(math.Nextafter32(float32(x), float32(x0)))
	}
	return math.Nextafter(x, x0)
}
