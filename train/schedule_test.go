package train

import (
	"math"
	"strings"
	"testing"
)

func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		name string
		spec ScheduleSpec
		at   map[float64]float64 // epoch to rate, with base rate 2 over 10 epochs
	}{
		{"constant", ScheduleSpec{}, map[float64]float64{0: 2, 9.9: 2}},
		{"warmup", ScheduleSpec{Warmup: 4}, map[float64]float64{0.5: 0.25, 2: 1, 4: 2, 9: 2}},
		{"milestones", ScheduleSpec{Type: "step", Milestones: []float64{3, 6.5}}, map[float64]float64{2.99: 2, 3: 0.2, 6.49: 0.2, 6.5: 0.02}},
		{"every", ScheduleSpec{Type: "step", Every: 2, Gamma: 0.5, Warmup: 1}, map[float64]float64{0.5: 1, 1.5: 2, 2: 1, 5: 0.5}},
		{"cosine", ScheduleSpec{Type: "cosine", Min: 0.1}, map[float64]float64{0: 2, 5: 1.1, 10: 0.2, 11: 0.2}},
		{"cosine after warmup", ScheduleSpec{Type: "cosine", Warmup: 2}, map[float64]float64{1: 1, 2: 2, 6: 1, 10: 0}},
	} {
		s, err := c.spec.New(2, 10)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for epoch, want := range c.at {
			if got := s(epoch); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s: rate at epoch %g is %g, want %g", c.name, epoch, got, want)
			}
		}
	}
}

func TestScheduleErrors(t *testing.T) {
	for _, c := range []struct {
		spec ScheduleSpec
		want string
	}{
		{ScheduleSpec{Type: "cosine", Gamma: 0.1}, "gamma is not an option of cosine"},
		{ScheduleSpec{Type: "step"}, "either milestones or every"},
		{ScheduleSpec{Type: "step", Every: 1, Milestones: []float64{1}}, "either milestones or every"},
		{ScheduleSpec{Type: "step", Milestones: []float64{3, 2}}, "ascending"},
		{ScheduleSpec{Type: "step", Every: -1}, "every is -1"},
		{ScheduleSpec{Type: "cosine", Min: 1}, "min is 1"},
		{ScheduleSpec{Warmup: 11}, "warmup: 11 epochs are longer"},
		{ScheduleSpec{Type: "poly"}, "known types are constant, step, cosine"},
	} {
		if _, err := c.spec.New(1, 10); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.spec, err, c.want)
		}
	}
}
