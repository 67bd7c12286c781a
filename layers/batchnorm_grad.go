package layers

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/nn"
)

// normGrads differentiates a normalisation with its epilogue. With dz the
// gradient behind the ReLU, three sums per channel give the gradients of all
// parameters: Σdz, Σdz·(x−mean) and Σdz·skip. The two large gradients, to x and
// to the skip, come from one pass.
type normGrads struct {
	*normPass
	shape tensor.Shape
	sums  *gorgonia.Node // [2C] or, with a skip, [3C]
	both  *gorgonia.Node // gradient to x and, with a skip, to the skip behind it
}

// nodesOf are the inputs of the forward op, and dy.
func nodesOf(in gorgonia.Nodes, more ...*gorgonia.Node) []*gorgonia.Node {
	return append(append([]*gorgonia.Node{}, in...), more...)
}

// load sets the kernel's coefficients from the values of the forward op's inputs.
func (g *normGrads) load(in [][]float32) (mean, invstd []float32) {
	c := g.norm.C
	mean, invstd = in[1][:c], in[1][c:]
	g.set(in[0], mean, invstd, in[2], in[3], in[4:4+len(g.nodes)])
	return mean, invstd
}

func (g *normGrads) gradSums(in gorgonia.Nodes, dy *gorgonia.Node) (*gorgonia.Node, error) {
	if g.sums != nil {
		return g.sums, nil
	}
	c, parts := g.norm.C, 2
	if g.skipGate >= 0 {
		parts = 3
	}
	var err error
	g.sums, err = nn.Apply(nn.Op{Name: "batchnorm/sums", Shape: tensor.Shape{parts * c},
		Run: func(dst []float32, in [][]float32) {
			mean, _ := g.load(in)
			var skipDot []float32
			if parts == 3 {
				skipDot = dst[2*c:]
			}
			g.norm.GradSums(dst[:c], dst[c:2*c], skipDot, mean, in[len(in)-1])
		}}, nodesOf(in, dy)...)
	return g.sums, err
}

// fromSums makes a gradient of a parameter from the sums.
func (g *normGrads) fromSums(name string, size int, run func(dst, sum, dot, skipDot, invstd []float32, in [][]float32)) nn.GradFunc {
	return func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		s, err := g.gradSums(in, dy)
		if err != nil {
			return nil, err
		}
		c := g.norm.C
		// x and the skip are large and not read here: without them their buffers
		// are free earlier.
		small := append(gorgonia.Nodes{}, in[1:4]...)
		if g.gate >= 0 {
			small = append(small, in[4+g.gate])
		}
		return nn.Apply(nn.Op{Name: name, Shape: tensor.Shape{size}, Run: func(dst []float32, in [][]float32) {
			sums := in[0]
			spread(g.gates, in[4:], min(g.gate, 0))
			run(dst, sums[:c], sums[c:2*c], sums[2*c:], in[1][c:], in)
		}}, append([]*gorgonia.Node{s}, small...)...)
	}
}

func (g *normGrads) toGamma(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	return g.fromSums("batchnorm/dgamma", g.norm.C, func(dst, _, dot, _, invstd []float32, _ [][]float32) {
		for i := range dst {
			dst[i] = g.gates[i] * invstd[i] * dot[i]
		}
	})(in, y, dy)
}

func (g *normGrads) toBeta(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	return g.fromSums("batchnorm/dbeta", g.norm.C, func(dst, sum, _, _, _ []float32, _ [][]float32) {
		for i := range dst {
			dst[i] = g.gates[i] * sum[i]
		}
	})(in, y, dy)
}

// toGate: the gate's factor is γ·x̂ + β, whose product with dz the sums hold.
func (g *normGrads) toGate(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	return g.fromSums("gate/dg", g.gateSize, func(dst, sum, dot, _, invstd []float32, in [][]float32) {
		gamma, beta := in[2], in[3]
		reduceTo(dst, func(i int) float64 {
			return float64(gamma[i])*float64(invstd[i])*float64(dot[i]) + float64(beta[i])*float64(sum[i])
		}, g.norm.C)
	})(in, y, dy)
}

func (g *normGrads) toSkipGate(in gorgonia.Nodes, y, dy *gorgonia.Node) (*gorgonia.Node, error) {
	return g.fromSums("gate/dg", g.skipSize, func(dst, _, _, skipDot, _ []float32, _ [][]float32) {
		reduceTo(dst, func(i int) float64 { return float64(skipDot[i]) }, g.norm.C)
	})(in, y, dy)
}

// reduceTo stores n values, or their sum where there is room for one only.
func reduceTo(dst []float32, value func(i int) float64, n int) {
	if len(dst) == n {
		for i := range dst {
			dst[i] = float32(value(i))
		}
		return
	}
	sum := 0.0
	for i := range n {
		sum += value(i)
	}
	dst[0] = float32(sum)
}

// inputs computes the gradients to x and to the skip.
func (g *normGrads) inputs(in gorgonia.Nodes, dy *gorgonia.Node) (*gorgonia.Node, error) {
	if g.both != nil {
		return g.both, nil
	}
	s, err := g.gradSums(in, dy)
	if err != nil {
		return nil, err
	}
	c, size := g.norm.C, g.shape.TotalSize()
	shape := tensor.Shape{size}
	if g.skip >= 0 {
		shape = tensor.Shape{2 * size}
	}
	g.both, err = nn.Apply(nn.Op{Name: "batchnorm/dx", Shape: shape, Run: func(dst []float32, in [][]float32) {
		mean, invstd := g.load(in)
		sums, dy := in[len(in)-2], in[len(in)-1]
		// dx = g·γ/σ·(dz − Σdz/n − x̂·Σ(dz·x̂)/n)
		for i := range c {
			p := float64(g.a[i])
			q := -p * float64(invstd[i]) * float64(invstd[i]) * float64(sums[c+i]) / float64(g.norm.Rows)
			g.p[i], g.q[i] = g.a[i], float32(q)
			g.r[i] = float32(-p*float64(sums[i])/float64(g.norm.Rows) - float64(g.q[i])*float64(mean[i]))
		}
		var dskip []float32
		if g.skip >= 0 {
			dskip = dst[size:]
		}
		g.norm.GradInput(dst[:size], dskip, g.p, g.q, g.r, dy)
	}}, nodesOf(in, s, dy)...)
	return g.both, err
}

func (g *normGrads) toInput(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
	return g.part("batchnorm/dx", in, dy, 0)
}

func (g *normGrads) toSkip(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
	return g.part("batchnorm/dskip", in, dy, g.shape.TotalSize())
}

func (g *normGrads) part(name string, in gorgonia.Nodes, dy *gorgonia.Node, start int) (*gorgonia.Node, error) {
	both, err := g.inputs(in, dy)
	if err != nil {
		return nil, err
	}
	return nn.View(name, both, start, g.shape)
}
