package train

import (
	"errors"
	"fmt"
	"math"
)

// EarlyStopSpec ends training when validation no longer improves.
type EarlyStopSpec struct {
	Patience    int     `yaml:"patience,omitempty" json:"patience,omitempty"`         // epochs without improvement before the stop; 0 means never
	Metric      string  `yaml:"metric,omitempty" json:"metric,omitempty"`             // loss or accuracy; "" means loss
	MinDelta    float64 `yaml:"min_delta,omitempty" json:"min_delta,omitempty"`       // what counts as an improvement; 0 means any
	After       float64 `yaml:"after,omitempty" json:"after,omitempty"`               // epochs before which none counts, neither as the best nor against patience; 0 means that all do
	RestoreBest bool    `yaml:"restore_best,omitempty" json:"restore_best,omitempty"` // end with the weights of the best epoch, which may be less sparse than the last
}

// Validate reports the first thing wrong with the spec.
func (s EarlyStopSpec) Validate() error {
	if s.Metric != "" && s.Metric != "loss" && s.Metric != "accuracy" {
		return fmt.Errorf("early stop: metric is %q, it must be loss or accuracy", s.Metric)
	}
	if s.Patience < 0 {
		return errors.New("early stop: patience must not be negative")
	}
	return checkLimits("early stop", []limit{{"min_delta", s.MinDelta, 0, math.Inf(1)}, {"after", s.After, 0, math.Inf(1)}})
}

func (s EarlyStopSpec) active() bool { return s.Patience > 0 || s.RestoreBest }

// Best is the best validation so far.
type Best struct {
	Epoch   int     `json:"epoch"` // counted from 1
	Metrics Metrics `json:"metrics"`
}

// improves compares by the metric of the spec.
func (s EarlyStopSpec) improves(m Metrics, best *Best) bool {
	switch {
	case best == nil:
		return true
	case s.Metric == "accuracy":
		return m.Accuracy > best.Metrics.Accuracy+s.MinDelta
	}
	return m.Loss < best.Metrics.Loss-s.MinDelta
}
