package layers

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/recurrence"
	"pare/nn"
)

// recurrentPlan is a recurrent layer on whole sequences, whatever its input.
type recurrentPlan interface {
	Backward(y, dy, u, dh []float32)
	GradRecurrentWeights(du []float32)
	GradBiases(db, db2 []float32)
}

// recurrentBuild is a recurrent layer in a graph. Among the operation's inputs
// the weights of the input, those of the state and the biases are the last four.
type recurrentBuild struct {
	recurrentPlan
	recurrence.Shape
	kind         string
	state, cells []float32
	states       []float32      // the gradients that KeepStateGradients asked for
	back         *gorgonia.Node // the pass back, which gives [2, G·H]: the gradients to the biases
}

// start makes what layers with all kinds of input have in common, for units of
// size d at every position of (B, T, units).
func (l *recurrent) start(b *nn.Builder, x tensor.Shape, d int) *recurrentBuild {
	s := recurrence.Shape{Cell: l.cell, N: x[0], T: x[1], D: d, H: l.hidden()}
	r := &recurrentBuild{Shape: s, kind: l.kind, state: b.State("h", s.N*s.H)}
	if l.cell == recurrence.LSTM {
		r.cells = b.State("c", s.N*s.H)
	}
	if l.trace != nil && b.Mode == nn.Train {
		r.states = make([]float32, s.N*s.T*s.H)
		*l.trace = r.states
		l.trace = nil
	}
	return r
}

// Build adds the whole sequence as one operation. The pass back is another one,
// of which the gradients to the weights and the input are products.
func (l *recurrent) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	r := l.start(b, shape, shape[2])
	plan := recurrence.New(r.Shape, b.Mode == nn.Train)
	r.recurrentPlan = plan
	toInput := func(in gorgonia.Nodes, back *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: l.kind + "/dx", Shape: shape,
			Run:        func(dst []float32, in [][]float32) { plan.GradInput(dst, in[1], false) },
			Accumulate: func(dst []float32, in [][]float32) { plan.GradInput(dst, in[1], true) }}, back, in[1])
	}
	toWeights := func(in gorgonia.Nodes, back *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: l.kind + "/dw", Shape: in[1].Shape().Clone(),
			Run: func(dst []float32, in [][]float32) { plan.GradInputWeights(dst, in[1]) }}, back, in[0])
	}
	run := func(dst []float32, in [][]float32) {
		plan.Forward(dst, in[0], in[1], in[2], in[3], in[4], r.state, r.cells)
	}
	return r.apply(run, []nn.GradFunc{r.behind(toInput), r.behind(toWeights)}, in[0],
		b.Param(l.weightIH), b.Param(l.weightHH), b.Param(l.biasIH), b.Param(l.biasHH))
}

// apply adds the operation; grads are the gradients to all inputs up to the
// weights of the input.
func (r *recurrentBuild) apply(run nn.Kernel, grads []nn.GradFunc, in ...*gorgonia.Node) (*gorgonia.Node, error) {
	grads = append(grads, r.behind(r.toRecurrentWeights), r.behind(r.toBias(0)), r.behind(r.toBias(1)))
	return nn.Apply(nn.Op{Name: r.kind, Shape: tensor.Shape{r.N, r.T, r.H}, Run: run, Grad: grads}, in...)
}

// behind is a gradient that is computed after the pass back. The gradients of the
// gates stay in the plan.
func (r *recurrentBuild) behind(grad func(in gorgonia.Nodes, back *gorgonia.Node) (*gorgonia.Node, error)) nn.GradFunc {
	return func(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
		if r.back == nil {
			g := r.Cell.Gates() * r.H
			var err error
			r.back, err = nn.Apply(nn.Op{Name: r.kind + "/back", Shape: tensor.Shape{2 * g},
				Run: func(dst []float32, in [][]float32) {
					r.Backward(in[0], in[1], in[2], r.states)
					r.GradBiases(dst[:g], dst[g:])
				}}, y, dy, in[len(in)-3])
			if err != nil {
				return nil, err
			}
		}
		return grad(in, r.back)
	}
}

func (r *recurrentBuild) toRecurrentWeights(in gorgonia.Nodes, back *gorgonia.Node) (*gorgonia.Node, error) {
	return nn.Apply(nn.Op{Name: r.kind + "/du", Shape: in[len(in)-3].Shape().Clone(),
		Run: func(dst []float32, _ [][]float32) { r.GradRecurrentWeights(dst) }}, back)
}

// toBias differentiates with respect to the bias of the input, 0, or of the
// state, 1.
func (r *recurrentBuild) toBias(which int) func(in gorgonia.Nodes, back *gorgonia.Node) (*gorgonia.Node, error) {
	return func(in gorgonia.Nodes, back *gorgonia.Node) (*gorgonia.Node, error) {
		shape := in[len(in)-2+which].Shape().Clone()
		return nn.View(r.kind+"/db", back, which*shape.TotalSize(), shape)
	}
}
