package certify

import (
	"fmt"
	"math"

	"pare/attack"
	"pare/internal/kernel/parallel"
	"pare/internal/limit"
	"pare/nn"
)

// Method is a way to bound margins.
type Method int

// The methods, see the package.
const (
	Lipschitz Method = iota
	IBP
	CROWNIBP
	CROWN
)

func (m Method) String() string { return [...]string{"Lipschitz", "IBP", "CROWN-IBP", "CROWN"}[m] }

// Network is a network as operations with bounds. It keeps the parameters of the time when it was
// made.
type Network struct {
	net   *nn.Network
	nodes []node
	sizes []int // of the values of an example; the input is behind the last node
	// most is the largest of them, all their sum.
	most, all int
}

// node is an operation in its place.
type node struct {
	operation
	name    string
	inputs  []int
	relaxed bool  // the operation is not linear, and bounds on its inputs make it one
	readers []int // of its value, those that are not linear
}

// tightened reports whether CROWN bounds the value itself by linear functions. It need not behind an
// operation whose input it bounds.
func (n *node) tightened() bool { return len(n.readers) > 0 && !n.relaxed }

// operation is how a layer computes its output.
type operation interface {
	// forward bounds the output where the inputs lie in boxes.
	forward(out *box, in []*box)
	// backward is given rows of coefficients of the output, adds to the coefficients of the inputs, and to
	// constant one number a row, such that the new linear functions are nowhere above the old ones on
	// the boxes of w; node is the place of the operation there.
	backward(w *work, node int, rows []float64, to [][]float64, constant []float64)
	// lipschitz bounds how far outputs differ in a norm where inputs differ by these numbers.
	lipschitz(n attack.Norm, in []float64) float64
}

// box is an interval for each value of an example, and how far rounding alone may move it from
// the exact result of its operation; rounding is nil where it does not.
type box struct{ low, high, rounding []float64 }

func newBox(n int) box { return box{make([]float64, n), make([]float64, n), make([]float64, n)} }

// New prepares a network with one vector of outputs for each example. A layer without bounds is an
// error that names it.
func New(net *nn.Network) (*Network, error) {
	out := net.Output().Shape
	switch {
	case net.Vocabulary > 0:
		return nil, fmt.Errorf("network %s reads tokens: there are no intervals of tokens", net.Name)
	case len(out) != 1:
		return nil, fmt.Errorf("network %s has outputs of shape %s: certified bounds need one vector of outputs for each example", net.Name, out)
	}
	c := &Network{net: net, sizes: make([]int, len(net.Nodes)+1)}
	c.sizes[len(net.Nodes)] = net.Input.Size()
	for i, n := range net.Nodes {
		c.sizes[i] = n.Shape.Size()
	}
	for _, s := range c.sizes {
		c.most, c.all = max(c.most, s), c.all+s
	}
	if err := c.checkMemory(); err != nil {
		return nil, err
	}
	for _, n := range net.Nodes {
		op, relaxed, err := newOperation(n, net.InputShapes(n))
		if err != nil {
			return nil, fmt.Errorf("layer %s: %w", n.Name, err)
		}
		inputs := make([]int, len(n.Inputs))
		for k, i := range n.Inputs {
			if i < 0 {
				i = len(net.Nodes)
			}
			inputs[k] = i
			if relaxed && i < len(c.nodes) {
				c.nodes[i].readers = append(c.nodes[i].readers, len(c.nodes))
			}
		}
		c.nodes = append(c.nodes, node{operation: op, name: n.Name, inputs: inputs, relaxed: relaxed})
	}
	return c, nil
}

// checkMemory reports a network whose bounds do not fit into the memory. Every thread keeps for its
// example, of each value, three numbers of the box and four of the relaxation, and rows of
// coefficients.
func (c *Network) checkMemory() error {
	threads := int64(parallel.Threads())
	values := threads * (7*int64(c.all) + 4*int64(c.rows())*int64(c.most))
	return limit.Check(fmt.Sprintf("bounds on %d values on each of %d threads", c.all, threads), values, 8)
}

// CROWN is affordable up to so many multiplications by weights, of one example and of all: of the
// order of a second, and of five minutes.
const (
	crownWork    = 2e9
	crownWorkAll = 4e12
)

// Affordable is the tightest method for so many examples whose cost is bounded: CROWN where the
// network is small, else CROWNIBP. CROWN goes back to the input from every value that an activation
// or a maximum reads, CROWNIBP from the margins alone.
func (c *Network) Affordable(examples int) Method {
	below, work := 0.0, 0.0 // multiplications of the layers so far
	for i := range c.nodes {
		n := &c.nodes[i]
		if o, ok := n.operation.(*weightedSums); ok {
			below += float64(o.Positions) * float64(len(o.w))
		}
		if n.tightened() {
			work += 2 * float64(c.sizes[i]) * below
		}
	}
	if work <= crownWork && work*float64(examples) <= crownWorkAll {
		return CROWN
	}
	return CROWNIBP
}

// rows is the number of linear functions to bound at once.
func (c *Network) rows() int { return max(1, min(256, (1<<21)/c.most)) }

func newOperation(n *nn.Node, in []nn.Shape) (op operation, relaxed bool, err error) {
	switch l := n.Layer.(type) {
	case nn.LinearMap:
		return newWeightedSums(l.Sums(in[0]), in[0], n.Shape)
	case nn.Affine:
		return newAffine(n.Layer, l, in[0]), false, nil
	case nn.Combiner:
		return newCombination(l, in, n.Shape), false, nil
	case nn.Maximum:
		return newMaximum(l, in[0], n.Shape)
	case nn.Elementwise:
		f := curves{units: n.Shape.Units()}
		for u := range f.units {
			f.of = append(f.of, l.Curve(u))
		}
		if f.of[0].At != nil {
			return &f, true, nil
		}
	}
	return nil, false, fmt.Errorf("there are no certified bounds for a layer of kind %s", n.Layer.Kind())
}

// unit is the unit roundoff of float32, underflow the error of an operation whose result is too small for
// it: functions may return 0 in place of a subnormal number.
const (
	unit      = 1.0 / (1 << 24)
	underflow = 0x1p-126
)

// outward widens an interval by a bound on the rounding of float64.
func outward(low, high float64) (float64, float64) {
	const f64 = 1e-12
	return low - f64*math.Abs(low), high + f64*math.Abs(high)
}
