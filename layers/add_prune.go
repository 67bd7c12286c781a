package layers

import "pare/nn"

// unit returns the output channel of channel j of input k.
func (l *Add) unit(k, j int) int {
	if index := l.index(k); index != nil {
		return index[j]
	}
	return j
}

// OutUnits implements nn.UnitMapper: a sum ties the channels it adds.
func (l *Add) OutUnits(in []nn.Units, space nn.UnitSpace) nn.Units {
	out := make(nn.Units, l.Units)
	for u := range out {
		out[u] = -1
	}
	for k, units := range in {
		for j, id := range units {
			u := l.unit(k, j)
			if out[u] < 0 {
				out[u] = id
			} else {
				space.Tie(out[u], id)
			}
		}
	}
	for u := range out {
		if out[u] < 0 {
			out[u] = space.Fresh(1)[0]
		}
	}
	return out
}

// Constants: a sum of constants is a constant.
func (l *Add) Constants(in []nn.Known) nn.Known {
	sums := make([]float64, l.Units)
	varies := make([]bool, l.Units)
	for k, known := range in {
		for j, c := range known.Const {
			u := l.unit(k, j)
			varies[u] = varies[u] || !c
			sums[u] += float64(known.Value[j])
		}
	}
	out := nn.Unknown(l.Units)
	for u, v := range varies {
		if v {
			continue
		}
		if l.bias != nil {
			sums[u] += float64(l.bias.Data()[u])
		}
		out.Set(u, float32(sums[u]))
	}
	return out
}

// Needs: an operand's channel is needed when its output channel is kept and it
// is not a constant, which goes into the bias.
func (l *Add) Needs(keep []bool, in []nn.Known) [][]bool {
	needs := make([][]bool, len(in))
	for k, known := range in {
		needs[k] = make([]bool, len(known.Const))
		for j, c := range known.Const {
			needs[k][j] = keep[l.unit(k, j)] && !c
		}
	}
	return needs
}

// Pad returns the sum that puts the channels of its one input at the given
// places among as many channels as values has, and fills the others from values.
func Pad(index []int, values []float32) *Add {
	p := nn.NewParam("bias", nn.RoleBias, []int{len(values)}, nn.AxisOut)
	copy(p.Data(), values)
	return &Add{Index: [][]int{index}, Units: len(values), Bias: true, bias: p}
}

// Slice leaves operands without channels out; the pruning pass drops those
// inputs in the same order.
func (l *Add) Slice(s nn.Slicing) (nn.Layer, error) {
	place := map[int]int{}
	for i, u := range s.Out {
		place[u] = i
	}
	n := &Add{Units: len(s.Out)}
	plain := true
	for k, units := range s.In {
		if len(units) == 0 {
			continue
		}
		index := make([]int, len(units))
		for i, j := range units {
			index[i] = place[l.unit(k, j)]
		}
		if isRange(index, n.Units) {
			index = nil
		} else {
			plain = false
		}
		n.Index = append(n.Index, index)
	}
	if plain {
		n.Index = nil
	}
	bias, any := nn.NewParam("bias", nn.RoleBias, []int{n.Units}, nn.AxisOut), l.bias != nil
	if any {
		bias = l.bias.Select(nil, s.Out)
	}
	for k, known := range s.Known {
		for j, c := range known.Const {
			if i, kept := place[l.unit(k, j)]; kept && c && known.Value[j] != 0 {
				bias.Data()[i] += known.Value[j]
				any = true
			}
		}
	}
	if any {
		n.Bias, n.bias = true, bias
	}
	return n, nil
}

// DropsEmptyInputs implements nn.InputDropper.
func (l *Add) DropsEmptyInputs() {}

// HoldsConstants implements nn.ConstantHolder: they are the bias.
func (l *Add) HoldsConstants() {}

// IsIdentity implements nn.Identity.
func (l *Add) IsIdentity() bool { return l.inputs == 1 && l.index(0) == nil && l.bias == nil }
