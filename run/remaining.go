package run

import (
	"pare/nn"
	"pare/prune"
	"pare/train"
)

// remaining counts the network that a removal would leave now, beside the one that the
// run began with.
func (r *runner) remaining(net *nn.Network) (train.Remaining, error) {
	left, err := prune.Remaining(net)
	if err != nil {
		return train.Remaining{}, err
	}
	full := r.full.Count()
	return train.Remaining{Params: left.Params, MACs: left.MACs,
		ParamShare: ratio(left.Params, full.Params), MACShare: ratio(left.MACs, full.MACs)}, nil
}

// ratio is part of whole; all of it where there is nothing.
func ratio(part, whole int64) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}
