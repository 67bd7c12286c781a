package certify

import (
	"fmt"
	"math"
	"slices"

	"pare/internal/dense"
	"pare/nn"
)

// weightedSums is a linear layer or a convolution: at each position the rows of values that groups
// of outputs read are multiplied by weights [terms, outputs].
type weightedSums struct {
	nn.Sums
	outs     int       // of all groups
	w, size  []float64 // the weights, and their absolute values
	bias     []float64 // nil: none
	places   []int32   // in the input, of each term of each group at each position; −1 is padding
	channels []float64 // [inputs of a group, outputs]: Σ|w| over taps
	factor   float64   // of rounding
	axes     []int     // of the taps
}

// winogradRounding bounds how the transforms of Winograd's method F(2×2, 3×3) amplify rounding: the
// rows of |Bᵀ| sum up to 2, the columns of |G| and of |Aᵀ|, where an output reads them, to 2 as well,
// on both axes. Sums are over channels, and the transforms take 14 roundings in a row.
const winogradRounding = 16

func newWeightedSums(s nn.Sums, in, out nn.Shape) (operation, bool, error) {
	o := &weightedSums{Sums: s, outs: out.Units(), factor: float64(s.Terms+16) * unit}
	shape := s.Weight.Shape()
	if shape[len(shape)-1] != o.outs || s.Terms*o.outs != s.Weight.Size() {
		return nil, false, fmt.Errorf("its weights %v belong to another layer, transposed: there are no certified bounds for such a layer", shape)
	}
	if in.Size() >= 1<<24 {
		return nil, false, fmt.Errorf("its input has %d values; certified bounds take at most %d", in.Size(), 1<<24-1)
	}
	o.axes = shape[:len(shape)-2]
	if s.Groups == 1 && slices.Equal(o.axes, []int{3, 3}) {
		o.factor = max(o.factor, winogradRounding*float64(s.Inputs+20)*unit)
	}
	o.w, o.size = make([]float64, s.Terms*o.outs), make([]float64, s.Terms*o.outs)
	o.channels = make([]float64, s.Inputs*o.outs)
	for i, v := range s.Weight.Data() {
		o.w[i], o.size[i] = float64(v), math.Abs(float64(v))
		o.channels[i/o.outs%s.Inputs*o.outs+i%o.outs] += o.size[i]
	}
	if s.Bias != nil {
		for _, v := range s.Bias.Data() {
			o.bias = append(o.bias, float64(v))
		}
	}
	// The places of values are read off an example whose values are their places.
	example, row := make([]float32, in.Size()), make([]float32, s.Terms)
	for i := range example {
		example[i] = float32(i + 1)
	}
	o.places = make([]int32, 0, s.Positions*s.Groups*s.Terms)
	for p := range s.Positions {
		for g := range s.Groups {
			s.Row(row, example, p, g)
			for _, v := range row {
				o.places = append(o.places, int32(v)-1)
			}
		}
	}
	return o, false, nil
}

// row lists the places of the terms of a group at a position.
func (o *weightedSums) row(position, group int) []int32 {
	return o.places[(position*o.Groups+group)*o.Terms:][:o.Terms]
}

// group is a matrix of weights, without the columns of other groups.
func (o *weightedSums) group(w []float64, g int) dense.Matrix {
	return dense.Matrix{Data: w[g*(o.outs/o.Groups):], Stride: o.outs}
}

// rowsAtOnce bounds the rows of terms in memory.
func (o *weightedSums) rowsAtOnce() int { return max(1, (1<<18)/o.Terms) }

