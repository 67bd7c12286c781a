package prune

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"pare/nn"
)

// ErrCertificate is wrapped by the error of a pruning that changed the function.
var ErrCertificate = errors.New("the pruned network does not compute the same function")

// ErrNotFinite is wrapped by the error of a pruning whose network gave outputs that
// are not finite before anything was removed.
var ErrNotFinite = errors.New("the network to prune gives an output that is not finite")

// Certificate is the measured difference between a network and its pruned form.
type Certificate struct {
	MaxAbsDiff float64 `json:"max_abs_diff"` // max |Δ| over all outputs and inputs
	MaxRelDiff float64 `json:"max_rel_diff"` // the same over max |output|
	Inputs     int     `json:"inputs"`       // examples compared, real and random
	Tolerance  float64 `json:"tolerance"`    // of MaxRelDiff
}

const certificateBatch = 64

func certify(large, small *nn.Network, o Options) (Certificate, error) {
	size := large.Input.Size()
	inputs := append([]float32(nil), o.Inputs...)
	if len(inputs)%size != 0 {
		return Certificate{}, fmt.Errorf("certificate: %d input values are no whole number of examples of %s", len(inputs), large.Input)
	}
	random := o.Random
	if random == 0 {
		random = 64
	}
	inputs = append(inputs, randomInputs(large, random, o.Seed)...)
	c := Certificate{Inputs: len(inputs) / size, Tolerance: o.Tolerance}
	if c.Tolerance == 0 {
		c.Tolerance = 1e-5
	}
	before, after, err := bothOutputs(large, small, inputs)
	if err != nil {
		return c, err
	}
	if len(before) != len(after) {
		return c, fmt.Errorf("%w: %d outputs became %d", ErrCertificate, len(before), len(after))
	}
	most := 0.0
	for i, v := range before {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return c, fmt.Errorf("%w: output %d is %g", ErrNotFinite, i, v)
		}
		d := math.Abs(float64(v) - float64(after[i]))
		if math.IsNaN(d) {
			return c, fmt.Errorf("%w: output %d is not a number", ErrCertificate, i)
		}
		c.MaxAbsDiff = max(c.MaxAbsDiff, d)
		most = max(most, math.Abs(float64(v)))
	}
	if most > 0 {
		c.MaxRelDiff = c.MaxAbsDiff / most
	}
	if c.MaxRelDiff > c.Tolerance {
		return c, fmt.Errorf("%w: outputs differ by %.3g of the largest, more than %.3g", ErrCertificate, c.MaxRelDiff, c.Tolerance)
	}
	return c, nil
}

// randomInputs draws n examples: tokens evenly, or numbers from the normal
// distribution.
func randomInputs(net *nn.Network, n int, seed uint64) []float32 {
	rng := rand.New(rand.NewPCG(seed, 0x70727565))
	x := make([]float32, n*net.Input.Size())
	for i := range x {
		if net.Vocabulary > 0 {
			x[i] = float32(rng.IntN(net.Vocabulary))
		} else {
			x[i] = float32(rng.NormFloat64())
		}
	}
	return x
}

// bothOutputs are the outputs that two networks are compared by. Where layers
// keep state they are computed twice: each batch afresh, and each going on from
// the state that the one before left, as a text read in pieces does.
func bothOutputs(large, small *nn.Network, inputs []float32) (before, after []float32, err error) {
	l, n, err := inference(large, inputs)
	if err != nil {
		return nil, nil, err
	}
	s, _, err := inference(small, inputs)
	if err != nil {
		return nil, nil, err
	}
	before, after = outputs(l, inputs, n, false), outputs(s, inputs, n, false)
	if len(l.State())+len(s.State()) > 0 {
		l.ResetState()
		s.ResetState()
		before = append(before, outputs(l, inputs, n, true)...)
		after = append(after, outputs(s, inputs, n, true)...)
	}
	return before, after, nil
}

// Outputs runs the network in inference mode on examples in the batched layout
// and returns its outputs one after another. State starts afresh with every
// example.
func Outputs(net *nn.Network, inputs []float32) ([]float32, error) {
	p, n, err := inference(net, inputs)
	if err != nil {
		return nil, err
	}
	return outputs(p, inputs, n, false), nil
}

// inference compiles the network for n examples, in batches.
func inference(net *nn.Network, inputs []float32) (p *nn.Program, n int, err error) {
	n = len(inputs) / net.Input.Size()
	p, err = nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: min(max(n, 1), certificateBatch)})
	return p, n, err
}

// outputs runs the program on n examples; carry keeps the state between batches.
func outputs(p *nn.Program, inputs []float32, n int, carry bool) []float32 {
	size, width, batch := p.Network().Input.Size(), p.Network().Output().Shape.Size(), p.Batch()
	out := make([]float32, 0, n*width)
	for at := 0; at < n; at += batch {
		m := min(batch, n-at)
		clear(p.X)
		copy(p.X, inputs[at*size:(at+m)*size])
		if !carry {
			p.ResetState()
		}
		p.Run()
		out = append(out, p.Output()[:m*width]...)
	}
	return out
}
