package layers

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel"
	"pare/nn"
)

// recurrentBuild is a recurrent layer in a graph.
type recurrentBuild struct {
	*kernel.Recurrent
	kind   string
	x      tensor.Shape
	states []float32      // the gradients that KeepStateGradients asked for
	back   *gorgonia.Node // the pass back, which gives [2, G·H]: the gradients to the biases
}

// build adds the whole sequence as one operation. The pass back is another one,
// of which the gradients to the weights and the input are products.
func (l *recurrent) build(b *nn.Builder, kind string, x *gorgonia.Node) (*gorgonia.Node, error) {
	d := x.Shape() // (B, T, D)
	s := kernel.RecurrentShape{Cell: l.cell, N: d[0], T: d[1], D: d[2], H: l.weightHH.Shape()[0]}
	r := &recurrentBuild{Recurrent: kernel.NewRecurrent(s, b.Mode == nn.Train), kind: kind, x: d.Clone()}
	state := b.State("h", s.N*s.H)
	var cells []float32
	if l.cell == kernel.LSTMCell {
		cells = b.State("c", s.N*s.H)
	}
	if l.trace != nil && b.Mode == nn.Train {
		r.states = make([]float32, s.N*s.T*s.H)
		*l.trace = r.states
		l.trace = nil
	}
	run := func(dst []float32, in [][]float32) {
		r.Forward(dst, in[0], in[1], in[2], in[3], in[4], state, cells)
	}
	return nn.Apply(nn.Op{Name: kind, Shape: tensor.Shape{s.N, s.T, s.H}, Run: run,
		Grad: []nn.GradFunc{r.toInput, r.toInputWeights, r.toRecurrentWeights, r.toBias(0), r.toBias(1)}},
		x, b.Param(l.weightIH), b.Param(l.weightHH), b.Param(l.biasIH), b.Param(l.biasHH))
}

// passBack is what all gradients depend on. The gradients of the gates stay in
// the plan.
func (r *recurrentBuild) passBack(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	if r.back != nil {
		return r.back, nil
	}
	g := r.Cell.Gates() * r.H
	var err error
	r.back, err = nn.Apply(nn.Op{Name: r.kind + "/back", Shape: tensor.Shape{2 * g},
		Run: func(dst []float32, in [][]float32) {
			r.Backward(in[0], in[1], in[2], r.states)
			r.GradBiases(dst[:g], dst[g:])
		}}, y, dy, in[2])
	return r.back, err
}

func (r *recurrentBuild) toInput(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	back, err := r.passBack(in, y, dy)
	if err != nil {
		return nil, err
	}
	return nn.Apply(nn.Op{Name: r.kind + "/dx", Shape: r.x,
		Run:        func(dst []float32, in [][]float32) { r.GradInput(dst, in[1], false) },
		Accumulate: func(dst []float32, in [][]float32) { r.GradInput(dst, in[1], true) }}, back, in[1])
}

func (r *recurrentBuild) toInputWeights(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	back, err := r.passBack(in, y, dy)
	if err != nil {
		return nil, err
	}
	return nn.Apply(nn.Op{Name: r.kind + "/dw", Shape: in[1].Shape().Clone(),
		Run: func(dst []float32, in [][]float32) { r.GradInputWeights(dst, in[1]) }}, back, in[0])
}

func (r *recurrentBuild) toRecurrentWeights(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	back, err := r.passBack(in, y, dy)
	if err != nil {
		return nil, err
	}
	return nn.Apply(nn.Op{Name: r.kind + "/dw", Shape: in[2].Shape().Clone(),
		Run: func(dst []float32, _ [][]float32) { r.GradRecurrentWeights(dst) }}, back)
}

// toBias differentiates with respect to the bias of the input, 0, or of the
// state, 1.
func (r *recurrentBuild) toBias(which int) nn.GradFunc {
	return func(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
		back, err := r.passBack(in, y, dy)
		if err != nil {
			return nil, err
		}
		shape := in[3+which].Shape().Clone()
		return nn.View(r.kind+"/db", back, which*shape.TotalSize(), shape)
	}
}
