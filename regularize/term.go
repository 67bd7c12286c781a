package regularize

import (
	"fmt"
	"strings"

	"pare/nn"
)

// Term is a Spec bound to the parameters of a network: a penalty
// λ·Σ_g s_g·f(w_g) over its groups g. It refers to the parameters' storage;
// after the network was rewritten, make a new one. Not safe for concurrent use,
// nor at the same time as a program it is compiled into.
type Term struct {
	spec   Spec
	parts  []part
	lambda float64 // now
	factor float64 // on λ, see SetFactor
	price  float64 // of a multiply-accumulate under scale macs
	priced int     // groups of that scale, with those that factors leave out; 0 under other scales
	groups int     // at first; those of a smaller network are fewer
	lone   int     // that are left though they are no groups any more
	off    bool    // penalises nothing any more
	sized  bool    // scales hold the root of the group's size
}

var _ nn.Term = (*Term)(nil)

// NewTerm finds the groups of the Spec in the network. It is an error when there
// are none, when a pattern matches nothing and when groups overlap. λ is that of
// epoch 0.
func NewTerm(net *nn.Network, s Spec) (*Term, error) {
	t, err := newTerm(net, s, finder{})
	if err == nil && len(t.parts) == 0 {
		return nil, fmt.Errorf("penalty %s: factors and scales leave no group to penalise", s.name())
	}
	if err != nil {
		return nil, err
	}
	t.groups, _ = t.count()
	return t, nil
}

func newTerm(net *nn.Network, s Spec, f finder) (*Term, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("penalty: %w", err)
	}
	if s.On == onActivations {
		return nil, fmt.Errorf("penalty %s: on: activations are no parameters; use NewActivations", s.name())
	}
	pen, err := s.penalty()
	if err != nil {
		return nil, fmt.Errorf("penalty: %w", err)
	}
	if len(net.Nodes) == 0 {
		return nil, fmt.Errorf("penalty %s: network %s has no layers", s.name(), net.Name)
	}
	t := &Term{spec: s, factor: 1, sized: s.scale(pen) == "sqrt"}
	if t.parts, err = f.findParts(net, s, pen); err != nil {
		return nil, fmt.Errorf("penalty %s: %w", s.name(), err)
	}
	t.price, t.priced = f.price, f.priced
	t.SetEpoch(0)
	return t, nil
}

// name is the penalty, its target and the layers when not all are meant.
func (s Spec) name() string {
	if len(s.Layers) == 0 {
		return fmt.Sprintf("%s(%s)", s.Type, s.On)
	}
	return fmt.Sprintf("%s(%s: %s)", s.Type, s.On, strings.Join(s.Layers, ", "))
}

// Name is "group_lasso(channels)", or "l1(weights: fc*)" with layers named.
func (t *Term) Name() string { return t.spec.name() }

// SetEpoch sets λ for a point in training, in epochs with fractions: 0 during
// the warm-up, then rising linearly over the ramp. Compiled programs follow.
func (t *Term) SetEpoch(epoch float64) { t.lambda = t.factor * t.spec.lambdaAt(epoch) }

func (s Spec) lambdaAt(epoch float64) float64 {
	since := epoch - s.Warmup
	switch {
	case since < 0:
		return 0
	case since >= s.Ramp:
		return s.Lambda
	}
	return s.Lambda * since / s.Ramp
}

// Lambda is λ now.
func (t *Term) Lambda() float64 { return t.lambda }

// FullLambda is λ of the Spec, after warm-up and ramp and without a factor.
func (t *Term) FullLambda() float64 { return t.spec.Lambda }

// Grouped reports whether the penalty is on groups of a unit's values; else each
// weight is by itself.
func (t *Term) Grouped() bool { return t.spec.On != "weights" }

// Proximal reports whether Prox is to be called after each optimizer step; else
// the term has a gradient.
func (t *Term) Proximal() bool { return t.spec.Mode != "subgradient" }

// Governs lists the parameters with penalised values, in a fixed order: weight
// decay is off on these.
func (t *Term) Governs() []*nn.Param {
	var out []*nn.Param
	for _, p := range t.active() {
		out = append(out, p.params()...)
	}
	return out
}

// Prox applies the proximal map of step·λ·Σ_g s_g·f(w_g) to the parameters in
// place; step is the learning rate. metric returns for a parameter the diagonal
// d of the optimizer's metric, one value ≥ 0 for each of the parameter's, or nil
// for ones; a nil metric is Euclidean. It allocates nothing.
func (t *Term) Prox(step float64, metric func(*nn.Param) []float32) { t.prox(t.parts, step, metric) }

func (t *Term) prox(parts []part, step float64, metric func(*nn.Param) []float32) {
	tau := step * t.lambda
	if tau == 0 {
		return
	}
	for _, p := range parts {
		p.prox(tau, metric)
	}
}

// Groups counts the groups, and those all of whose values are exactly 0 or that
// have been removed since the term was first made. Where pruning has untied
// channels there may be more groups than at first: then it counts those.
func (t *Term) Groups() (total, zero int) {
	n, z := t.count()
	total = max(n+t.lone, t.groups)
	return total, total - t.lone - (n - z)
}

// count counts the groups that there are now.
func (t *Term) count() (total, zero int) {
	for _, p := range t.parts {
		n, z := p.count()
		total += n
		zero += z
	}
	return total, zero
}

// Norms returns ‖w_g‖₂ of every group, in a fixed order; on single weights that
// is |w| of each.
func (t *Term) Norms() []float64 {
	var out []float64
	for _, p := range t.parts {
		out = p.norms(out)
	}
	return out
}
