package regularize

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"pare/internal/suggest"
)

// Spec describes a penalty on part of a network, as a config states it.
type Spec struct {
	Type   string   `yaml:"type" json:"type"`                         // a registered penalty: l1, group_lasso, group_mcp, elastic_net
	On     string   `yaml:"on" json:"on"`                             // what a group is, see Targets
	Layers Patterns `yaml:"layers,omitempty" json:"layers,omitempty"` // the layers by name; empty means all that have such groups
	Lambda float64  `yaml:"lambda" json:"lambda"`                     // strength λ ≥ 0
	Alpha  float64  `yaml:"alpha,omitempty" json:"alpha,omitempty"`   // share of L1 in elastic_net, 1/norm from which group_mcp leaves groups alone; in (0, 1]; 0 means not given
	Beta   float64  `yaml:"beta,omitempty" json:"beta,omitempty"`     // β of transformed_l1; 0 means 1
	Revive *Revive  `yaml:"revive,omitempty" json:"revive,omitempty"` // of units that do not fire, on activations; nil: none

	// Scale weighs the groups: "none"; "sqrt", the root of the number of values,
	// so that large groups are not favoured; "macs", in proportion to the
	// multiply-accumulates that go with the group, with mean 1 over the term, or where
	// terms compete over all of them (OnePrice).
	// Empty means none for elementwise penalties and sqrt for the others.
	Scale string `yaml:"scale,omitempty" json:"scale,omitempty"`
	// Members says which values make up the group of a unit: "norm", scale and
	// shift of the normalisation that carries it; "out", the weights and bias
	// that compute it, with scale and shift of layer normalisations, behind which
	// a unit of zeros is not zero; "in", the weights that read it. "auto" or empty
	// means norm for units that have one and out for the others. It applies to
	// channels, neurons, branches and blocks; for blocks, auto is the normalisation
	// or the weights that close the branch, norm the former alone, and out all
	// parameters of the branch.
	Members string `yaml:"members,omitempty" json:"members,omitempty"`
	// Factors multiplies λ where a layer or parameter ("conv1.weight") matches
	// the pattern; 0 leaves the groups unpenalised. A name without wildcards
	// goes before patterns.
	Factors map[string]float64 `yaml:"factors,omitempty" json:"factors,omitempty"`

	Warmup float64 `yaml:"warmup,omitempty" json:"warmup,omitempty"` // epochs at λ = 0
	Ramp   float64 `yaml:"ramp,omitempty" json:"ramp,omitempty"`     // epochs after them over which λ rises linearly; 0 means at once
	// Mode is "prox" or empty, the proximal map after each optimizer step, which
	// gives exact zeros; or "subgradient", the subgradient with the loss's, which
	// does not.
	Mode string `yaml:"mode,omitempty" json:"mode,omitempty"`
}

// targets are what groups a Spec may name under "on".
var targets = [][2]string{
	{"weights", "every value of a layer's weights"},
	{"channels", "the units of convolutions; those that residual sums tie are one group"},
	{"neurons", "the units of linear and recurrent layers"},
	{"branches", "every operand of a concatenation"},
	{"blocks", "every residual branch, from where it forks to its sum"},
	{"heads", "every head of an attention: what computes its queries, keys and values, and what reads its results"},
	{"gates", "every gate, kept at 0 or above"},
	{"paths", "the gates on the operands of one sum, but for the largest: no sum closes"},
	{"input_features", "the weights that read one input feature, or one pixel after a flatten"},
	{"positions", "the weights that read one position after a flatten"},
	{"recurrent_units", "all weights that compute or read one unit of a recurrent layer"},
	{onActivations, "no group: the outputs of layers, with the penalties on activations"},
}

// Targets lists what groups a Spec may name under "on". The units of the network's
// output are in no group.
func Targets() []string {
	out := make([]string, len(targets))
	for i, t := range targets {
		out[i] = t[0]
	}
	return out
}

// TargetDocs lists them with a line on each.
func TargetDocs() [][2]string { return slices.Clone(targets) }

var (
	scales  = []string{"none", "sqrt", "macs"}
	members = []string{"auto", "norm", "out", "in"}
	modes   = []string{"prox", "subgradient"}
)

