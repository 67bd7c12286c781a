package layers

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/gemm"
	"pare/nn"
)

// linearInputGrad is the gradient to the input, dy·Wᵀ. Behind a ReLU its mask is
// applied in the same pass.
func linearInputGrad(plan *gemm.Product, in gorgonia.Nodes, dy *gorgonia.Node) (*gorgonia.Node, error) {
	x, w := in[0], in[1]
	if nn.IsRectified(x) || nn.IsSparse(dy) {
		plan.SkipZeros()
	}
	if nn.IsRectified(x) {
		return nn.Apply(nn.Op{Name: "linear/dx", Shape: x.Shape().Clone(), MaskedBy: x,
			Run: func(dst []float32, in [][]float32) { plan.RunMasked(dst, in[0], in[1], in[2]) }}, dy, w, x)
	}
	run := func(acc bool) nn.Kernel {
		return func(dst []float32, in [][]float32) { plan.Run(dst, in[0], in[1], nil, acc, false) }
	}
	return nn.Apply(nn.Op{Name: "linear/dx", Shape: x.Shape().Clone(), Run: run(false), Accumulate: run(true)}, dy, w)
}

// linearParams computes the gradients of a linear layer's weights and bias in
// one pass over the inputs and the gradient behind them.
type linearParams struct {
	plan    *gemm.WeightGrad
	in, out int
	both    *gorgonia.Node // weights, then the bias
}

func (p *linearParams) build(in gorgonia.Nodes, dy *gorgonia.Node) (*gorgonia.Node, error) {
	var err error
	if p.both == nil {
		p.plan.SkipZeros(nn.IsSparse(in[0]), nn.IsSparse(dy))
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
