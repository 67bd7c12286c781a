package certify

import (
	"fmt"
	"math"

	"pare/attack"
	"pare/nn"
)

// maximum is the largest of some values for each output. It rounds nothing.
type maximum struct {
	start  []int
	places []int32
	shared int // windows that a value lies in, at most
}

func newMaximum(l nn.Maximum, in, out nn.Shape) (operation, bool, error) {
	o := &maximum{start: make([]int, out.Size()+1)}
	windows := make([][]int32, out.Size())
	count := make([]int, in.Size())
	l.Windows(in, func(to int, of []int) {
		for _, i := range of {
			windows[to] = append(windows[to], int32(i))
			count[i]++
			o.shared = max(o.shared, count[i])
		}
	})
	for i, of := range windows {
		if len(of) == 0 {
			return nil, false, fmt.Errorf("a window lies in the padding alone, and has no maximum")
		}
		o.places = append(o.places, of...)
		o.start[i+1] = len(o.places)
	}
	return o, true, nil
}

func (o *maximum) window(i int) []int32 { return o.places[o.start[i]:o.start[i+1]] }

func (o *maximum) forward(out *box, in []*box) {
	for i := range out.low {
		low, high := math.Inf(-1), math.Inf(-1)
		for _, at := range o.window(i) {
			low, high = max(low, in[0].low[at]), max(high, in[0].high[at])
		}
		out.low[i], out.high[i] = low, high
	}
}

// backward: the maximum is at least the value with the largest lower bound, and at most the largest
// upper bound, or that value itself where no other can exceed it.
func (o *maximum) backward(w *work, node int, rows []float64, to [][]float64, constant []float64) {
	out, x := &w.boxes[node], w.inputs(node)[0]
	size, inputs := len(out.low), len(x.low)
	for i := range size {
		best := int32(-1)
		for _, at := range o.window(i) {
			if best < 0 || x.low[at] > x.low[best] {
				best = at
			}
		}
		alone := true
		for _, at := range o.window(i) {
			alone = alone && (at == best || x.high[at] <= x.low[best])
		}
		for r := range constant {
			v := rows[r*size+i]
			if v > 0 || alone {
				to[0][r*inputs+int(best)] += v
			} else {
				constant[r] += v * out.high[i]
			}
		}
	}
}

// lipschitz: of windows that overlap, a value counts in each of them.
func (o *maximum) lipschitz(n attack.Norm, in []float64) float64 {
	if n == attack.Linf {
		return in[0]
	}
	return math.Sqrt(float64(o.shared)) * in[0]
}
