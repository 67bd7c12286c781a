package regularize

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/nn"
)

// part is a share of a term whose groups touch no other part's parameters. data
// holds the values of its parameters, in order.
type part interface {
	params() []*nn.Param
	// value is Σ_g s_g·f(w_g).
	value(data [][]float32) float64
	// gradient sets dst to factor times the subgradient of value with respect to
	// parameter i.
	gradient(dst []float32, i int, data [][]float32, factor float64)
	// prox applies the proximal map with τ·s_g to the parameters.
	prox(tau float64, metric metric)
	norms(dst []float64) []float64  // appends ‖w_g‖ of the groups
	scales(dst []float64) []float64 // appends s_g, in the order of norms
	areas() []*block                // where the groups lie, numbered in the order of norms
}

// metric gives for a parameter the diagonal d of the optimizer's metric, nil for ones;
// a nil metric is Euclidean.
type metric = func(*nn.Param) []float32

func metricOf(m metric, p *nn.Param) []float32 {
	if m == nil {
		return nil
	}
	return m(p)
}

// Term is a Spec bound to the parameters of a network: a penalty λ·Σ_g s_g·f(w_g) over its
// groups g. It refers to the parameters' storage; for a pruned network see Rebind. Not
// safe for concurrent use, nor at the same time as a program it is compiled into.
type Term struct {
	bound
	parts  []part
	price  float64 // of a multiply-accumulate under scale macs
	priced int     // groups of that scale, with those that factors leave out; 0 under other scales
	groups int     // at first; a smaller network has fewer
	lone   int     // remaining branches that are no longer groups: see Hold
	off    bool    // see SwitchOff
	sized  bool    // scales hold the root of the group's size

	scratch []float64 // for norms
}

var _ nn.Term = (*Term)(nil)

// NewTerm finds the groups of the Spec in the network. Without any, with a pattern that
// matches nothing, and with groups that overlap, it returns an error. λ starts at epoch 0.
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
	s, err := s.checked()
	if err != nil {
		return nil, fmt.Errorf("penalty: %w", err)
	}
	if s.On == activations.Name {
		return nil, fmt.Errorf("penalty %s: on: activations are no parameters; use NewActivations", s.name())
	}
	if s.Weights != nil && s.Variables == nil {
		return nil, fmt.Errorf("penalty %s: weights: the data have not been asked for their factors; set Variables", s.name())
	}
	pen := s.penalty()
	if len(net.Nodes) == 0 {
		return nil, fmt.Errorf("penalty %s: network %s has no layers", s.name(), net.Name)
	}
	t := &Term{bound: bound{spec: s, factor: 1}, sized: s.scale(pen) == "sqrt"}
	if t.parts, err = f.findParts(net, s, pen); err != nil {
		return nil, fmt.Errorf("penalty %s: %w", s.name(), err)
	}
	t.price, t.priced = f.price, f.priced
	t.SetEpoch(0)
	return t, nil
}

// FullLambda is λ of the Spec, after warm-up and ramp and without a factor.
func (t *Term) FullLambda() float64 { return t.spec.Lambda }

// Grouped reports whether the penalty is on groups of a unit's values; else each
// weight is by itself.
func (t *Term) Grouped() bool { return t.spec.On != weights.Name }

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
func (t *Term) Prox(step float64, metric metric) { t.prox(t.parts, step, metric) }

func (t *Term) prox(parts []part, step float64, metric metric) {
	tau := step * t.lambda
	if tau == 0 {
		return
	}
	for _, p := range parts {
		p.prox(tau, metric)
	}
}

// Groups counts the groups, and the zero ones: those with only exact 0s and those removed
// since the term was first made. Pruning may untie channels, so that there are more groups
// than at first: then it counts the present ones.
func (t *Term) Groups() (total, zero int) {
	n, z := t.count()
	total = max(n+t.lone, t.groups)
	return total, total - t.lone - (n - z)
}