// onActivations is the target of penalties that are an Activations, not a Term.
const onActivations = "activations"

// Validate checks all that can be checked without a network. The message begins
// with the key at fault.
func (s Spec) Validate() error {
	if s.On == onActivations {
		return s.validateActivations()
	}
	if err := s.validateParameters(); err != nil {
		return err
	}
	return s.validateCommon()
}

// validateParameters checks what penalties on parameters alone have.
func (s Spec) validateParameters() error {
	if _, err := s.penalty(); err != nil {
		return err
	}
	if s.Beta != 0 {
		return fmt.Errorf("beta: %s on %s has no beta; leave it out", s.Type, s.On)
	}
	if s.Revive != nil {
		return fmt.Errorf("revive: parameters do not fire; it is for on: activations")
	}
	if err := oneOf("on", s.On, Targets()); err != nil {
		return err
	}
	for _, c := range []struct {
		key, value string
		allowed    []string
	}{{"scale", s.Scale, scales}, {"members", s.Members, members}, {"mode", s.Mode, modes}} {
		if c.value == "" {
			continue
		}
		if err := oneOf(c.key, c.value, c.allowed); err != nil {
			return err
		}
	}
	if s.Members != "" && s.Members != "auto" && !hasMembers(s.On) || s.Members == "in" && s.On == "blocks" {
		return fmt.Errorf("members: %q has no meaning for on: %s; leave it out", s.Members, s.On)
	}
	return nil
}

// validateCommon checks what all penalties have.
func (s Spec) validateCommon() error {
	for _, c := range []struct {
		key   string
		value float64
	}{{"lambda", s.Lambda}, {"warmup", s.Warmup}, {"ramp", s.Ramp}} {
		if err := atLeastZero(c.key, c.value); err != nil {
			return err
		}
	}
	return s.validatePatterns()
}

func (s Spec) validatePatterns() error {
	for _, p := range s.Layers {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			return fmt.Errorf("layers: %q is not a valid pattern", p)
		}
	}
	for _, p := range sortedKeys(s.Factors) {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			return fmt.Errorf("factors: %q is not a valid pattern", p)
		}
		if err := atLeastZero("factors: "+p, s.Factors[p]); err != nil {
			return err
		}
	}
	return nil
}

// penalty makes the penalty of the Spec.
func (s Spec) penalty() (Penalty, error) {
	p, err := New(s.Type)
	if err != nil && slices.Contains(activationKinds, s.Type) {
		return nil, fmt.Errorf("type: %s is a penalty of activations, not of %s; use on: activations", s.Type, s.On)
	}
	if err != nil {
		return nil, fmt.Errorf("type: %w", err)
	}
	if s.On == "weights" && !isElementwise(p) {
		return nil, fmt.Errorf("on: %s needs groups of several values, and on single weights it equals l1; use type: l1, or on: channels or neurons", s.Type)
	}
	if m, ok := p.(Mixed); ok {
		if err := m.SetAlpha(s.Alpha); err != nil {
			return nil, fmt.Errorf("alpha: %w", err)
		}
	} else if s.Alpha != 0 {
		return nil, fmt.Errorf("alpha: %s has no alpha; leave it out", s.Type)
	}
	if s.On == "paths" && !isElementwise(p) {
		return nil, fmt.Errorf("on: paths weighs gates one by one; use type: l1 or elastic_net")
	}
	if s.On == "gates" {
		p = NonNegative{p}
	}
	return p, nil
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

func hasMembers(on string) bool {
	return on == "channels" || on == "neurons" || on == "branches" || on == "blocks"
}

func oneOf(key, value string, allowed []string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	if near := suggest.Nearest(value, allowed); len(near) > 0 {
		return fmt.Errorf("%s: unknown value %q; did you mean %s?", key, value, strings.Join(near, " or "))
	}
	return fmt.Errorf("%s: unknown value %q; it is one of %s", key, value, strings.Join(allowed, ", "))
}

func atLeastZero(key string, v float64) error {
	if v >= 0 && !math.IsInf(v, 1) {
		return nil
	}
	return fmt.Errorf("%s: %g is not a finite number of at least 0", key, v)
}
