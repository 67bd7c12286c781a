package regularize

import (
	"fmt"
	"slices"

	"pare/layers/activity"
	"pare/nn"
)

// activationKinds are the penalties on activations.
var activationKinds = []string{"l1", "hoyer_square", "transformed_l1"}

// ActivationKinds lists the penalties that a Spec may name with on: activations.
func ActivationKinds() []string { return slices.Clone(activationKinds) }

// ActivationDoc is a line on a penalty on activations.
func ActivationDoc(kind string) string {
	return map[string]string{"l1": "sum of absolute values over the units at each position",
		"hoyer_square":   "(sum of absolute values)² over the sum of squares: no scale changes it",
		"transformed_l1": "sum of (1+beta)·|a|/(beta+|a|): between l1 and a count"}[kind]
}

// Activations is a penalty on the outputs of layers, to be differentiated with
// the loss:
//
//	λ · 1/L · Σ_l factor_l · mean over the vectors a of layer l of f(a)
//
// over the L chosen layers. For l1, f(a) = Σ|aᵢ|, and for transformed_l1,
// f(a) = Σ (1+β)|aᵢ|/(β+|aᵢ|) (Zhang & Xin 2018; for networks Ma et al. 2019),
// a is what the units are at one position (token, pixel) of one example, so that
// the value does not depend on batch, positions and the number of layers. For
// hoyer_square, f(a) = (Σ|aᵢ|)²/Σaᵢ² (Yang et al. 2020, eq. 3), a is one token of
// a sequence and all of an image, where f is divided by the number of pixels:
// f lies between 1 (between 1/pixels) and the number of units; it is 0 for a = 0.
//
// Hoyer-square does not depend on the scale of a. The other two do, and a
// network may shrink the weights in front of an activation and let those behind
// it grow; weight decay on the latter counters that.
//
// It refers to the network's parameters where it revives units. Not safe for
// concurrent use, nor at the same time as a program it is compiled into.
type Activations struct {
	spec   Spec
	sites  []*site
	lambda float64 // now
}

var (
	_ nn.Term         = (*Activations)(nil)
	_ nn.OutputReader = (*Activations)(nil)
)

// site is one layer whose output is penalised.
type site struct {
	name   string
	shape  nn.Shape
	weight float64 // factor over the number of layers
	firing *firing // nil without revival
}

// NewActivations finds the outputs that the Spec, with on: activations, asks
// for: those of the layers it names or else activity.Sites. It is an error when
// there are none and when a pattern matches nothing. λ is that of epoch 0.
func NewActivations(net *nn.Network, s Spec) (*Activations, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("penalty: %w", err)
	}
	if s.On != onActivations {
		return nil, fmt.Errorf("penalty: on: %q is not activations", s.On)
	}
	t := &Activations{spec: s}
	if err := t.find(net); err != nil {
		return nil, fmt.Errorf("penalty %s: %w", s.name(), err)
	}
	t.SetEpoch(0)
	return t, nil
}

func (t *Activations) find(net *nn.Network) error {
	nodes := activity.Sites(net)
	if len(t.spec.Layers) == 0 && len(nodes) == 0 {
		return fmt.Errorf("on: the network has no ReLU whose output another layer reads; name outputs with layers")
	}
	if len(t.spec.Layers) > 0 {
		c := newChooser(t.spec.Layers)
		nodes = nil
		for i, n := range net.Nodes {
			if c.take([]string{n.Name}) {
				nodes = append(nodes, i)
			}
		}
		if err := c.check("an output"); err != nil {
			return err
		}
	}
	factors := newFactors(t.spec.Factors)
	for _, i := range nodes {
		n := net.Nodes[i]
		f, err := factors.of(n.Name, []string{n.Name})
		if err != nil {
			return err
		}
		if f == 0 {
			continue
		}
		s := &site{name: n.Name, shape: n.Shape, weight: f / float64(len(nodes))}
		if t.spec.Revive != nil {
			if s.firing, err = newFiring(net, i, *t.spec.Revive); err != nil {
				return err
			}
		}
		t.sites = append(t.sites, s)
	}
	if err := factors.check(); err != nil {
		return err
	}
	if len(t.sites) == 0 {
		return fmt.Errorf("factors leave no layer to penalise")
	}
	return nil
}

// Rebind binds the penalty to what pruning has left of the network it was made
// for. Layers that are gone are no error; the others keep their share of λ. How
// long units have been silent is counted anew.
func (t *Activations) Rebind(net *nn.Network) (*Activations, error) {
	next := &Activations{spec: t.spec}
	for _, s := range t.sites {
		i := slices.IndexFunc(net.Nodes, func(n *nn.Node) bool { return n.Name == s.name })
		if i < 0 {
			continue
		}
		left := &site{name: s.name, shape: net.Nodes[i].Shape, weight: s.weight}
		if s.firing != nil {
			var err error
			if left.firing, err = newFiring(net, i, *t.spec.Revive); err != nil {
				return nil, err
			}
		}
		next.sites = append(next.sites, left)
	}
	next.SetEpoch(0)
	return next, nil
}

// Name is "l1(activations)", or "l1(activations: *.relu)" with layers named.
func (t *Activations) Name() string { return t.spec.name() }

// Layers lists the layers whose outputs are penalised, in network order.
func (t *Activations) Layers() []string {
	var out []string
	for _, s := range t.sites {
		out = append(out, s.name)
	}
	return out
}

// ReadsOutputs implements nn.OutputReader.
func (t *Activations) ReadsOutputs() []string { return t.Layers() }

// SetEpoch sets λ for a point in training, as Term.SetEpoch does.
func (t *Activations) SetEpoch(epoch float64) { t.lambda = t.spec.lambdaAt(epoch) }

// Lambda is λ now.
func (t *Activations) Lambda() float64 { return t.lambda }

// Proximal is false: the penalty has a gradient.
func (t *Activations) Proximal() bool { return false }

// Governs is nil: no parameter is changed by Prox.
func (t *Activations) Governs() []*nn.Param { return nil }

// Prox does nothing.
func (t *Activations) Prox(float64, func(*nn.Param) []float32) {}

// Groups is 0: the penalty zeroes values of examples, not parameters.
func (t *Activations) Groups() (total, zero int) { return 0, 0 }
