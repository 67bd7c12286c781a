package regularize

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/nn"
)

// Build implements nn.Term: a scalar node λ·Σ_g s_g·f(w_g) over the parameters.
// λ is read at each run. In prox mode the gradient stops here, for the proximal
// map takes the place of it; in subgradient mode each parameter receives one.
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

// noInput is the input of a term that reads nothing any more.
func noInput(b *nn.Builder, term string) *gorgonia.Node {
	name := fmt.Sprintf("%s/none%d", term, len(b.Graph.AllNodes()))
	return b.Input(name, tensor.Shape{1}, make([]float32, 1))
}
