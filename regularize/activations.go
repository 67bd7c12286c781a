package regularize

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
	"pare/layers/activity"
	"pare/nn"
)

// activations have no groups: penalties on them are Activations, not Terms.
var activations = Target{Name: "activations", Doc: "no group: the outputs of layers, with the penalties on activations"}

// ActivationPenalty is a function f(a) ≥ 0 of the activations a of the units at one
// position of one example. Several goroutines call its methods at the same time.
type ActivationPenalty interface {
	Kind
	// OfSums is Σ f over vectors with these sums.
	OfSums(s ActivationSums) float64
	// AddGradient adds weightᵢ·∂f/∂aᵢ to dst. dst and a hold rows of len(weight) values, a
	// row for each position from row first on.
	AddGradient(dst, a, weight []float32, first int, s ActivationSums)
}

// ActivationSums are sums over vectors of activations.
type ActivationSums struct {
	Abs, Square []float64 // of each vector Σ|aᵢ| and Σaᵢ²
	Saturated   []float64 // Σ|aᵢ|/(β+|aᵢ|) for a Saturating penalty
	Rows        int       // of a vector: row r belongs to vector r/Rows
}

// Saturating is implemented by penalties that need ActivationSums.Saturated, with this β >
// 0. The results of OfSums and AddGradient are multiplied by factor.
type Saturating interface {
	Saturation() (beta, factor float64)
}

// OfImages is implemented by penalties for which all of an image is one vector; f is
// then divided by the number of its pixels.
type OfImages interface{ OfImages() }

// kindsOn lists the penalties that implement an interface.
func kindsOn[T any]() []string {
	return slices.DeleteFunc(Penalties.Names(), func(name string) bool {
		k, _ := Penalties.New(name)
		_, ok := k.(T)
		return !ok
	})
}

// OnParameters and OnActivations list the penalties on parameters and on activations.
func OnParameters() []string  { return kindsOn[Penalty]() }
func OnActivations() []string { return kindsOn[ActivationPenalty]() }

// Activations is a penalty on the outputs of layers, to be differentiated with
// the loss:
//
//	λ · 1/L · Σ_l factor_l · mean over the vectors a of layer l of f(a)
//
// over the L chosen layers. The vector a holds the units at one position (token,
// pixel) of one example, so that the value does not depend on batch, positions and
// the number of layers; for OfImages it is all of an image.
//
// Where f depends on the scale of a, a network may shrink the weights in front of an
// activation and let those behind it grow; weight decay on the latter counters that.
//
// It refers to the network's parameters where it revives units. Not safe for
// concurrent use, nor at the same time as a program it is compiled into.
type Activations struct {
	bound
	pen   ActivationPenalty
	sites []*site
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

// NewActivations finds the outputs that a Spec with on: activations penalises: the outputs
// of the layers that it names or, if it names none, of activity.Sites. It returns an error
// if there are none, or if a pattern matches nothing. λ starts at epoch 0.
func NewActivations(net *nn.Network, s Spec) (*Activations, error) {
	s, err := s.checked()
	if err != nil {
		return nil, fmt.Errorf("penalty: %w", err)
	}
	if s.On != activations.Name {
		return nil, fmt.Errorf("penalty: on: %q is not activations", s.On)
	}
	t := &Activations{bound: bound{spec: s, factor: 1}, pen: s.Penalty.(ActivationPenalty)}
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
		f, err := factors.find(n.Name, []string{n.Name})
		if err != nil {
			return err
		}
		if f == 0 {
			continue
		}
		if err := t.add(net, i, f/float64(len(nodes))); err != nil {
			return err
		}
	}
	if err := factors.check(); err != nil {
		return err
	}
	if len(t.sites) == 0 {
		return fmt.Errorf("factors leave no layer to penalise")
	}
	return nil
}

// add makes a site of a node.
func (t *Activations) add(net *nn.Network, node int, weight float64) (err error) {
	s := &site{name: net.Nodes[node].Name, shape: net.Nodes[node].Shape, weight: weight}
	if t.spec.Revive != nil {
		s.firing, err = newFiring(net, node, *t.spec.Revive)
	}
	t.sites = append(t.sites, s)
	return err
}

// Rebind binds the penalty to a pruned form of its network. It is not an error if layers
// are gone; the others keep their share of λ. The steps for which units have been silent
// are counted anew.
func (t *Activations) Rebind(net *nn.Network) (*Activations, error) {
	next := &Activations{bound: t.bound, pen: t.pen}
	for _, s := range t.sites {
		i := slices.IndexFunc(net.Nodes, func(n *nn.Node) bool { return n.Name == s.name })
		if i < 0 {
			continue
		}
		if err := next.add(net, i, s.weight); err != nil {
			return nil, err
		}
	}
	next.SetEpoch(0)
	return next, nil
}

// ReadsOutputs implements nn.OutputReader: the layers whose outputs are penalised, in
// network order.
func (t *Activations) ReadsOutputs() []string {
	var out []string
	for _, s := range t.sites {
		out = append(out, s.name)
	}
	return out
}

