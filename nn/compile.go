package nn

import (
	"errors"
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/exec"
)

// Loss turns the network's output and the targets into a scalar node: the mean
// over the batch.
type Loss interface {
	Build(b *Builder, output, target *gorgonia.Node) (*gorgonia.Node, error)
}

// Targeter is implemented by losses that compare with more than one target for
// each example, such as one for every position of a sequence.
type Targeter interface {
	// Targets is the number of targets of an example of this output shape.
	Targets(output Shape) int
}

// TargetsOf is the number of targets of an example under a loss, which may be
// nil.
func TargetsOf(l Loss, output Shape) int {
	if t, ok := l.(Targeter); ok {
		return t.Targets(output)
	}
	return 1
}

// Term is an addition to the training loss, such as a penalty. Its node is a
// scalar.
type Term interface {
	Name() string
	Build(b *Builder, net *Network) (*gorgonia.Node, error)
}

// OutputReader is implemented by Terms that read outputs of layers.
type OutputReader interface{ ReadsOutputs() []string }

// Probe is computed along with a program, in every mode, to see outputs of
// layers without keeping them. It has no effect on anything else.
type Probe interface {
	OutputReader
	// Build returns a node that depends on the outputs.
	Build(b *Builder) (*gorgonia.Node, error)
}

// CompileOptions choose the program that is made of a network.
type CompileOptions struct {
	Mode  Mode
	Batch int    // examples per run; at least 1
	Loss  Loss   // required where Mode is Train or Eval
	Terms []Term // added to the loss when training
	Seed  uint64 // of dropout

	NoNoise bool    // random layers such as dropout pass their input on in Train, too
	Probes  []Probe // computed along

	// InputGradient, in mode Train or Eval: a run computes the gradient of the loss, terms
	// included, with respect to X, too. In mode Eval it is the only gradient: running statistics,
	// no dropout, no work for parameters.
	InputGradient bool

	// Frozen, in mode Infer: the parameters keep their values as long as the program runs, and
	// kernels read the forms of them that are kept here. nil: a run reads the parameters as they
	// are then.
	Frozen *Frozen
}

// Program is a network compiled for one mode and batch size. Programs of one
// network share its parameter tensors. Not safe for concurrent use.
type Program struct {
	X      []float32 // input, batch × example in the batched layout
	Target []float32 // TargetsOf targets per example; nil without a loss
	Random RandomState

	net    *Network
	mode   Mode
	batch  int
	plan   *exec.Plan
	output []float32
	costs  [][]float32 // the loss and the terms that the mode computes
	grads  map[*Param][]float32
	xGrad  []float32 // nil without InputGradient
	after  []func()
	state  []NamedState

	statistics []Statistics
}

// Compile builds the Gorgonia graph of the network, differentiates it with
// gorgonia.Grad when training, and plans its execution.
func Compile(net *Network, o CompileOptions) (*Program, error) {
	p := &Program{net: net, mode: o.Mode, batch: o.Batch, grads: map[*Param][]float32{}, Random: RandomState{Seed: o.Seed}}
	if err := p.compile(o); err != nil {
		return nil, fmt.Errorf("compile %s: %w", net.Name, err)
	}
	return p, nil
}

func (p *Program) compile(o CompileOptions) error {
	net := p.net
	switch {
	case o.Batch < 1:
		return fmt.Errorf("batch size %d is below 1", o.Batch)
	case len(net.Nodes) == 0:
		return errors.New("the network has no layers")
	case o.Loss == nil && o.Mode.hasLoss():
		return errors.New("training and evaluation need a loss")
	case o.Frozen != nil && o.Mode != Infer:
		return errors.New("frozen parameters are for inference only")
	case o.InputGradient && !o.Mode.hasLoss():
		return errors.New("the gradient of the input needs a loss: compile for training or evaluation")
	case o.InputGradient && net.Vocabulary > 0:
		return errors.New("the network reads tokens, which have no gradient")
	}
	if err := net.checkLargest(o.Batch); err != nil {
		return err
	}
	b := &Builder{Graph: gorgonia.NewGraph(), Mode: o.Mode, Batch: o.Batch, program: p, noNoise: o.NoNoise, frozen: o.Frozen,
		gradients: o.Mode == Train || o.InputGradient,
		params:    map[*Param]*gorgonia.Node{}, leaves: map[int64][]float32{},
		outputs: map[string]*gorgonia.Node{}, moments: map[int64]*Moments{}}
	p.X = make([]float32, o.Batch*net.Input.Size())
	x := b.Input(InputName, net.Input.Batched(o.Batch), p.X)
	out, err := buildLayers(b, net, x, keptOutputs(o.Terms, o.Probes))
	if err != nil {
		return err
	}
	b.Pin(out)
	for _, probe := range o.Probes {
		n, err := probe.Build(b)
		if err != nil {
			return err
		}
		b.Pin(n)
	}
	var costs []*gorgonia.Node // the loss, and the terms
	terms := o.Terms
	if o.Mode != Train {
		terms = nil
	}
	if o.Mode.hasLoss() {
		p.Target = make([]float32, o.Batch*TargetsOf(o.Loss, net.Output().Shape))
		loss, err := o.Loss.Build(b, out, b.Input("target", tensor.Shape{len(p.Target)}, p.Target))
		if err != nil {
			return fmt.Errorf("loss: %w", err)
		}
		b.Pin(loss)
		costs = append(costs, loss)
	}
	var grads gradients
	if b.gradients {
		total := costs[0]
		for _, t := range terms {
			n, err := t.Build(b, net)
			if err != nil {
				return fmt.Errorf("loss term %s: %w", t.Name(), err)
			}
			b.Pin(n)
			costs = append(costs, n)
			if total, err = addScalars(total, n); err != nil {
				return err
			}
		}
		var wanted *gorgonia.Node
		if o.InputGradient {
			wanted = x
		}
		if grads, err = differentiate(b, total, wanted); err != nil {
			return err
		}
	}
	p.plan, err = exec.New(b.Graph, b.pinned, func(n *gorgonia.Node) []float32 { return b.leaves[n.ID()] })
	if err != nil {
		return err
	}
	value := p.plan.Value // made once: a run allocates nothing
	p.output = value(out)
	for _, n := range costs {
		p.costs = append(p.costs, value(n))
	}
	for param, n := range grads.params {
		p.grads[param] = value(n)
	}
	switch {
	case grads.input != nil:
		p.xGrad = value(grads.input)
	case o.InputGradient: // the output is constant
		p.xGrad = make([]float32, len(p.X))
	}
	for _, f := range b.after {
		p.after = append(p.after, func() { f(value) })
	}
	return nil
}

