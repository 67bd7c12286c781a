package report

import (
	"slices"
	"testing"

	"pare/report/chart"
)

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
	want := []chart.Span{{Name: "a", From: 1, To: 3.5}, {Name: "b", From: 3.5, To: 7}, {Name: "c", From: 7, To: 9}}
	if !slices.Equal(spans, want) {
		t.Errorf("spans %v", spans)
	}
}