// Build implements nn.Term: a scalar node that reads the outputs. λ is read at each run.
// Each output is swept once for the value and once for the gradient, which is added in
// place to the gradient of the layers behind it.
func (t *Activations) Build(b *nn.Builder, _ *nn.Network) (*gorgonia.Node, error) {
	var in []*gorgonia.Node
	var sweeps []*sweep
	var grads []nn.GradFunc
	for _, s := range t.sites {
		n, ok := b.Output(s.name)
		if !ok {
			return nil, fmt.Errorf("layer %s has no output to penalise", s.name)
		}
		w := newSweep(t, s, b.Batch)
		in, sweeps = append(in, n), append(sweeps, w)
		grads = append(grads, w.gradient(len(grads)))
	}
	if len(in) == 0 { // an operation has inputs
		in = append(in, noInput(b, t.Name()))
	}
	return nn.Apply(nn.Op{Name: t.Name(), Grad: grads, Run: func(dst []float32, in [][]float32) {
		sum := 0.0
		for i, w := range sweeps {
			sum += w.site.weight * w.value(in[i])
		}
		dst[0] = float32(t.lambda * sum)
	}}, in...)
}

// sweep computes the penalty of one site in a compiled program. The gradient uses the sums
// that the value has left.
type sweep struct {
	term *Activations
	site *site
	rows int // positions of all examples
	cols int // units
	sums ActivationSums
	act  *vector.Activity

	dst, x []float32
	weight []float32 // for each unit
	add    bool
	step   int
	task   func(int)
	factor float64 // of the penalty
}

func newSweep(t *Activations, s *site, batch int) *sweep {
	w := &sweep{term: t, site: s, rows: batch * s.shape.Positions(), cols: s.shape.Units()}
	beta := 0.0
	w.factor = 1
	if p, ok := t.pen.(Saturating); ok {
		beta, w.factor = p.Saturation()
	}
	w.act = vector.NewActivity(w.rows, w.cols, float32(beta))
	w.sums = ActivationSums{Abs: w.act.Abs, Square: w.act.Square, Saturated: w.act.Saturated, Rows: 1}
	if _, ok := t.pen.(OfImages); ok && len(s.shape) == 3 && s.shape.Positions() > 1 {
		w.sums = ActivationSums{Abs: make([]float64, batch), Square: make([]float64, batch), Rows: s.shape.Positions()}
	}
	w.weight = make([]float32, w.cols)
	w.step = max(1, vector.ActivityShare/w.cols)
	w.task = w.run
	return w
}

// value is the mean of f over the rows: where a vector is an image, f is divided by its
// pixels.
func (w *sweep) value(x []float32) float64 {
	w.act.Run(x, w.rows)
	if w.site.firing != nil {
		w.site.firing.see(w.act.Fired, w.rows)
	}
	if n := w.sums.Rows; n > 1 {
		for v := range w.sums.Abs {
			w.sums.Abs[v], w.sums.Square[v] = 0, 0
			for r := v * n; r < (v+1)*n; r++ {
				w.sums.Abs[v] += w.act.Abs[r]
				w.sums.Square[v] += w.act.Square[r]
			}
		}
	}
	return w.term.pen.OfSums(w.sums) * w.factor / float64(w.rows)
}

func (w *sweep) gradient(i int) nn.GradFunc {
	return func(in gorgonia.Nodes, out, dy *gorgonia.Node) (*gorgonia.Node, error) {
		run := func(add bool) nn.Kernel {
			// The value is an input so that it comes before the gradient.
			return func(dst []float32, in [][]float32) { w.apply(dst, in[0], float64(in[2][0]), add) }
		}
		op := nn.Op{Name: w.term.Name() + "/da", Shape: in[i].Shape().Clone(), Run: run(false), Accumulate: run(true)}
		if nn.IsRectified(in[i]) { // it is 0 where the value is
			op.MaskedBy = in[i]
		}
		return nn.Apply(op, in[i], out, dy)
	}
}

// apply sets dst to the gradient times dy, or adds it.
func (w *sweep) apply(dst, x []float32, dy float64, add bool) {
	scale := dy * w.term.lambda * w.site.weight / float64(w.rows) * w.factor
	for c := range w.weight {
		w.weight[c] = float32(scale)
		if f := w.site.firing; f != nil && !f.penalised(c) {
			w.weight[c] = 0
		}
	}
	w.dst, w.x, w.add = dst, x, add
	parallel.Run((w.rows+w.step-1)/w.step, w.task)
	w.dst, w.x = nil, nil
}

func (w *sweep) run(task int) {
	lo, hi := task*w.step, min((task+1)*w.step, w.rows)
	if !w.add {
		clear(w.dst[lo*w.cols : hi*w.cols])
	}
	w.term.pen.AddGradient(w.dst[lo*w.cols:hi*w.cols], w.x[lo*w.cols:hi*w.cols], w.weight, lo, w.sums)
}

func total(values []float64) (sum float64) {
	for _, v := range values {
		sum += v
	}
	return sum
}
