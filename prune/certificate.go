package prune

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"pare/infer"
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
	MaxRelDiff float64 `json:"max_rel_diff"` // the same over max |output|; where that is 0, over max |output| of the pruned network
	Inputs     int     `json:"inputs"`       // examples compared, real and random
	Tolerance  float64 `json:"tolerance"`    // largest max_rel_diff allowed
	// Rounding is twice the relative difference that the network before has to itself when each of
	// its parameters is the next float32 above or below. A difference up to it, and up to 100 times the
	// tolerance, is allowed, too; it is measured where max_rel_diff is above tolerance. 0: not measured.
	Rounding float64 `json:"rounding,omitempty"`
}

// Passed reports whether both networks compute the same function, up to Allowed. It is false for
// the zero value.
func (c Certificate) Passed() bool { return c.Inputs > 0 && c.MaxRelDiff <= c.Allowed() }

// Allowed is the largest max_rel_diff that passes. A network whose rounding is more than a hundred
// tolerances can prove nothing.
func (c Certificate) Allowed() float64 { return max(c.Tolerance, min(c.Rounding, 100*c.Tolerance)) }

const (
	certificateBatch = 64
	// certificateValues bounds the values of the largest layer over the examples of a batch,
	// because the buffers of two networks are in memory: 32 MiB each.
	certificateValues = 1 << 23
)

// certificateBatchOf is the number of examples of n that are compared at once.
func certificateBatchOf(net *nn.Network, n int) int {
	largest := net.Input.Size()
	for _, node := range net.Nodes {
		largest = max(largest, node.Shape.Size())
	}
	return net.BatchUpTo(max(1, min(n, certificateBatch, certificateValues/largest)))
}

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
	var err error
	if c.MaxAbsDiff, c.MaxRelDiff, err = difference(large, small, inputs); err != nil {
		return c, err
	}
	if c.MaxRelDiff > c.Tolerance {
		if c.Rounding, err = rounding(large, inputs, o.Seed); err != nil {
			return c, err
		}
	}
	if !c.Passed() {
		return c, fmt.Errorf("%w: outputs differ by %.3g of the largest, more than %.3g", ErrCertificate, c.MaxRelDiff, c.Allowed())
	}
	return c, nil
}

// difference is the largest difference between the outputs of two networks, and the same over the
// largest output.
func difference(large, small *nn.Network, inputs []float32) (absolute, relative float64, err error) {
	most, mostAfter, at := 0.0, 0.0, 0
	err = bothOutputs(large, small, inputs, func(before, after []float32) error {
		for i, v := range before {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return fmt.Errorf("%w: output %d is %g", ErrNotFinite, at+i, v)
			}
			d := math.Abs(float64(v) - float64(after[i]))
			if math.IsNaN(d) {
				return fmt.Errorf("%w: output %d is not a number", ErrCertificate, at+i)
			}
			absolute = max(absolute, d)
			most, mostAfter = max(most, math.Abs(float64(v))), max(mostAfter, math.Abs(float64(after[i])))
		}
		at += len(before)
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	if most == 0 { // outputs that were all 0 have to stay 0
		most = mostAfter
	}
	if most > 0 {
		relative = absolute / most
	}
	return absolute, relative, nil
}

// roundings is the number of neighbours of a network that its rounding is measured by.
const roundings = 16

// rounding is twice the largest relative difference between a network and networks whose parameters
// are neighbours of its own in float32, up or down at random: both networks of a certificate round. A sum of products in float32 is the exact
// sum for weights that differ by up to n·2⁻²⁴ from the given ones, where n is the number of terms
// (Higham 2002, Accuracy and Stability of Numerical Algorithms, equation 3.4), so any two ways to
// compute a network in float32 differ by about as much.
func rounding(net *nn.Network, inputs []float32, seed uint64) (most float64, err error) {
	rng := rand.New(rand.NewPCG(seed, 0x756c70))
	for range roundings {
		neighbour, err := net.Clone()
		if err != nil {
			return 0, err
		}
		for _, p := range neighbour.Params() {
			values := p.Data()
			for i, v := range values {
				if v != 0 {
					values[i] = math.Nextafter32(v, float32(math.Inf(1-2*rng.IntN(2))))
				}
			}
		}
		_, d, err := difference(net, neighbour, inputs)
		if err != nil {
			return 0, err
		}
		most = max(most, d)
	}
	return 2 * most, nil
}

// constantOutput returns the outputs of a network on which no input has an influence, as its
// program computes them. Sums of constants in another order are no substitute: their rounding
// differs, and next to outputs that cancel to almost 0 the difference is large.
func constantOutput(net *nn.Network) (nn.Known, error) {
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: certificateBatchOf(net, certificateBatch)})
	if err != nil {
		return nn.Known{}, err
	}
	p.Run()
	units := net.Output().Shape.Units()
	known := nn.Unknown(units)
	for u, v := range p.Output()[:units] {
		known.Set(u, v)
	}
	return known, nil
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

// served compiles a network as a predictor serves it.
func served(net *nn.Network, batch int) (*nn.Program, error) {
	p, err := infer.New(net, infer.Options{SharesLayers: true, Zeros: infer.Dense})
	if err != nil {
		return nil, err
	}
	return p.Compile(batch)
}

// bothOutputs calls compare with the outputs of two networks for one batch after
// another. Where layers keep state there are two rounds: each batch afresh, and
// each going on from the state that the one before left, as a text read in pieces
// does.
func bothOutputs(large, small *nn.Network, inputs []float32, compare func(before, after []float32) error) error {
	size := large.Input.Size()
	o := nn.CompileOptions{Mode: nn.Infer, Batch: certificateBatchOf(large, len(inputs)/size)}
	l, err := nn.Compile(large, o)
	if err != nil {
		return err
	}
	s, err := served(small, o.Batch)
	if err != nil {
		return err
	}
	run := func(p *nn.Program, x []float32, carry bool) []float32 {
		clear(p.X)
		copy(p.X, x)
		if !carry {
			p.ResetState()
		}
		p.Run()
		return p.Output()[:len(x)/size*p.Network().Output().Shape.Size()]
	}
	round := func(carry bool) error {
		for x := range slices.Chunk(inputs, o.Batch*size) {
			if err := compare(run(l, x, carry), run(s, x, carry)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := round(false); err != nil || len(l.State())+len(s.State()) == 0 {
		return err
	}
	l.ResetState()
	s.ResetState()
	return round(true)
}
