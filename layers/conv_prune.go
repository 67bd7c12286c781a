package layers

import "pare/nn"

// outputs and inputs per group.
func (l *Conv) outGroup() int { return l.Out / l.Groups }
func (l *Conv) inGroup() int  { return l.weight.Shape()[2] }

// each calls f for every pair of input channel and output channel that the
// kernel connects, with the sum of the taps and whether any tap is not zero.
func (l *Conv) each(f func(in, out int, sum float64, any bool)) {
	w, taps := l.weight.Data(), l.Kernel*l.Kernel
	ig, og := l.inGroup(), l.outGroup()
	for o := range l.Out {
		group := o / og
		for i := range ig {
			sum, any := 0.0, false
			for t := range taps {
				at := (t*ig+i)*l.Out + o
				if v := w[at]; v != 0 || l.weight.Holds(at) {
					sum += float64(v)
					any = true
				}
			}
			f(group*ig+i, o, sum, any)
		}
	}
}

// folds reports whether a constant input channel adds the same to every output
// position: next to zero padding it does not, unless it is 0.
func (l *Conv) folds(k nn.Known, unit int) bool {
	return k.Const[unit] && (l.Pad == 0 || k.Value[unit] == 0)
}

// Constants: an output channel is constant when every input channel that its
// kernel weighs folds.
func (l *Conv) Constants(in []nn.Known) nn.Known {
	sums := make([]float64, l.Out)
	varies := make([]bool, l.Out)
	l.each(func(i, o int, sum float64, any bool) {
		switch {
		case !any:
		case l.folds(in[0], i):
			sums[o] += sum * float64(in[0].Value[i])
		default:
			varies[o] = true
		}
	})
	out := nn.Unknown(l.Out)
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

// Needs: an input channel is needed when a kept output weighs it and it does
// not fold. Grouped convolutions need equally many inputs in every group left.
func (l *Conv) Needs(keep []bool, in []nn.Known) [][]bool {
	need := make([]bool, len(in[0].Const))
	l.each(func(i, o int, _ float64, any bool) {
		if any && keep[o] && !l.folds(in[0], i) {
			need[i] = true
		}
	})
	if l.Groups > 1 {
		og := l.outGroup()
		alive := func(g int) bool { return anyTrue(keep[g*og : (g+1)*og]) }
		equalise(need, l.inGroup(), 1, alive)
	}
	return [][]bool{need}
}

// Close implements nn.Closer: groups that stay must have equally many outputs.
func (l *Conv) Close(keep []bool) {
	if l.Groups > 1 {
		og := l.outGroup()
		equalise(keep, og, 0, func(g int) bool { return anyTrue(keep[g*og : (g+1)*og]) })
	}
}

// equalise adds entries so that every live group of the given size has as many
// as the fullest one, and at least least.
func equalise(set []bool, size, least int, alive func(group int) bool) {
	most := least
	for g := 0; g < len(set)/size; g++ {
		if alive(g) {
			most = max(most, count(set[g*size:(g+1)*size]))
		}
	}
	for g := 0; g < len(set)/size; g++ {
		if !alive(g) {
			continue
		}
		members := set[g*size : (g+1)*size]
		for i, missing := 0, most-count(members); missing > 0; i++ {
			if !members[i] {
				members[i] = true
				missing--
			}
		}
	}
}

func anyTrue(set []bool) bool { return count(set) > 0 }

func count(set []bool) int {
	n := 0
	for _, v := range set {
		if v {
			n++
		}
	}
	return n
}

func (l *Conv) Slice(s nn.Slicing) (nn.Layer, error) {
	n := &Conv{Out: len(s.Out), Kernel: l.Kernel, Stride: l.Stride, Pad: l.Pad, Groups: 1, NoBias: l.NoBias, folded: l.folded}
	if l.Groups == 1 {
		n.weight = l.weight.Select(s.In[0], s.Out)
	} else {
		n.Groups = l.liveGroups(s.Out)
		n.weight = l.sliceGrouped(s)
	}
	if l.bias != nil {
		n.bias = l.bias.Select(nil, s.Out)
	}
	shift, any := l.foldedShift(s)
	if !any {
		return n, nil
	}
	if n.bias == nil {
		n.bias = nn.NewParam("bias", nn.RoleBias, []int{n.Out}, nn.AxisOut)
		n.NoBias, n.folded = false, true
	}
	for o, v := range shift {
		n.bias.Data()[o] += float32(v)
	}
	return n, nil
}

func (l *Conv) liveGroups(out []int) int {
	og := l.outGroup()
	live := 0
	for i, o := range out {
		if i == 0 || o/og != out[i-1]/og {
			live++
		}
	}
	return live
}

// sliceGrouped picks, for every output, the inputs that remain in its group.
func (l *Conv) sliceGrouped(s nn.Slicing) *nn.Param {
	ig, og, taps := l.inGroup(), l.outGroup(), l.Kernel*l.Kernel
	byGroup := map[int][]int{}
	for _, i := range s.In[0] {
		byGroup[i/ig] = append(byGroup[i/ig], i%ig)
	}
	per := len(byGroup[s.Out[0]/og])
	p := nn.NewParam("weight", nn.RoleWeight, []int{l.Kernel, l.Kernel, per, len(s.Out)}, l.weight.Axes...)
	p.Order = l.weight.Order
	pick := func(dst, src []float32) {
		for t := range taps {
			for k, o := range s.Out {
				for j, i := range byGroup[o/og] {
					dst[(t*per+j)*len(s.Out)+k] = src[(t*ig+i)*l.Out+o]
				}
			}
		}
	}
	pick(p.Data(), l.weight.Data())
	return p.SelectedFrom(l.weight, pick)
}

// foldedShift is what the dropped constant inputs add to each kept output.
func (l *Conv) foldedShift(s nn.Slicing) (shift []float64, any bool) {
	present := map[int]bool{}
	for _, i := range s.In[0] {
		present[i] = true
	}
	place := map[int]int{}
	for k, o := range s.Out {
		place[o] = k
	}
	shift = make([]float64, len(s.Out))
	l.each(func(i, o int, sum float64, nonzero bool) {
		k, kept := place[o]
		if !kept || !nonzero || present[i] || !s.Known[0].Const[i] || s.Known[0].Value[i] == 0 {
			return
		}
		shift[k] += sum * float64(s.Known[0].Value[i])
		any = true
	})
	return shift, any
}

// TakeShift implements nn.ShiftSource.
func (l *Conv) TakeShift() []float32 {
	if !l.folded || l.bias == nil {
		return nil
	}
	shift := l.bias.Data()
	l.bias, l.NoBias, l.folded = nil, true, false
	return shift
}
