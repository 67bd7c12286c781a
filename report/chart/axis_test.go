package chart

import (
	"math"
	"slices"
	"testing"
)

func TestAxis(t *testing.T) {
	for _, c := range []struct {
		lo, hi, least float64
		percent       bool
		want          []string
	}{
		{0, 2.31, 0, false, []string{"0", "0.5", "1.0", "1.5", "2.0", "2.5"}},
		{0.87, 0.913, 0, true, []string{"87 %", "88 %", "89 %", "90 %", "91 %", "92 %"}},
		{1, 3, 1, false, []string{"1", "2", "3"}},
		{-1, 1, 0, false, []string{"−1.0", "−0.5", "0", "0.5", "1.0"}},
		{0, 4e-5, 0, false, []string{"0", "1e−05", "2e−05", "3e−05", "4e−05"}},
	} {
		a := newAxis(c.lo, c.hi, 5, c.least, true)
		var got []string
		for _, v := range a.ticks {
			got = append(got, a.label(v, c.percent))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%g … %g has ticks %q, expected %q", c.lo, c.hi, got, c.want)
		}
	}
}

func TestAxisOfOneValue(t *testing.T) {
	for _, v := range []float64{0, 1, -3, 1e15, 1e-300, largest, -largest} {
		for _, round := range []bool{false, true} {
			a := newAxis(v, v, 5, 0, round).onto(0, 100)
			if at := a.at(v); !(at >= 0 && at <= 100) || math.IsNaN(at) || len(a.ticks) > 20 {
				t.Errorf("%g is at %g, %d ticks", v, at, len(a.ticks))
			}
		}
	}
}
