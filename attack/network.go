package attack

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"

	"pare/nn"
)

// Network is a network in inference mode as a Model: running statistics, no dropout. Its programs
// share the network's parameters, so it follows when they change.
type Network struct {
	net      *nn.Network
	batch    int
	forward  map[int]*nn.Program // by the size of the batch, compiled when first needed
	backward map[int]*nn.Program
	gradient func(z, gz []float32) // of the run in progress
	z, gz    []float64             // of one row
	scale    []int                 // of each row's gradient, as a power of 2
}

// tile is a number of rows for which, and for multiples of which, the matrix products of a row do
// not depend on the number of rows: a multiple of 6, the rows of gemm's tiles, because kernels for
// one and two rows beyond whole tiles sum in another order.
const tile = 24

// NewNetwork makes a Model of a network whose outputs are logits of classes, or numbers. batch is
// the largest number of examples that it computes at once; from 24 on it is rounded up to a multiple
// of 24. Outputs and gradients then do not depend on it, but for convolutions whose number of output
// positions is no multiple of 6, such as 10×10: the last positions of an image may be added up in another
// order, by its place in the batch.
func NewNetwork(net *nn.Network, batch int) (*Network, error) {
	if batch < 1 {
		return nil, fmt.Errorf("a batch of %d examples; it needs at least 1", batch)
	}
	if net.Vocabulary > 0 {
		return nil, fmt.Errorf("network %s reads tokens: there are no small changes of a token, and so no attack", net.Name)
	}
	if len(net.Nodes) == 0 {
		return nil, fmt.Errorf("network %s has no layers", net.Name)
	}
	if out := net.Output().Shape; len(out) != 1 {
		return nil, fmt.Errorf("network %s has outputs of shape %s: attacks need one vector of outputs for each example", net.Name, out)
	}
	if batch > tile {
		batch = (batch + tile - 1) / tile * tile
	}
	outputs := net.Output().Shape.Size()
	m := &Network{net: net, batch: batch, forward: map[int]*nn.Program{}, backward: map[int]*nn.Program{},
		z: make([]float64, outputs), gz: make([]float64, outputs), scale: make([]int, batch)}
	if _, err := m.program(batch, true); err != nil { // an error now rather than in the first attack
		return nil, err
	}
	return m, nil
}

// Shape implements Model.
func (m *Network) Shape() nn.Shape { return m.net.Input }

// Outputs implements Model.
func (m *Network) Outputs() int { return len(m.z) }

// Single implements Model.
func (m *Network) Single() bool { return true }

// program returns the program for n rows: of a whole batch, or of the least of 24, 96, 384, … that
// is enough.
func (m *Network) program(n int, gradients bool) (*nn.Program, error) {
	size := tile
	for size < n {
		size *= 4
	}
	size = min(size, m.batch)
	programs, o := m.forward, nn.CompileOptions{Mode: nn.Infer, Batch: size}
	if gradients {
		programs, o = m.backward, nn.CompileOptions{Mode: nn.Eval, Batch: size, Loss: external{m}, InputGradient: true}
	}
	p := programs[size]
	if p == nil {
		var err error
		if p, err = nn.Compile(m.net, o); err != nil {
			return nil, err
		}
		programs[size] = p
	}
	return p, nil
}

// Forward implements Model.
func (m *Network) Forward(x, z []float64) error {
	return m.each(x, false, func(p *nn.Program, first, n int) {
		p.Run()
		widen(z[first*len(m.z):][:n*len(m.z)], p.Output())
	})
}

// Backward implements Model.
func (m *Network) Backward(x, gx []float64, upstream func(row int, z, gz []float64)) error {
	d, k := m.net.Input.Size(), len(m.z)
	return m.each(x, true, func(p *nn.Program, first, n int) {
		m.gradient = func(z, gz []float32) {
			clear(gz)
			for i := range n {
				widen(m.z, z[i*k:])
				clear(m.gz)
				upstream(first+i, m.z, m.gz)
				m.scale[i] = exponent(m.gz)
				for j, g := range m.gz {
					gz[i*k+j] = float32(math.Ldexp(g, -m.scale[i]))
				}
			}
		}
		p.Run()
		for i := range n {
			row, e := gx[(first+i)*d:][:d], math.Ldexp(1, m.scale[i])
			for j, g := range p.InputGrad()[i*d:][:d] {
				row[j] = float64(g) * e
			}
		}
	})
}

// exponent is the e for which the largest value is in 2ᵉ·[½, 1): gradients divided by 2ᵉ do not
// vanish in float32, as the gradient of the cross-entropy would where a network is very sure.
func exponent(gz []float64) int {
	most := 0.0
	for _, g := range gz {
		most = max(most, math.Abs(g))
	}
	_, e := math.Frexp(most)
	return max(e, -1000)
}

// each puts the rows of x, as many as fit, into a program and calls run. Rows that are left over
// in a program are 0.
func (m *Network) each(x []float64, gradients bool, run func(p *nn.Program, first, n int)) error {
	d := m.net.Input.Size()
	for first := 0; first < len(x)/d; {
		n := min(m.batch, len(x)/d-first)
		p, err := m.program(n, gradients)
		if err != nil {
			return err
		}
		for i, v := range x[first*d:][:n*d] {
			p.X[i] = float32(v)
		}
		clear(p.X[n*d:])
		p.ResetState()
		run(p, first, n)
		for i, v := range p.Output()[:n*len(m.z)] {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return fmt.Errorf("network %s: output %d of an example under attack is %v", m.net.Name, i%len(m.z), v)
			}
		}
		first += n
	}
	return nil
}

// widen copies as many values as dst has.
func widen(dst []float64, src []float32) {
	for i := range dst {
		dst[i] = float64(src[i])
	}
}

// external is a loss whose gradient by the outputs comes from the caller of a run. Its value is 0.
type external struct{ m *Network }

// Build implements nn.Loss.
func (e external) Build(_ *nn.Builder, output, target *gorgonia.Node) (*gorgonia.Node, error) {
	grad := nn.Gradient(nn.Op{Name: "attack/dz", Shape: output.Shape().Clone(),
		Run: func(dst []float32, in [][]float32) { e.m.gradient(in[0], dst) }}, 0)
	return nn.Apply(nn.Op{Name: "attack", Grad: []nn.GradFunc{grad, nil},
		Run: func(dst []float32, _ [][]float32) { dst[0] = 0 }}, output, target)
}
