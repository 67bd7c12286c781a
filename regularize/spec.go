package regularize

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"pare/internal/option"
)

// Spec describes a penalty on part of a network, as a config states it. Its limits stand
// in the tags; option.Check checks them together with Validate.
type Spec struct {
	Type   string   `yaml:"type" required:"true" doc:"the penalty: l1, group_lasso, group_mcp, elastic_net; on activations: l1, hoyer_square, transformed_l1"`
	On     string   `yaml:"on" required:"true" doc:"groups: weights, channels, neurons, branches, blocks, heads, gates, paths, input_features, positions, recurrent_units, or activations: the outputs of layers"`
	Layers []string `yaml:"layers,omitempty" list:"single" empty:"no" doc:"patterns of layer names, where * stands for any text; left out: all layers, for activations all ReLUs that a layer reads"`
	Lambda float64  `yaml:"lambda" required:"true" range:"[0,)" doc:"strength"`

	// Penalty is the kind that Type names, with its options; nil: with their defaults.
	Penalty Kind `json:"-" kind:"type"`

	Scale   string             `yaml:"scale,omitempty" enum:"none,sqrt,macs" empty:"no" doc:"weight of a group: none, sqrt (root of its size) or macs, with mean 1 over the groups of the penalty, under a target over those of all penalties with macs; left out: sqrt for groups"`
	Members string             `yaml:"members,omitempty" enum:"auto,norm,out,in" empty:"no" doc:"the values of a unit that make its group: norm (scale and shift of its normalisation), out (the weights and bias that compute it), in (the weights that read it) or auto (norm where there is one, else out); of a block: norm (the normalisation that closes it), out (all its values) or auto (the last values that decide whether it is 0); left out: auto"`
	Factors map[string]float64 `yaml:"factors,omitempty" range:"[0,)" doc:"pattern of names of layers, parameters or, on input_features, variables: factor on lambda; 0 leaves the groups unpenalised, and a name goes before patterns"`
	Weights *VariableWeights   `yaml:"weights,omitempty" doc:"input_features: factors on lambda by variable of the input, by hand or from the training data; left out: none"`
	Warmup  float64            `yaml:"warmup,omitempty" range:"[0,)" doc:"epochs without the penalty"`
	Ramp    float64            `yaml:"ramp,omitempty" range:"[0,)" doc:"epochs after them over which lambda rises; 0: at once"`
	Mode    string             `yaml:"mode,omitempty" enum:"prox,subgradient" doc:"prox: proximal steps, which give exact zeros; subgradient: for comparison; activations have none"`
	// Variables are the factors that Weights makes for the data, by name of the variable; nil: 1.
	Variables map[string]float64 `yaml:"-"`

	Revive *Revive `yaml:"revive,omitempty" doc:"activations: help for units that never fire (output 0 everywhere); left out: none"`
}

// Complete fills in the fields that are left out: Type from Penalty, Penalty from Type,
// and Mode.
func (s *Spec) Complete() error {
	var err error
	switch {
	case s.Type == "" && s.Penalty != nil:
		s.Type = s.Penalty.Kind()
	case s.Penalty == nil && s.Type != "":
		if s.Penalty, err = Penalties.New(s.Type); err != nil {
			return fmt.Errorf("type: %w", err)
		}
	}
	if s.Mode == "" && s.On != activations.Name {
		s.Mode = "prox"
	}
	return nil
}

// checked is the Spec completed and checked.
func (s Spec) checked() (Spec, error) {
	if err := s.Complete(); err != nil {
		return s, err
	}
	return s, option.Check(&s)
}

// Validate checks the rules between options.
func (s *Spec) Validate() error {
	on, err := target(s.On)
	if err != nil {
		return err
	}
	if s.Penalty != nil && s.Penalty.Kind() != s.Type {
		return fmt.Errorf("type: it is %s, and the penalty is %s", s.Type, s.Penalty.Kind())
	}
	for _, o := range []struct {
		key   string
		given bool
	}{{"scale", s.Scale != ""}, {"mode", s.Mode != ""}, {"members", s.Members != ""}, {"revive", s.Revive != nil},
		{"weights", s.Weights != nil}} {
		if o.given && !on.has(o.key, s.Members) {
			return fmt.Errorf("%s: it has no meaning for on: %s; leave it out", o.key, s.On)
		}
	}
	for i, p := range slices.Concat(s.Layers, sortedKeys(s.Factors)) {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			key := "layers"
			if i >= len(s.Layers) {
				key = "factors"
			}
			return fmt.Errorf("%s: %q is not a valid pattern", key, p)
		}
	}
	return on.accepts(s.Penalty)
}

// penalty is the penalty as it acts on parameters; nil for one on activations.
func (s Spec) penalty() Penalty {
	p, _ := s.Penalty.(Penalty)
	if on, err := target(s.On); err == nil && on.restrict != nil {
		return on.restrict(p)
	}
	return p
}

// scale is the scale in force.
func (s Spec) scale(p Penalty) string {
	switch {
	case s.Scale != "":
		return s.Scale
	case isElementwise(p):
		return "none"
	}
	return "sqrt"
}

// name is the penalty, its target and the layers when not all are meant.
func (s Spec) name() string {
	if len(s.Layers) == 0 {
		return fmt.Sprintf("%s(%s)", s.Type, s.On)
	}
	return fmt.Sprintf("%s(%s: %s)", s.Type, s.On, strings.Join(s.Layers, ", "))
}

// bound is a Spec bound to a network, with its strength now.
type bound struct {
	spec   Spec
	lambda float64 // now
	factor float64 // on λ
}

// Name is "group_lasso(channels)", or "l1(weights: fc*)" with layers named.
func (b *bound) Name() string { return b.spec.name() }

// SetEpoch sets λ for a point in training, in epochs with fractions: 0 during
// the warm-up, then rising linearly over the ramp. Compiled programs follow.
func (b *bound) SetEpoch(epoch float64) {
	lambda := b.spec.Lambda
	switch since := epoch - b.spec.Warmup; {
	case since < 0:
		lambda = 0
	case since < b.spec.Ramp:
		lambda = lambda * since / b.spec.Ramp
	}
	b.lambda = b.factor * lambda
}

// Lambda is λ now.
func (b *bound) Lambda() float64 { return b.lambda }
