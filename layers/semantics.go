package layers

import "pare/nn"

// passUnits is embedded by layers that treat every unit on its own and keep
// their order: activation, normalisation, pooling, gate, dropout.
type passUnits struct{}

// OutUnits implements nn.UnitMapper.
func (passUnits) OutUnits(in []nn.Units, _ nn.UnitSpace) nn.Units { return in[0] }

// Needs implements the backward half of nn.Pruner: a unit needs itself.
func (passUnits) Needs(keep []bool, _ []nn.Known) [][]bool {
	return [][]bool{append([]bool(nil), keep...)}
}

// mapKnown applies f to every known constant.
func mapKnown(in nn.Known, f func(unit int, v float32) float32) nn.Known {
	out := nn.Unknown(len(in.Const))
	for u, c := range in.Const {
		if c {
			out.Set(u, f(u, in.Value[u]))
		}
	}
	return out
}

// positions returns where each element of sub stands in all; both ascend and
// all contains sub.
func positions(sub, all []int) []int {
	out := make([]int, len(sub))
	j := 0
	for i, u := range sub {
		for all[j] != u {
			j++
		}
		out[i] = j
	}
	return out
}

// isRange reports whether index is 0, 1, …, n−1.
func isRange(index []int, n int) bool {
	if len(index) != n {
		return false
	}
	for i, v := range index {
		if v != i {
			return false
		}
	}
	return true
}
