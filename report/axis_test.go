package report

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

func TestTimeline(t *testing.T) {
	points := func(epochs ...float64) (out []Point) {
		for _, e := range epochs {
			out = append(out, Point{Epoch: e})
		}
		return out
	}
	shifts, spans := timeline([]Phase{{"a", points(1, 2, 3)}, {"none", nil}, {"b", points(1, 2)}, {"c", points(9)}})
	if !slices.Equal(shifts, []float64{0, 0, 3, 0}) {
		t.Errorf("shifts %v", shifts)
	}
	want := []span{{"a", 1, 3.5}, {"b", 3.5, 7}, {"c", 7, 9}}
	if !slices.Equal(spans, want) {
		t.Errorf("spans %v", spans)
	}
}
