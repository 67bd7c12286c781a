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
		return Certificate{}, fmt.Errorf("certificate: %d input values are not a whole number of examples of %s", len(inputs), large.Input)
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
	if a, b := large.Output().Shape, small.Output().Shape; a.Size() != b.Size() {
		return c, fmt.Errorf("%w: %d outputs of an example became %d", ErrCertificate, a.Size(), b.Size())
	}
	most, at := 0.0, 0
	err := bothOutputs(large, small, inputs, func(before, after []float32) error {
		for i, v := range before {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return fmt.Errorf("%w: output %d is %g", ErrNotFinite, at+i, v)
			}
			d := math.Abs(float64(v) - float64(after[i]))
			if math.IsNaN(d) {
				return fmt.Errorf("%w: output %d is not a number", ErrCertificate, at+i)
			}
			c.MaxAbsDiff = max(c.MaxAbsDiff, d)
			most = max(most, math.Abs(float64(v)))
		}
		at += len(before)
		return nil
	})
	if err != nil {
		return c, err
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

// bothOutputs calls compare with what two networks give for one batch after
// another. Where layers keep state there are two rounds: each batch afresh, and
// each going on from the state that the one before left, as a text read in pieces
// does.
func bothOutputs(large, small *nn.Network, inputs []float32, compare func(before, after []float32) error) error {
	n := len(inputs) / large.Input.Size()
	batch := large.BatchUpTo(min(max(n, 1), certificateBatch))
	l, err := nn.Compile(large, nn.CompileOptions{Mode: nn.Infer, Batch: batch})
	if err != nil {
		return err
	}
	s, err := nn.Compile(small, nn.CompileOptions{Mode: nn.Infer, Batch: batch})
	if err != nil {
		return err
	}
	if err := eachBatch(inputs, n, false, compare, l, s); err != nil || len(l.State())+len(s.State()) == 0 {
		return err
	}
	l.ResetState()
	s.ResetState()
	return eachBatch(inputs, n, true, compare, l, s)
}

// eachBatch runs two programs on n examples, batch by batch; carry keeps the state
// between batches.
func eachBatch(inputs []float32, n int, carry bool, compare func(before, after []float32) error, programs ...*nn.Program) error {
	batch := programs[0].Batch()
	for at := 0; at < n; at += batch {
		m := min(batch, n-at)
		var outputs [2][]float32
		for k, p := range programs {
			size, width := p.Network().Input.Size(), p.Network().Output().Shape.Size()
			clear(p.X)
			copy(p.X, inputs[at*size:(at+m)*size])
			if !carry {
				p.ResetState()
			}
			p.Run()
			outputs[k] = p.Output()[:m*width]
		}
		if err := compare(outputs[0], outputs[1]); err != nil {
			return err
		}
	}
	return nil
}

// Outputs runs the network in inference mode on examples in the batched layout
// and returns its outputs one after another. State starts afresh with every
// example.
func Outputs(net *nn.Network, inputs []float32) ([]float32, error) {
	n := len(inputs) / net.Input.Size()
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: net.BatchUpTo(min(max(n, 1), certificateBatch))})
	if err != nil {
		return nil, err
	}
	var out []float32
	err = eachBatch(inputs, n, false, func(outputs, _ []float32) error {
		out = append(out, outputs...)
		return nil
	}, p)
	return out, err
}
