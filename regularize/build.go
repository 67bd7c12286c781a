package regularize

import (
	"gorgonia.org/gorgonia"

	"pare/nn"
)

// Build implements nn.Term: a scalar node λ·Σ_g s_g·f(w_g) over the parameters.
// λ is read at each run. In prox mode the gradient stops here, for the proximal
// map takes the place of it; in subgradient mode each parameter receives one.
func (t *Term) Build(b *nn.Builder, _ *nn.Network) (*gorgonia.Node, error) {
	var in []*gorgonia.Node
	var grads []nn.GradFunc
	for _, p := range t.parts {
		first := len(in)
		for i, param := range p.params() {
			in = append(in, b.Param(param))
			grads = append(grads, t.gradient(p, first, i))
		}
	}
	if t.Proximal() {
		grads = nil
	}
	return nn.Apply(nn.Op{Name: t.Name(), Grad: grads, Run: func(dst []float32, in [][]float32) {
		sum := 0.0
		for _, p := range t.parts {
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