func (o *weightedSums) forward(out *box, in []*box) {
	x, per := in[0], o.outs/o.Groups
	o.rounds(out.rounding, x)
	clear(out.low)
	clear(out.high)
	step := o.rowsAtOnce()
	middle, radius := make([]float64, min(step, o.Positions)*o.Terms), make([]float64, min(step, o.Positions)*o.Terms)
	for g := range o.Groups {
		for first := 0; first < o.Positions; first += step {
			n := min(step, o.Positions-first)
			for p := range n {
				for k, at := range o.row(first+p, g) {
					m, r := 0.0, 0.0
					if at >= 0 {
						m, r = (x.low[at]+x.high[at])/2, (x.high[at]-x.low[at])/2
					}
					middle[p*o.Terms+k], radius[p*o.Terms+k] = m, r
				}
			}
			at := first*o.outs + g*per
			rows := func(data []float64) dense.Matrix { return dense.Matrix{Data: data, Stride: o.Terms} }
			dense.Multiply(out.low[at:], o.outs, 1, rows(middle), o.group(o.w, g), n, per, o.Terms, 0)
			dense.Multiply(out.high[at:], o.outs, 1, rows(radius), o.group(o.size, g), n, per, o.Terms, 0)
		}
	}
	for i, m := range out.low {
		if o.bias != nil {
			m += o.bias[i%o.outs]
		}
		r := out.high[i] + out.rounding[i]
		out.low[i], out.high[i] = outward(m-r, m+r)
	}
}

// rounds bounds the rounding of every output.
func (o *weightedSums) rounds(dst []float64, x *box) {
	units := o.Inputs * o.Groups
	largest := make([]float64, units)
	for i := range x.low {
		largest[i%units] = max(largest[i%units], -x.low[i], x.high[i])
	}
	per := o.outs / o.Groups
	for u := range o.outs {
		sum := 0.0
		for i := range o.Inputs {
			sum += o.channels[i*o.outs+u] * largest[u/per*o.Inputs+i]
		}
		if o.bias != nil {
			sum += math.Abs(o.bias[u])
		}
		r := 0.0
		if sum > 0 {
			r = o.factor*sum + float64(o.Terms+16)*underflow
		}
		for at := u; at < len(dst); at += o.outs {
			dst[at] = r
		}
	}
}

func (o *weightedSums) backward(w *work, node int, rows []float64, to [][]float64, constant []float64) {
	out := &w.boxes[node]
	size, inputs, per := len(out.low), len(to[0])/len(constant), o.outs/o.Groups
	for r := range constant {
		for i, v := range rows[r*size:][:size] {
			if v == 0 {
				continue
			}
			constant[r] -= math.Abs(v) * out.rounding[i]
			if o.bias != nil {
				constant[r] += v * o.bias[i%o.outs]
			}
		}
	}
	step := o.rowsAtOnce()
	w.read, w.terms = grown(w.read, step*per), grown(w.terms, step*o.Terms)
	w.from = w.from[:0]
	for g := range o.Groups {
		flush := func() {
			n := len(w.from)
			clear(w.terms[:n*o.Terms])
			dense.Multiply(w.terms, o.Terms, 1, dense.Matrix{Data: w.read, Stride: per}, o.group(o.w, g).T(), n, o.Terms, per, 0)
			for i, at := range w.from {
				dst, src := to[0][at/o.Positions*inputs:][:inputs], w.terms[i*o.Terms:][:o.Terms]
				for k, place := range o.row(at%o.Positions, g) {
					if place >= 0 {
						dst[place] += src[k]
					}
				}
			}
			w.from = w.from[:0]
		}
		for at := range len(constant) * o.Positions {
			src := rows[at*o.outs+g*per:][:per]
			if allZero(src) {
				continue
			}
			copy(w.read[len(w.from)*per:], src)
			if w.from = append(w.from, at); len(w.from) == step {
				flush()
			}
		}
		flush()
	}
}

func allZero(x []float64) bool {
	for _, v := range x {
		if v != 0 {
			return false
		}
	}
	return true
}

// grown is a buffer of at least n values.
func grown(b []float64, n int) []float64 {
	if len(b) < n {
		return make([]float64, n)
	}
	return b
}
