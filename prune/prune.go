package prune

import (
	"context"
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
	// Keep says how much the layers keep at least, and RoundTo of which number their units
	// end at a multiple; 0: any number. Units that are dead stay where these demand it.
	Keep    Keep
	RoundTo int
}

// Prune returns the network without the units that cannot change its output, and the
// report with the certificate that it computes the same. The network given is not changed.
// If the certificate does not pass, Prune returns the report and an error.
func Prune(net *nn.Network, o Options) (*nn.Network, *Report, error) {
	small, limited, err := smaller(net, o)
	if err != nil {
		return nil, nil, err
	}
	report := Compare(net, small)
	report.Limited = limited
	report.Certificate, err = certify(net, small, o)
	return small, report, err
}

// smaller analyses and rewrites. The values of the network that it returns are copied when
// they are read.
func smaller(net *nn.Network, o Options) (small *nn.Network, limited []Limited, err error) {
	if len(net.Nodes) == 0 {
		return nil, nil, fmt.Errorf("prune %s: the network has no layers", net.Name)
	}
	limits, err := newLimits(net, o.Keep, o.RoundTo)
	if err != nil {
		return nil, nil, fmt.Errorf("prune %s: %w", net.Name, err)
	}
	held := o.Held
	a := analyseHeld(net, held)
	if limits != nil {
		held = held.Clone()
		if a, limited, err = limits.analyse(context.Background(), a, held); err != nil {
			return nil, nil, err
		}
	}
	small, err = a.rewriteHeld(held)
	return small, limited, err
}

func analyseHeld(net *nn.Network, held nn.Held) (a *analysis) {
	held.During(func() error { // of which the function returns none
		a = analyse(net)
		return nil
	})
	return a
}

// afterHeld is after with marks.
func (a *analysis) afterHeld(changed map[*nn.Param]bool, held nn.Held) (b *analysis) {
	held.During(func() error {
		b = a.after(changed)
		return nil
	})
	return b
}

func (a *analysis) rewriteHeld(held nn.Held) (small *nn.Network, err error) {
	err = held.During(func() error {
		small, err = a.rewrite()
		return err
	})
	return small, err
}

// Remaining counts the parameters and multiply-accumulates of the network that Prune would
// return, without a certificate.
func Remaining(net *nn.Network) (nn.Counts, error) { return RemainingWith(net, Options{}) }

// RemainingWith is Remaining with values that count as not zero, and with the demands on
// layers, as in Options.
func RemainingWith(net *nn.Network, o Options) (nn.Counts, error) {
	small, _, err := smaller(net, o)
	if err != nil {
		return nn.Counts{}, err
	}
	return small.Count(), nil
}
