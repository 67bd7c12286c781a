package train

import (
	"errors"
	"fmt"
	"math"
)

// OptimizerSpec selects an optimizer and its options. An option that the chosen
// type does not have is an error, not ignored.
type OptimizerSpec struct {
	Type        string  `yaml:"type" json:"type"`                                     // sgd, adam, adamw, rmda or ramda; "" means sgd
	LR          float64 `yaml:"lr" json:"lr"`                                         // learning rate before the schedule; positive
	Momentum    float64 `yaml:"momentum,omitempty" json:"momentum,omitempty"`         // sgd: share of the last step that is kept; rmda, ramda: share of the last parameters; in [0, 1); 0 means none
	Nesterov    bool    `yaml:"nesterov,omitempty" json:"nesterov,omitempty"`         // sgd: look ahead along the momentum
	WeightDecay float64 `yaml:"weight_decay,omitempty" json:"weight_decay,omitempty"` // pull of weights towards 0; 0 means none
	DecayAll    bool    `yaml:"decay_all,omitempty" json:"decay_all,omitempty"`       // decay biases, scales, shifts and gates too
	Beta1       float64 `yaml:"beta1,omitempty" json:"beta1,omitempty"`               // adam: decay of the mean of gradients; 0 means 0.9
	Beta2       float64 `yaml:"beta2,omitempty" json:"beta2,omitempty"`               // adam: decay of the mean of squares; 0 means 0.999
	Eps         float64 `yaml:"eps,omitempty" json:"eps,omitempty"`                   // added to what steps are divided by; 0 means 1e-8, for ramda 1e-6
}

// optimizerKind is a row of the registry.
type optimizerKind struct {
	Kind
	stages bool // it starts afresh where the rate falls, so rates have to fall in few places
	make   func(s OptimizerSpec, setup Setup, c *core) Optimizer
}

func optimizers() []optimizerKind {
	return []optimizerKind{sgdKind, adamKind, adamwKind, rmdaKind, ramdaKind}
}

// OptimizerKinds lists the optimizers.
func OptimizerKinds() []Kind {
	var kinds []Kind
	for _, k := range optimizers() {
		kinds = append(kinds, k.Kind)
	}
	return kinds
}

func (s OptimizerSpec) kind() (optimizerKind, error) {
	if s.Type == "" {
		return sgdKind, nil
	}
	for _, k := range optimizers() {
		if k.Name == s.Type {
			return k, nil
		}
	}
	return optimizerKind{}, unknownKind("optimizer", s.Type, OptimizerKinds())
}

// Validate reports the first thing wrong with the spec.
func (s OptimizerSpec) Validate() error {
	k, err := s.kind()
	if err != nil {
		return err
	}
	if err := checkOptions("optimizer", k.Kind, []option{
		{"momentum", s.Momentum != 0}, {"nesterov", s.Nesterov},
		{"weight_decay", s.WeightDecay != 0}, {"decay_all", s.DecayAll},
		{"beta1", s.Beta1 != 0}, {"beta2", s.Beta2 != 0}, {"eps", s.Eps != 0},
	}); err != nil {
		return err
	}
	if !(s.LR > 0) {
		return errors.New("optimizer: lr must be a positive number")
	}
	if s.Nesterov && s.Momentum == 0 {
		return errors.New("optimizer: nesterov needs momentum > 0")
	}
	if s.DecayAll && s.WeightDecay == 0 {
		return errors.New("optimizer: decay_all needs weight_decay > 0")
	}
	inf := math.Inf(1)
	return checkLimits("optimizer", []limit{
		{"lr", s.LR, 0, inf}, {"momentum", s.Momentum, 0, 1}, {"weight_decay", s.WeightDecay, 0, inf},
		{"beta1", s.Beta1, 0, 1}, {"beta2", s.Beta2, 0, 1}, {"eps", s.Eps, 0, inf},
	})
}

// CheckSchedule reports a schedule that the optimizer cannot be used with.
func (s OptimizerSpec) CheckSchedule(c ScheduleSpec) error {
	if k, err := s.kind(); err == nil && k.stages && c.Type == cosineKind.Name {
		return fmt.Errorf("schedule: %s starts afresh whenever the rate falls, which a cosine does in each step; use constant or step", s.Type)
	}
	return nil
}

func orDefault(v, def float64) float64 {
	if v == 0 {
		return def
	}
	return v
}
