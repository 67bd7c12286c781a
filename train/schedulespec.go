package train

import (
	"errors"
	"fmt"
	"math"
)

// ScheduleSpec selects how the learning rate changes over training. Times are
// in epochs and may be fractions.
type ScheduleSpec struct {
	Type       string    `yaml:"type" json:"type"`                                 // constant, step or cosine; "" means constant
	Warmup     float64   `yaml:"warmup,omitempty" json:"warmup,omitempty"`         // epochs of linear growth from 0; 0 means none
	Milestones []float64 `yaml:"milestones,omitempty" json:"milestones,omitempty"` // step: epochs after which the rate is multiplied by gamma, ascending
	Every      float64   `yaml:"every,omitempty" json:"every,omitempty"`           // step: multiply by gamma every so many epochs, instead of milestones
	Gamma      float64   `yaml:"gamma,omitempty" json:"gamma,omitempty"`           // step: factor; 0 means 0.1
	Min        float64   `yaml:"min,omitempty" json:"min,omitempty"`               // cosine: share of the rate that is left at the end, in [0, 1)
}

// Schedule gives the learning rate at a point of training, in epochs since its
// start.
type Schedule func(epoch float64) float64

// New returns the schedule for a base rate and a training of so many epochs.
func (s ScheduleSpec) New(lr float64, epochs int) (Schedule, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	k, err := s.kind()
	if err != nil {
		return nil, err
	}
	total := float64(epochs)
	if s.Warmup > total {
		return nil, fmt.Errorf("schedule: warmup: %g epochs are longer than the training of %d", s.Warmup, epochs)
	}
	factor := k.make(s, total)
	return func(epoch float64) float64 {
		if epoch < s.Warmup {
			return lr * epoch / s.Warmup
		}
		return lr * factor(epoch)
	}, nil
}

// ScheduleKinds lists the schedules.
func ScheduleKinds() []Kind {
	var kinds []Kind
	for _, k := range schedules() {
		kinds = append(kinds, k.Kind)
	}
	return kinds
}

func (s ScheduleSpec) kind() (scheduleKind, error) {
	if s.Type == "" {
		return constantKind, nil
	}
	for _, k := range schedules() {
		if k.Name == s.Type {
			return k, nil
		}
	}
	return scheduleKind{}, unknownKind("schedule", s.Type, ScheduleKinds())
}

// Validate reports the first thing wrong with the spec.
func (s ScheduleSpec) Validate() error {
	k, err := s.kind()
	if err != nil {
		return err
	}
	if err := checkOptions("schedule", k.Kind, []option{
		{"warmup", s.Warmup != 0}, {"milestones", len(s.Milestones) > 0}, {"every", s.Every != 0},
		{"gamma", s.Gamma != 0}, {"min", s.Min != 0},
	}); err != nil {
		return err
	}
	if k.Name == stepKind.Name && (len(s.Milestones) > 0) == (s.Every != 0) {
		return errors.New("schedule: step needs either milestones or every")
	}
	for i, m := range s.Milestones {
		if !(m > 0) || math.IsInf(m, 1) || i > 0 && m <= s.Milestones[i-1] {
			return fmt.Errorf("schedule: milestones are %v, they must be positive and ascending", s.Milestones)
		}
	}
	inf := math.Inf(1)
	return checkLimits("schedule", []limit{{"warmup", s.Warmup, 0, inf}, {"every", s.Every, 0, inf},
		{"gamma", s.Gamma, 0, inf}, {"min", s.Min, 0, 1}})
}
