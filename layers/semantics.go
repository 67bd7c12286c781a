package layers

import (
	"slices"

	"pare/nn"
)

// passUnits is embedded by layers that treat every unit on its own and keep the order of
// the units: activation, pooling, dropout. Layers that differ in one point, such as
// normalisations and gates with their parameters, override that method.
type passUnits struct{}

func (passUnits) Params() []*nn.Param { return nil }

// OutUnits implements nn.UnitMapper.
func (passUnits) OutUnits(in []nn.Units, _ nn.UnitSpace) nn.Units { return in[0] }

// Constants implements nn.Pruner for layers that pass constants through unchanged.
func (passUnits) Constants(in []nn.Known) nn.Known { return in[0] }

// Needs implements nn.Pruner: a unit needs itself.
func (passUnits) Needs(keep []bool, _ []nn.Known) [][]bool { return [][]bool{slices.Clone(keep)} }

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

// pickUnits, pickKnown and pickNeeds are the semantics of a layer with one input whose
// output unit j is the input unit from[j].
func pickUnits(in nn.Units, from []int) nn.Units {
	out := make(nn.Units, len(from))
	for j, u := range from {
		out[j] = in[u]
	}
	return out
}

func pickKnown(in nn.Known, from []int) nn.Known {
	out := nn.Unknown(len(from))
	for j, u := range from {
		out.Const[j], out.Value[j] = in.Const[u], in.Value[u]
	}
	return out
}

func pickNeeds(keep []bool, in nn.Known, from []int) [][]bool {
	need := make([]bool, len(in.Const))
	for j, u := range from {
		need[u] = need[u] || keep[j]
	}
	return [][]bool{need}
}

// notZero marks the units that are not always 0.
func notZero(in nn.Known) []bool {
	out := make([]bool, len(in.Const))
	for u := range out {
		out[u] = !in.Zero(u)
	}
	return out
}

// sameInRows reports whether a unit has the same value in all rows of a table, and none is
// held.
func sameInRows(table *nn.Param, unit int) bool {
	w, units := table.Data(), table.Shape()[1]
	for i := unit; i < len(w); i += units {
		if w[i] != w[unit] || table.Holds(i) {
			return false
		}
	}
	return true
}

// upTo lists 0, 1, …, n−1.
func upTo(n int) []int {
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	return index
}

// isRange reports whether index is 0, 1, …, n−1.
func isRange(index []int, n int) bool { return slices.Equal(index, upTo(n)) }

// placesIn maps each element of a list to its place there.
func placesIn(list []int) map[int]int {
	place := make(map[int]int, len(list))
	for i, u := range list {
		place[u] = i
	}
	return place
}
