package layers

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel"
	"pare/nn"
)

// linearParams computes the gradients of a linear layer's weights and bias in
// one pass over the inputs and the gradient behind them.
type linearParams struct {
	plan    *kernel.WeightGrad
	in, out int
	both    *gorgonia.Node // weights, then the bias
}

func (p *linearParams) build(in gorgonia.Nodes, dy *gorgonia.Node) (*gorgonia.Node, error) {
	var err error
	if p.both == nil {
		p.both, err = nn.Apply(nn.Op{Name: "linear/dw", Shape: tensor.Shape{p.plan.Size()},
			Run: func(dst []float32, in [][]float32) { p.plan.Run(dst, in[0], in[1]) }}, in[0], dy)
	}
	return p.both, err
}

func (p *linearParams) toWeight(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
	both, err := p.build(in, dy)
	if err != nil {
		return nil, err
	}
	return nn.View("linear/weight", both, 0, tensor.Shape{p.in, p.out})
}

func (p *linearParams) toBias(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
	both, err := p.build(in, dy)
	if err != nil {
		return nil, err
	}
	return nn.View("linear/bias", both, p.in*p.out, tensor.Shape{p.out})
}