// count counts the present groups.
func (t *Term) count() (total, zero int) {
	for _, p := range t.parts {
		t.scratch = p.norms(t.scratch[:0])
		total += len(t.scratch)
		for _, n := range t.scratch {
			if n == 0 {
				zero++
			}
		}
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

// Visit calls f for every value of every group: its group, numbered as in Norms,
// its parameter and its place in it. A value of two groups is visited for both.
func (t *Term) Visit(f func(group int, p *nn.Param, i int)) {
	t.eachBlock(func(b *block, first, groups int) {
		for i := range b.param.Size() {
			if g := b.of(i / b.inner % b.n); g < groups {
				f(first+g, b.param, i)
			}
		}
	})
}

// Slots lists the slices of parameters of every group, in the order of Norms.
func (t *Term) Slots() [][]nn.Slot {
	var out [][]nn.Slot
	t.eachBlock(func(b *block, first, groups int) {
		out = slices.Grow(out, first+groups)[:max(len(out), first+groups)]
		for j := range b.n {
			if g := b.of(j); g < groups {
				out[first+g] = append(out[first+g], nn.Slot{Node: b.node, Param: b.param, Axis: b.axis, Index: j})
			}
		}
	})
	return out
}

// eachBlock calls f for every block, with the number of the first group of its part and the
// number of the part's groups.
func (t *Term) eachBlock(f func(b *block, first, groups int)) {
	first := 0
	for _, p := range t.parts {
		t.scratch = p.norms(t.scratch[:0])
		for _, b := range p.areas() {
			f(b, first, len(t.scratch))
		}
		first += len(t.scratch)
	}
}

// Scales returns s_g of every group, in the order of Norms; 0 for a group that is spared
// now.
func (t *Term) Scales() []float64 {
	var out []float64
	for _, p := range t.parts {
		out = p.scales(out)
	}
	return out
}

// Weights returns Scales without the part of the sizes: factors, and the price of a
// group with scale macs.
func (t *Term) Weights() []float64 {
	weights := t.Scales()
	if !t.sized {
		return weights
	}
	sizes := make([]float64, len(weights))
	t.Visit(func(g int, _ *nn.Param, _ int) { sizes[g]++ })
	for g, n := range sizes {
		if n > 0 {
			weights[g] /= math.Sqrt(n)
		}
	}
	return weights
}

// Build implements nn.Term: a scalar node λ·Σ_g s_g·f(w_g) over the parameters. λ is read
// at each run. In prox mode the gradient stops here, as the proximal map takes its place;
// in subgradient mode each parameter receives one.
func (t *Term) Build(b *nn.Builder, _ *nn.Network) (*gorgonia.Node, error) {
	var in []*gorgonia.Node
	var grads []nn.GradFunc
	parts := t.active()
	for _, p := range parts {
		first := len(in)
		for i, param := range p.params() {
			in = append(in, b.Param(param))
			grads = append(grads, t.gradient(p, first, i))
		}
	}
	if t.Proximal() || len(parts) == 0 {
		grads = nil
	}
	if len(parts) == 0 { // an operation has inputs
		in = append(in, noInput(b, t.Name()))
	}
	return nn.Apply(nn.Op{Name: t.Name(), Grad: grads, Run: func(dst []float32, in [][]float32) {
		sum := 0.0
		for _, p := range parts {
			n := len(p.params())
			sum += p.value(in[:n])
			in = in[n:]
		}
		dst[0] = float32(t.lambda * sum)
	}}, in...)
}

// gradient differentiates with respect to parameter i of a part, whose
// parameters are the op's inputs from first on.
func (t *Term) gradient(p part, first, i int) nn.GradFunc {
	n := len(p.params())
	return func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		inputs := append(gorgonia.Nodes{}, in[first:first+n]...)
		return nn.Apply(nn.Op{Name: t.Name() + "/dw", Shape: in[first+i].Shape().Clone(),
			Run: func(dst []float32, in [][]float32) {
				p.gradient(dst, i, in[:n], t.lambda*float64(in[n][0]))
			}}, append(inputs, dy)...)
	}
}

// noInput is the input of a term that has nothing left to read.
func noInput(b *nn.Builder, term string) *gorgonia.Node {
	name := fmt.Sprintf("%s/none%d", term, len(b.Graph.AllNodes()))
	return b.Input(name, tensor.Shape{1}, make([]float32, 1))
}

// OnePrice gives the terms of a network that compete one price of a multiply-accumulate:
// it weighs the same in all terms with scale macs, so much that the mean over all their
// groups is 1, and not the mean over the groups of each. Terms of nil stay, and so does a
// term that is the only one with that scale.
func OnePrice(net *nn.Network, terms []*Term) ([]*Term, error) {
	groups, macs, priced := 0, 0.0, 0
	for _, t := range terms {
		if t != nil && t.priced > 0 {
			priced++
			groups += t.priced
			macs += float64(t.priced) / t.price
		}
	}
	out := slices.Clone(terms)
	if priced < 2 {
		return out, nil
	}
	for i, t := range terms {
		if t == nil || t.priced == 0 {
			continue
		}
		next, err := newTerm(net, t.spec, finder{price: float64(groups) / macs})
		if err != nil {
			return nil, err
		}
		next.groups = t.groups
		out[i] = next
	}
	return out, nil
}
