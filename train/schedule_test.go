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
		{"none", nil, map[float64]float64{0: 2, 9.9: 2}},
		{"constant", &Constant{}, map[float64]float64{0: 2, 9.9: 2}},
		{"warmup", &Constant{Warmup{4}}, map[float64]float64{0.5: 0.25, 2: 1, 4: 2, 9: 2}},
		{"milestones", &Step{Milestones: []float64{3, 6.5}, Gamma: 0.1}, map[float64]float64{2.99: 2, 3: 0.2, 6.49: 0.2, 6.5: 0.02}},
		{"every", &Step{Every: 2, Gamma: 0.5, Warmup: Warmup{1}}, map[float64]float64{0.5: 1, 1.5: 2, 2: 1, 5: 0.5}},
		{"cosine", &Cosine{Min: 0.1}, map[float64]float64{0: 2, 5: 1.1, 10: 0.2, 11: 0.2}},
		{"cosine after warmup", &Cosine{Warmup: Warmup{2}}, map[float64]float64{1: 1, 2: 2, 6: 1, 10: 0}},
	} {
		s, err := NewSchedule(c.spec, 2, 10)
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
		{&Step{Gamma: 1}, "either milestones or every"},
		{&Step{Every: 1, Milestones: []float64{1}, Gamma: 1}, "either milestones or every"},
		{&Step{Milestones: []float64{3, 2}, Gamma: 1}, "ascending"},
		{&Step{Milestones: []float64{0, 2}, Gamma: 1}, "milestones.0 must be above 0, got 0"},
		{&Step{Every: -1, Gamma: 1}, "every must be above 0, got -1"},
		{&Step{Every: 1}, "gamma must be above 0, got 0"},
		{&Cosine{Min: 1}, "min must be at least 0 and below 1, got 1"},
		{&Constant{Warmup{11}}, "warmup: 11 epochs are longer"},
		{idle{}, "schedule: train.idle has no factor"},
	} {
		if _, err := NewSchedule(c.spec, 1, 10); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.spec, err, c.want)
		}
	}
	if _, err := Schedules.New("poly"); err == nil || !strings.Contains(err.Error(), "known: constant, cosine, step") {
		t.Errorf("an unknown schedule: %v", err)
	}
}
