package certify

import (
	"math"

	"pare/nn"
)

// combination is a sum of few terms for every output: factor times a value of an input.
type combination struct {
	start  []int // of each output's terms, and the number of all
	terms  []term
	shift  []float64 // of each output
	spread []float64 // absolute value of numbers that were added up to a shift, for rounding; nil: |shift|
}

type term struct {
	input, place int32
	factor       float64
}

func newCombination(l nn.Combiner, in []nn.Shape, out nn.Shape) *combination {
	o := &combination{start: make([]int, out.Size()+1), shift: make([]float64, out.Size())}
	l.Combine(in, func(to, k, _ int, factor float64) {
		if k < 0 {
			o.shift[to] += factor
			return
		}
		o.start[to+1]++
	})
	for i := range out.Size() {
		o.start[i+1] += o.start[i]
	}
	o.terms = make([]term, o.start[out.Size()])
	next := append([]int(nil), o.start...)
	l.Combine(in, func(to, k, i int, factor float64) {
		if k >= 0 {
			o.terms[next[to]] = term{int32(k), int32(i), factor}
			next[to]++
		}
	})
	return o
}

// newAffine is a factor and a shift of each unit. Both were computed in float32 from the layer's
// parameters, so their rounding goes by the size of those.
func newAffine(l nn.Layer, a nn.Affine, in nn.Shape) *combination {
	units := in.Units()
	factor, shift := a.Affine(units)
	sizes := make([]float64, units)
	for _, p := range l.Params() {
		for u := range units {
			if p.Size() == units {
				sizes[u] += math.Abs(float64(p.Data()[u]))
			}
		}
	}
	o := &combination{}
	for i := range in.Size() {
		u := i % units
		f := float64(factor[u])
		o.start = append(o.start, i)
		o.terms = append(o.terms, term{0, int32(i), f})
		o.shift = append(o.shift, float64(shift[u]))
		o.spread = append(o.spread, math.Abs(float64(shift[u]))+(1+math.Abs(f))*sizes[u])
	}
	o.start = append(o.start, in.Size())
	return o
}

func (o *combination) forward(out *box, in []*box) {
	for i := range o.shift {
		terms := o.terms[o.start[i]:o.start[i+1]]
		low, high, size := o.shift[i], o.shift[i], math.Abs(o.shift[i])
		if o.spread != nil {
			size = o.spread[i]
		}
		for _, t := range terms {
			a, b := t.factor*in[t.input].low[t.place], t.factor*in[t.input].high[t.place]
			low, high, size = low+min(a, b), high+max(a, b), size+max(math.Abs(a), math.Abs(b))
		}
		out.rounding[i] = 0
		if o.spread != nil || len(terms) > 1 || o.shift[i] != 0 || len(terms) == 1 && terms[0].factor != 1 {
			out.rounding[i] = float64(len(terms)+16) * (unit*size + underflow)
			low, high = outward(low-out.rounding[i], high+out.rounding[i])
		}
		out.low[i], out.high[i] = low, high
	}
}

func (o *combination) backward(w *work, node int, rows []float64, to [][]float64, constant []float64) {
	out := &w.boxes[node]
	for r := range constant {
		for i, v := range rows[r*len(o.shift):][:len(o.shift)] {
			if v == 0 {
				continue
			}
			constant[r] += v*o.shift[i] - math.Abs(v)*out.rounding[i]
			for _, t := range o.terms[o.start[i]:o.start[i+1]] {
				dst := to[t.input]
				dst[r*(len(dst)/len(constant))+int(t.place)] += v * t.factor
			}
		}
	}
}
