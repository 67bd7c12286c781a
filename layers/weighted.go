package layers

import "pare/nn"

// weighted holds the parameters of a layer whose outputs are weighted sums of its inputs,
// and has its channel semantics. A linear layer is a convolution with one tap.
type weighted struct {
	weight, bias *nn.Param // [taps…, inputs of a group, outputs], [outputs]; bias may be nil
	// transposed: the groups of a weight [taps…, outputs of a group, inputs]; 0: not transposed
	transposed int
}

func (l *weighted) Params() []*nn.Param { return nonNil(l.weight, l.bias) }

// perGroup returns the number of inputs that one output weighs, and the number of outputs.
func (l *weighted) perGroup() (inputs, outs int) {
	s := l.weight.Shape()
	inputs, outs = s[len(s)-2], s[len(s)-1]
	if l.transposed > 0 {
		return outs / l.transposed, inputs * l.transposed
	}
	return inputs, outs
}

// sums are the weighted sums of a layer that weighs so many rows of each example; row copies
// their terms.
func (l *weighted) sums(units, positions int, row func(dst, example []float32, position, group int)) nn.Sums {
	inputs, outs := l.perGroup()
	return nn.Sums{Weight: l.weight, Bias: l.bias, Groups: units / inputs, Terms: l.weight.Size() / outs, Inputs: inputs,
		Positions: positions, Row: row}
}

// taps says where the weights of output o for input i of its group lie: every step from at on.
func (l *weighted) taps(i, o int) (at, step int) {
	per, outs := l.perGroup()
	if l.transposed == 0 {
		return i*outs + o, per * outs
	}
	size, inputs := outs/l.transposed, per*l.transposed
	return o%size*inputs + o/size*per + i, size * inputs
}

// connects reports whether output o weighs input i of its group: any tap is not zero.
func (l *weighted) connects(i, o int) bool {
	w := l.weight.Data()
	for at, step := l.taps(i, o); at < len(w); at += step {
		if w[at] != 0 || l.weight.Holds(at) {
			return true
		}
	}
	return false
}

// tapSum is the sum of the taps by which output o weighs input i of its group.
func (l *weighted) tapSum(i, o int) (sum float64) {
	w := l.weight.Data()
	for at, step := l.taps(i, o); at < len(w); at += step {
		sum += float64(w[at])
	}
	return sum
}

// scale multiplies every output by its factor and adds its shift, in the parameters.
func (l *weighted) scale(factor, shift []float32) {
	inputs, outs := l.perGroup()
	w := l.weight.Data()
	for i := range inputs {
		for o := range outs {
			for at, step := l.taps(i, o); at < len(w); at += step {
				w[at] *= factor[o]
			}
		}
	}
	if l.bias == nil {
		l.bias = newBias(make([]float32, outs))
	}
	for o, b := range l.bias.Data() {
		l.bias.Data()[o] = b*factor[o] + shift[o]
	}
}

// each calls f for each of the inputs with its place in its group and the outputs of the group,
// from first to behind last. For each output the inputs ascend.
func (l *weighted) each(inputs int, f func(in, place, first, last int)) {
	per, outs := l.perGroup()
	groups := inputs / per
	size := outs / groups // outputs of a group
	for i := range per {
		for g := range groups {
			f(g*per+i, i, g*size, (g+1)*size)
		}
	}
}

// folds reports whether a constant input adds the same to every output position.
type folds func(in nn.Known, unit int) bool

func always(in nn.Known, unit int) bool { return in.Const[unit] }

// constants: an output is constant when every input that it weighs folds.
func (l *weighted) constants(in nn.Known, folds folds) nn.Known {
	_, outs := l.perGroup()
	sums, varies, left := make([]float64, outs), make([]bool, outs), outs
	l.each(len(in.Const), func(i, place, first, last int) {
		constant := folds(in, i)
		if left == 0 || constant && in.Value[i] == 0 {
			return
		}
		for o := first; o < last; o++ {
			switch {
			case varies[o]:
			case constant:
				sums[o] += l.tapSum(place, o) * float64(in.Value[i])
			case l.connects(place, o):
				varies[o] = true
				left--
			}
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
	l.each(len(need), func(i, place, first, last int) {
		if folds(in, i) {
			return
		}
		for o := first; o < last && !need[i]; o++ {
			need[i] = keep[o] && l.connects(place, o)
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
	l.each(len(known.Const), func(i, in, first, last int) {
		if _, present := fed[i]; present || !known.Const[i] || known.Value[i] == 0 {
			return
		}
		for o := first; o < last; o++ {
			if k, kept := place[o]; kept && l.connects(in, o) {
				shift[k] += l.tapSum(in, o) * float64(known.Value[i])
				some = true
			}
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
