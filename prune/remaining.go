package prune

import "pare/nn"

// Remaining counts what Prune would leave of the network, without a certificate.
func Remaining(net *nn.Network) (nn.Counts, error) { return RemainingHeld(net, nil) }

// RemainingHeld is Remaining with values that count as not zero, as in Options.Held.
func RemainingHeld(net *nn.Network, held nn.Held) (nn.Counts, error) {
	small, err := smaller(net, held)
	if err != nil {
		return nn.Counts{}, err
	}
	return small.Count(), nil
}