// buildLayers builds every layer, those that follow each other in one pass
// together, and returns the network's output.
func buildLayers(b *Builder, net *Network, input *gorgonia.Node, keep map[string]bool) (*gorgonia.Node, error) {
	values := make([]*gorgonia.Node, len(net.Nodes))
	value := func(i int) *gorgonia.Node {
		if i < 0 {
			return input
		}
		return values[i]
	}
	fusions, inside := fuse(net, keep, b)
	wanted := make([]bool, len(net.Nodes)) // moments of the node's value
	for _, n := range net.Nodes {
		if n.Inputs[0] >= 0 && TraitsOf(n.Layer).ReadsMoments {
			wanted[n.Inputs[0]] = b.Mode == Train || b.Mode == Measure
		}
	}
	for i, node := range net.Nodes {
		if inside[i] {
			continue
		}
		f, fused := fusions[i]
		if !fused {
			f = fusion{head: i, skip: noSkip}
		}
		before := len(b.Graph.AllNodes())
		b.layer = net.Nodes[f.head].Name
		b.wanted, b.offered = wanted[i] && !fused, nil
		v, err := f.build(b, net, value)
		attribute(b.Graph, before, b.layer)
		if err != nil {
			return nil, err
		}
		if want := node.Shape.Batched(b.Batch); !v.Shape().Eq(want) {
			return nil, fmt.Errorf("layer %s: built shape %v, expected %v", node.Name, v.Shape(), want)
		}
		if b.offered != nil {
			b.moments[v.ID()] = b.offered
		}
		values[i] = v
		b.outputs[node.Name] = v
	}
	return values[len(values)-1], nil
}

// keptOutputs are the layers whose outputs loss terms and probes read.
func keptOutputs(terms []Term, probes []Probe) map[string]bool {
	keep := map[string]bool{}
	for _, t := range terms {
		if r, ok := t.(OutputReader); ok {
			for _, name := range r.ReadsOutputs() {
				keep[name] = true
			}
		}
	}
	for _, p := range probes {
		for _, name := range p.ReadsOutputs() {
			keep[name] = true
		}
	}
	return keep
}

// addScalars sums two scalar nodes; each receives the gradient unchanged.
func addScalars(x, y *gorgonia.Node) (*gorgonia.Node, error) {
	return Apply(Op{Name: "loss+term", Grad: []GradFunc{PassGrad, PassGrad},
		Run: func(dst []float32, in [][]float32) { dst[0] = in[0][0] + in[1][0] }}, x, y)
}

// gradients are gradient nodes: of parameters, and of the network's input where it is wanted
// and the cost depends on it.
type gradients struct {
	params map[*Param]*gorgonia.Node
	input  *gorgonia.Node
}

// differentiate returns the gradient nodes of the trainable parameters, in mode Train, and of
// input, unless that is nil, as far as the cost depends on them.
func differentiate(b *Builder, cost, input *gorgonia.Node) (gradients, error) {
	reached := influences(b.Graph, cost)
	var params []*Param
	var nodes []*gorgonia.Node
	if b.Mode == Train {
		for _, p := range b.order {
			if n := b.params[p]; p.Trainable() && reached[n.ID()] {
				params = append(params, p)
				nodes = append(nodes, n)
			}
		}
	}
	if input != nil && reached[input.ID()] {
		nodes = append(nodes, input)
	}
	grads := gradients{params: map[*Param]*gorgonia.Node{}}
	if len(nodes) == 0 {
		return grads, nil
	}
	g, err := gorgonia.Grad(cost, nodes...)
	if err != nil {
		return gradients{}, fmt.Errorf("differentiate: %w", err)
	}
	for i, n := range g {
		b.Pin(n)
		if i < len(params) {
			grads.params[params[i]] = n
		} else {
			grads.input = n
		}
	}
	return grads, nil
}

// influences marks the nodes with a differentiable path to the cost.
func influences(g *gorgonia.ExprGraph, cost *gorgonia.Node) map[int64]bool {
	reached := map[int64]bool{cost.ID(): true}
	queue := []*gorgonia.Node{cost}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		op, ok := n.Op().(gorgonia.SDOp)
		if !ok {
			continue
		}
		var children []*gorgonia.Node
		for it := g.From(n.ID()); it.Next(); {
			children = append(children, it.Node().(*gorgonia.Node))
		}
		for i, d := range op.DiffWRT(len(children)) {
			if c := children[i]; d && !reached[c.ID()] {
				reached[c.ID()] = true
				queue = append(queue, c)
			}
		}
	}
	return reached
}
