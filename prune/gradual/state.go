package gradual

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Shrinking is what was removed during training.
type Shrinking struct {
	Removals         int     `json:"removals_on_the_way,omitempty"`
	WorstCertificate float64 `json:"worst_certificate_on_the_way,omitempty"` // largest relative difference of all their certificates
	// TargetShare is the share of the network that was asked for, TargetReached what
	// was left at TargetStep, when that was met; 0 without a target.
	TargetShare   float64 `json:"target_share,omitempty"`
	TargetReached float64 `json:"target_reached,omitempty"`
	TargetStep    int     `json:"target_step,omitempty"`
}

// state is what a checkpoint keeps of a Shrinker.
type state struct {
	Shrinking
	Control ControllerState `json:"target"`
	Factor  float64         `json:"factor"` // on the penalties now
	Zero    int             `json:"zero"`   // groups of several values that were zero at the last look of method Lambda
	Alive   []int           `json:"alive"`  // groups of each penalty that the last removal left

	Fading     fading     `json:"condemned"` // with method Least
	Hysteresis hysteresis `json:"settled"`   // without a target
}

// State implements train.Reshaper.
func (s *Shrinker) State() ([]byte, error) {
	if s.goal != nil {
		s.Control = s.goal.ControllerState
	}
	return json.Marshal(s.state)
}

// Restore implements train.Reshaper.
func (s *Shrinker) Restore(text []byte) error {
	if err := json.Unmarshal(text, &s.state); err != nil {
		return fmt.Errorf("state of the removals on the way: %w", err)
	}
	n := len(s.penalties)
	fits := func(of int) bool { return of == 0 || of == n }
	strange := func(g [2]int) bool { return g[0] < 0 || g[0] >= n }
	if !fits(len(s.Alive)) || !fits(len(s.Fading.Squares)) || slices.ContainsFunc(s.Fading.Groups, strange) {
		return fmt.Errorf("state of the removals on the way: it is not of these %d penalties", n)
	}
	if s.goal != nil {
		s.goal.ControllerState = s.Control
	}
	return nil
}
