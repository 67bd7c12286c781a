package prune

import (
	"fmt"

	"pare/nn"
)

// Options say how to check a pruning.
type Options struct {
	// Inputs are real examples in the batched layout, for the certificate; may be
	// empty. Random inputs are used as well.
	Inputs []float32
	// Random is the number of random examples; 0 means 64.
	Random int
	// Seed of the random examples.
	Seed uint64
	// Tolerance is the largest relative difference that passes; 0 means 1e-5.
	Tolerance float64
	// Held are values that count as not zero, so that their units stay though all of their
	// values are zero; nil: none.
	Held nn.Held
}

// Prune returns the network without the units that cannot change its output, and the
// report with the certificate that it computes the same. The network given is not changed.
// If the certificate does not pass, Prune returns the report and an error.
func Prune(net *nn.Network, o Options) (*nn.Network, *Report, error) {
	small, err := smaller(net, o.Held)
	if err != nil {
		return nil, nil, err
	}
	report := Compare(net, small)
	report.Certificate, err = certify(net, small, o)
	return small, report, err
}

// smaller analyses and rewrites, with some values that count as not zero.
func smaller(net *nn.Network, held nn.Held) (small *nn.Network, err error) {
	if len(net.Nodes) == 0 {
		return nil, fmt.Errorf("prune %s: the network has no layers", net.Name)
	}
	err = held.During(func() error {
		small, err = analyse(net).rewrite()
		return err
	})
	return small, err
}

// Remaining counts the parameters and multiply-accumulates of the network that Prune would
// return, without a certificate.
func Remaining(net *nn.Network) (nn.Counts, error) { return RemainingHeld(net, nil) }

// RemainingHeld is Remaining with values that count as not zero, as in Options.Held.
func RemainingHeld(net *nn.Network, held nn.Held) (nn.Counts, error) {
	small, err := smaller(net, held)
	if err != nil {
		return nn.Counts{}, err
	}
	return small.Count(), nil
}
