package layers

import (
	"pare/internal/kernel/recurrence"
	"pare/nn"
)

// candidate is the gate whose value a state starts from: while it is 0 and the
// state was 0, the state stays 0.
func (l *recurrent) candidate() int {
	if l.cell == recurrence.Tanh || l.cell == recurrence.ReLU {
		return 0
	}
	return 2 // g of an LSTM, n of a GRU
}

// zeros marks the units whose state is 0 for all time: the candidate depends on
// no input that varies and on no unit but such, and its constants make it 0. The
// largest set with that property, so chains and rings of such units go together.
func (l *recurrent) zeros(in nn.Known) []bool {
	h, c := l.hidden(), l.candidate()
	bias := l.foldedBias(in, func(i int) bool { return in.Const[i] })
	zero := make([]bool, h)
	for u := range zero {
		input, state := bias.Data()[c*h+u], l.biasHH.Data()[c*h+u]
		zero[u] = input == 0 && state == 0
		if l.cell == recurrence.ReLU {
			zero[u] = input+state <= 0
		}
		if input+state == 0 && (l.biasIH.Holds(c*h+u) || l.biasHH.Holds(c*h+u)) {
			zero[u] = false
		}
	}
	for i, constant := range in.Const {
		row, first := l.gateRow(l.weightIH, i, c)
		for u, w := range row {
			zero[u] = zero[u] && (constant || w == 0 && !l.weightIH.Holds(first+u))
		}
	}
	var others []int // whose readers are to be looked at
	for v, z := range zero {
		if !z {
			others = append(others, v)
		}
	}
	for ; len(others) > 0; others = others[1:] {
		row, first := l.gateRow(l.weightHH, others[0], c)
		for u, w := range row {
			if zero[u] && (w != 0 || l.weightHH.Holds(first+u)) {
				zero[u] = false
				others = append(others, u)
			}
		}
	}
	return zero
}

func (l *recurrent) hidden() int { return l.weightHH.Shape()[0] }

// gateRow is the weights that one unit is read with in one gate of all units, and where
// they begin in the parameter.
func (l *recurrent) gateRow(w *nn.Param, from, gate int) (row []float32, first int) {
	h := l.hidden()
	first = (from*l.cell.Gates() + gate) * h
	return w.Data()[first:][:h], first
}

// reads reports whether any of the marked units reads an input in any gate.
func (l *recurrent) reads(input int, marked []bool) bool {
	for gate := range l.cell.Gates() {
		row, first := l.gateRow(l.weightIH, input, gate)
		for u, v := range row {
			if marked[u] && (v != 0 || l.weightIH.Holds(first+u)) {
				return true
			}
		}
	}
	return false
}

// Constants implements nn.Pruner.
func (l *recurrent) Constants(in []nn.Known) nn.Known {
	out := nn.Unknown(l.hidden())
	for u, z := range l.zeros(in[0]) {
		if z {
			out.Set(u, 0)
		}
	}
	return out
}

// CloseOver implements nn.StateCloser: a unit that computed units read at the
// position before has to be computed.
func (l *recurrent) CloseOver(keep []bool, in []nn.Known) {
	zero, h := l.zeros(in[0]), l.hidden()
	row := l.weightHH.Size() / h
	var readers []int
	for v, k := range keep {
		if k {
			readers = append(readers, v)
		}
	}
	for ; len(readers) > 0; readers = readers[1:] {
		for i := readers[0]; i < l.weightHH.Size(); i += h {
			if u := i / row; !keep[u] && !zero[u] && (l.weightHH.Data()[i] != 0 || l.weightHH.Holds(i)) {
				keep[u] = true
				readers = append(readers, u)
			}
		}
	}
}

// Needs implements nn.Pruner: constants fold into the bias of the input. Units
// that read nothing but each other still need an input to count positions by; a
// constant one if there is any.
func (l *recurrent) Needs(keep []bool, in []nn.Known) [][]bool {
	need, some, spare := make([]bool, len(in[0].Const)), false, 0
	for i := len(need) - 1; i >= 0; i-- {
		if in[0].Const[i] {
			spare = i
			continue
		}
		need[i] = l.reads(i, keep)
		some = some || need[i]
	}
	if !some {
		need[spare] = true
	}
	return [][]bool{need}
}

// slice returns the layer of the kept units.
func (l *recurrent) slice(s nn.Slicing) recurrent {
	present := make([]bool, len(s.Known[0].Const))
	for _, i := range s.In[0] {
		present[i] = true
	}
	bias := l.foldedBias(s.Known[0], func(i int) bool { return s.Known[0].Const[i] && !present[i] })
	return recurrent{cell: l.cell, weightIH: l.weightIH.Select(s.In[0], s.Out), weightHH: l.weightHH.Select(nil, s.Out),
		biasIH: bias.Select(nil, s.Out), biasHH: l.biasHH.Select(nil, s.Out)}
}

// foldedBias is the bias of the input with what some constant inputs add.
func (l *recurrent) foldedBias(in nn.Known, folds func(i int) bool) *nn.Param {
	n := l.biasIH.Size()
	shift := make([]float64, n)
	for i, v := range in.Value {
		if !folds(i) || v == 0 {
			continue
		}
		for j, w := range l.weightIH.Data()[i*n : (i+1)*n] {
			shift[j] += float64(v) * float64(w)
		}
	}
	bias := l.biasIH.Select(nil, nil)
	for j, v := range shift {
		bias.Data()[j] += float32(v)
	}
	return bias
}
