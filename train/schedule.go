package train

import (
	"errors"
	"fmt"
	"math"

	"pare/internal/option"
)

// Schedule gives the learning rate at a point of training, in epochs since its
// start.
type Schedule func(epoch float64) float64

// ScheduleSpec says how the learning rate changes over training. Times are in
// epochs and may be fractions.
type ScheduleSpec interface {
	// Rise is the time over which the rate rises from 0 to the base rate.
	Rise() float64
	// Factor returns the factor on the base rate after that, in a training of so
	// many epochs.
	Factor(epochs float64) func(epoch float64) float64
}

// Schedules are the kinds of schedules by name.
var Schedules = option.NewKinds[ScheduleSpec]("schedule")

func init() {
	Schedules.Register("constant", "the same rate throughout", func() ScheduleSpec { return &Constant{} })
	Schedules.Register("step", "multiplied by gamma at milestones or every so many epochs", func() ScheduleSpec { return &Step{Gamma: 0.1} })
	Schedules.Register("cosine", "half a cosine wave down to a share min of the rate", func() ScheduleSpec { return &Cosine{} })
}

// NewSchedule checks the options of a schedule and returns it for a base rate and a
// training of the given number of epochs. A nil spec stands for a constant rate.
func NewSchedule(s ScheduleSpec, lr float64, epochs int) (Schedule, error) {
	if s == nil {
		s = &Constant{}
	}
	if err := option.Check(s); err != nil {
		return nil, fmt.Errorf("schedule: %w", err)
	}
	rise, factor := s.Rise(), s.Factor(float64(epochs))
	if factor == nil {
		return nil, fmt.Errorf("schedule: %T has no factor", s)
	}
	if rise > float64(epochs) {
		return nil, fmt.Errorf("warmup: %g epochs are longer than the training of %d", rise, epochs)
	}
	return func(epoch float64) float64 {
		if epoch < rise {
			return lr * epoch / rise
		}
		return lr * factor(epoch)
	}, nil
}

// Warmup is the beginning that all schedules share.
type Warmup struct {
	Epochs float64 `yaml:"warmup,omitempty" range:"[0,)" doc:"epochs over which the rate rises from 0; 0: none"`
}

// Rise implements ScheduleSpec.
func (w Warmup) Rise() float64 { return w.Epochs }

// Constant keeps the rate.
type Constant struct{ Warmup }

// Factor implements ScheduleSpec.
func (*Constant) Factor(float64) func(float64) float64 {
	return func(float64) float64 { return 1 }
}

// Step multiplies the rate by gamma at milestones or at regular intervals, in epochs.
type Step struct {
	Warmup
	Milestones []float64 `yaml:"milestones,omitempty" empty:"no" range:"(0,)" doc:"epochs after which the rate is multiplied by gamma, ascending"`
	Every      float64   `yaml:"every,omitempty" range:"(0,)" doc:"multiply by gamma every so many epochs, in place of milestones"`
	Gamma      float64   `yaml:"gamma" range:"(0,)" doc:"factor on the rate"`
}

// Validate demands either milestones, in order, or every.
func (s *Step) Validate() error {
	if (len(s.Milestones) > 0) == (s.Every != 0) {
		return errors.New("step needs either milestones or every")
	}
	for i := 1; i < len(s.Milestones); i++ {
		if s.Milestones[i] <= s.Milestones[i-1] {
			return option.Errorf("milestones", "are %v, they must be ascending", s.Milestones)
		}
	}
	return nil
}

// Factor implements ScheduleSpec.
func (s *Step) Factor(float64) func(float64) float64 {
	return func(epoch float64) float64 {
		drops := 0.0
		if s.Every > 0 {
			drops = math.Floor(epoch / s.Every)
		}
		for _, m := range s.Milestones {
			if epoch >= m {
				drops++
			}
		}
		return math.Pow(s.Gamma, drops)
	}
}

// Cosine falls from the end of the warm-up to the end of training (Loshchilov &
// Hutter 2017, without restarts).
type Cosine struct {
	Warmup
	Min float64 `yaml:"min,omitempty" range:"[0,1)" doc:"share of the rate at the end"`
}

// Factor implements ScheduleSpec.
func (s *Cosine) Factor(epochs float64) func(float64) float64 {
	return func(epoch float64) float64 {
		t := 1.0
		if epoch < epochs {
			t = (epoch - s.Epochs) / (epochs - s.Epochs)
		}
		return s.Min + (1-s.Min)*0.5*(1+math.Cos(math.Pi*t))
	}
}
