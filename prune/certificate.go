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
	rng := rand.New(rand.NewPCG(o.Seed, 0x70727565))
	for range random * size {
		inputs = append(inputs, float32(rng.NormFloat64()))
	}
	c := Certificate{Inputs: len(inputs) / size, Tolerance: o.Tolerance}
	if c.Tolerance == 0 {
		c.Tolerance = 1e-5
	}
	before, err := Outputs(large, inputs)
	if err != nil {
		return c, err
	}
	after, err := Outputs(small, inputs)
	if err != nil {
		return c, err
	}
	if len(before) != len(after) {
		return c, fmt.Errorf("%w: %d outputs became %d", ErrCertificate, len(before), len(after))
	}
	most := 0.0
	for i, v := range before {
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

// Outputs runs the network in inference mode on examples in the batched layout,
// each from the start state, and returns its outputs one after another.
func Outputs(net *nn.Network, inputs []float32) ([]float32, error) {
	size, width := net.Input.Size(), net.Output().Shape.Size()
	n := len(inputs) / size
	batch := min(max(n, 1), certificateBatch)
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: batch})
	if err != nil {
		return nil, err
	}
	out := make([]float32, 0, n*width)
	for at := 0; at < n; at += batch {
		m := min(batch, n-at)
		clear(p.X)
		copy(p.X, inputs[at*size:(at+m)*size])
		p.ResetState()
		p.Run()
		out = append(out, p.Output()[:m*width]...)
	}
	return out, nil
}
