package layers

import "pare/nn"

// weighted holds the parameters of a layer whose outputs are weighted sums of its inputs,
// and has its channel semantics. A linear layer is a convolution with one tap.
type weighted struct {
	weight, bias *nn.Param // [taps…, inputs of a group, outputs], [outputs]; bias may be nil
}

func (l *weighted) Params() []*nn.Param { return nonNil(l.weight, l.bias) }

// perGroup returns the number of inputs that one output weighs, and the number of outputs.
func (l *weighted) perGroup() (inputs, outs int) {
	s := l.weight.Shape()
	return s[len(s)-2], s[len(s)-1]
}

// sums are the weighted sums of a layer that weighs so many rows of each example; row copies
// their terms.
func (l *weighted) sums(units, positions int, row func(dst, example []float32, position, group int)) nn.Sums {
	inputs, outs := l.perGroup()
	return nn.Sums{Weight: l.weight, Bias: l.bias, Groups: units / inputs, Terms: l.weight.Size() / outs, Inputs: inputs,
		Positions: positions, Row: row}
}

// each calls f for every pair of an output and one of the given inputs that the weights
// connect, with the sum of the taps and whether any tap is not zero. For each output the
// inputs ascend.
func (l *weighted) each(inputs int, f func(in, out int, sum float64, any bool)) {
	w := l.weight.Data()
	per, outs := l.perGroup()
	group := outs / (inputs / per) // outputs of a group
	sums, used := make([]float64, outs), make([]bool, outs)
	for i := range per {
		clear(sums)
		clear(used)
		for at := i * outs; at < len(w); at += per * outs {
			for o, v := range w[at : at+outs] {
				if v != 0 || l.weight.Holds(at+o) {
					sums[o] += float64(v)
					used[o] = true
				}
			}
		}
		for o, any := range used {
			f(o/group*per+i, o, sums[o], any)
		}
	}
}

// folds reports whether a constant input adds the same to every output position.
type folds func(in nn.Known, unit int) bool

func always(in nn.Known, unit int) bool { return in.Const[unit] }

// constants: an output is constant when every input that it weighs folds.
func (l *weighted) constants(in nn.Known, folds folds) nn.Known {
	_, outs := l.perGroup()
	sums, varies := make([]float64, outs), make([]bool, outs)
	l.each(len(in.Const), func(i, o int, sum float64, any bool) {
		switch {
		case !any:
		case folds(in, i):
			sums[o] += sum * float64(in.Value[i])
		default:
			varies[o] = true
		}
	})
	out := nn.Unknown(outs)
	for o, v := range varies {
		if v {
			continue
		}
		if l.bias != nil {
			sums[o] += float64(l.bias.Data()[o])
		}
		out.Set(o, float32(sums[o]))
	}
	return out
}

// needs: an input is needed when a kept output weighs it and it does not fold.
func (l *weighted) needs(keep []bool, in nn.Known, folds folds) []bool {
	need := make([]bool, len(in.Const))
	l.each(len(need), func(i, o int, _ float64, any bool) {
		if any && keep[o] && !folds(in, i) {
			need[i] = true
		}
	})
	return need
}

// sliceBias gives n, a slice of l, the bias of l plus the sums that dropped constant
// inputs add to the kept outputs. It reports whether n has a bias though l had none.
func (l *weighted) sliceBias(n *weighted, s nn.Slicing) (made bool) {
	if l.bias != nil {
		n.bias = l.bias.Select(nil, s.Out)
	}
	fed, place, known := placesIn(s.In[0]), placesIn(s.Out), s.Known[0]
	shift, some := make([]float64, len(s.Out)), false
	l.each(len(known.Const), func(i, o int, sum float64, any bool) {
		if !any || !known.Const[i] || known.Value[i] == 0 {
			return
		}
		_, present := fed[i]
		if k, kept := place[o]; kept && !present {
			shift[k] += sum * float64(known.Value[i])
			some = true
		}
	})
	if !some {
		return false
	}
	if made = n.bias == nil; made {
		n.bias = newBias(make([]float32, len(s.Out)))
	}
	for o, v := range shift {
		n.bias.Data()[o] += float32(v)
	}
	return made
}
