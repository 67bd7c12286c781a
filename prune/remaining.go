package prune

import (
	"fmt"

	"pare/nn"
)

// Remaining counts what Prune would leave of the network, without a certificate.
func Remaining(net *nn.Network) (nn.Counts, error) {
	if len(net.Nodes) == 0 {
		return nn.Counts{}, fmt.Errorf("prune %s: the network has no layers", net.Name)
	}
	small, err := analyse(net).rewrite()
	if err != nil {
		return nn.Counts{}, err
	}
	return small.Count(), nil
}
