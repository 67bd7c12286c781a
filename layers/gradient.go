package layers

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/vector"
	"pare/nn"
)

// shared is a gradient that several others are computed from: its node is built for the
// first of them.
func shared(build nn.GradFunc) nn.GradFunc {
	var node *gorgonia.Node
	return func(in gorgonia.Nodes, y, dy *gorgonia.Node) (_ *gorgonia.Node, err error) {
		if node == nil {
			node, err = build(in, y, dy)
		}
		return node, err
	}
}

// after is a gradient that op computes once another one is there. from lists the values
// that it reads as for nn.Gradient, but 0 is the other gradient and the inputs follow it.
func after(first nn.GradFunc, op nn.Op, from ...int) nn.GradFunc {
	return func(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
		g, err := first(in, y, dy)
		if err != nil {
			return nil, err
		}
		return nn.Gradient(op, from...)(append(gorgonia.Nodes{g}, in...), y, dy)
	}
}

// part is the gradient that lies in another one's values from start on.
func part(of nn.GradFunc, name string, start int, shape tensor.Shape) nn.GradFunc {
	return func(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
		whole, err := of(in, y, dy)
		if err != nil {
			return nil, err
		}
		return nn.View(name, whole, start, shape)
	}
}

// biasGrad sums the gradient over all rows.
func biasGrad(name string, rows, units int) nn.GradFunc {
	return nn.Gradient(nn.Op{Name: name, Shape: tensor.Shape{units},
		Run: func(dst []float32, in [][]float32) { vector.ColumnSums(dst, in[0], rows, units) }}, nn.OutGrad)
}

// reluGrad is dy where y, the output of a ReLU, is positive.
func reluGrad(_ gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	if nn.IsMaskedBy(dy, y) {
		return dy, nil
	}
	return nn.Apply(nn.Op{Name: "relu/dx", Shape: y.Shape().Clone(), Sparse: true,
		Run: func(dst []float32, in [][]float32) { vector.ReLUBackward(dst, in[0], in[1]) }}, y, dy)
}

// behindReLU adapts the gradients of an op to a ReLU in the same pass: they share the
// gradient in front of it.
func behindReLU(grads []nn.GradFunc) []nn.GradFunc {
	masked := shared(reluGrad)
	out := make([]nn.GradFunc, len(grads))
	for i, f := range grads {
		out[i] = func(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
			m, err := masked(in, y, dy)
			if err != nil {
				return nil, err
			}
			return f(in, y, m)
		}
	}
	return out
}
