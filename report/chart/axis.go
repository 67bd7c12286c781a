package chart

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// axis maps the values lo … hi linearly to the pixels from … to.
type axis struct {
	lo, hi   float64
	from, to float64
	step     float64
	ticks    []float64
}

// newAxis covers lo … hi with about n ticks at multiples of 1, 2 or 5 times a
// power of ten, no closer than least. A round axis begins and ends at a tick.
func newAxis(lo, hi float64, n int, least float64, round bool) axis {
	if span := hi - lo; span <= 1e-9*max(math.Abs(lo), math.Abs(hi)) || span < 1e-290 {
		pad := 0.1 * math.Abs(lo)
		if pad == 0 {
			pad = 0.5
		}
		lo, hi = lo-pad, hi+pad
	}
	a := axis{lo: lo, hi: hi, step: max(least, niceStep((hi-lo)/float64(n)))}
	if round {
		a.lo = math.Floor(lo/a.step+1e-9) * a.step
		a.hi = math.Ceil(hi/a.step-1e-9) * a.step
	}
	first := math.Ceil(a.lo/a.step - 1e-9)
	last := math.Floor(a.hi/a.step + 1e-9)
	for i := range int(last-first) + 1 {
		a.ticks = append(a.ticks, (first+float64(i))*a.step)
	}
	return a
}

// niceStep is the smallest of 1, 2, 5 times a power of ten that is not below s.
func niceStep(s float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(s)))
	for _, m := range []float64{1, 2, 5} {
		if s <= m*power*(1+1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// onto returns the axis with the pixels it covers.
func (a axis) onto(from, to float64) axis {
	a.from, a.to = from, to
	return a
}

// within returns the axis cut to lo … hi.
func (a axis) within(lo, hi float64) axis {
	a.lo, a.hi = max(a.lo, lo), min(a.hi, hi)
	slack := 1e-9 * (a.hi - a.lo)
	a.ticks = slices.DeleteFunc(a.ticks, func(t float64) bool { return t < a.lo-slack || t > a.hi+slack })
	return a
}

// at is the pixel of a value.
func (a axis) at(v float64) float64 { return a.from + (v-a.lo)/(a.hi-a.lo)*(a.to-a.from) }

// label writes a tick with enough digits to distinguish it from its neighbours.
func (a axis) label(v float64, percent bool) string {
	step, unit := a.step, ""
	if percent {
		v, step, unit = 100*v, 100*step, " %"
	}
	digits := int(max(0, -math.Floor(math.Log10(step)+1e-9)))
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if v != 0 && (digits > 4 || math.Abs(v) >= 1e6) {
		s = strconv.FormatFloat(v, 'g', 3, 64)
	}
	if v == 0 {
		s = "0"
	}
	return strings.ReplaceAll(s, "-", "−") + unit
}
