package unstructured

import (
	"fmt"
	"strconv"
	"strings"

	"pare/nn"
)

// Pattern is an N:M pattern: of M weights that follow each other along the input axis, N stay
// (Zhou et al. 2021, "Learning N:M fine-grained structured sparse neural networks from
// scratch"). Where the inputs are no multiple of M, the last group is smaller, and all but N
// of its weights go. The zero value is no pattern.
type Pattern struct{ N, M int }

// ParsePattern reads "2:4". The empty text is no pattern.
func ParsePattern(text string) (Pattern, error) {
	if text == "" {
		return Pattern{}, nil
	}
	a, b, ok := strings.Cut(text, ":")
	n, err := strconv.Atoi(a)
	m, err2 := strconv.Atoi(b)
	if !ok || err != nil || err2 != nil || n < 1 || n >= m || m > maxPattern {
		return Pattern{}, fmt.Errorf("%q is not N:M with 1 ≤ N < M ≤ %d, such as 2:4", text, maxPattern)
	}
	return Pattern{n, m}, nil
}

// maxPattern bounds the groups of patterns; hardware knows 2:4.
const maxPattern = 256

// choose marks, with 1, the weights of a parameter that go.
func (p Pattern) choose(w *nn.Param, scores, mask []float32) {
	axis := inputAxis(w)
	n, stride := w.AxisLen(axis)
	for start := range scores {
		at := start / stride % n
		if at%p.M != 0 {
			continue
		}
		group := min(p.M, n-at)
		for i := range group {
			lower := 0 // weights of the group that go before this one: the first of equal ones
			for j := range group {
				a, b := scores[start+j*stride], scores[start+i*stride]
				if a < b || a == b && j < i {
					lower++
				}
			}
			if lower < group-p.N {
				mask[start+i*stride] = 1
			}
		}
	}
}

// inputAxis is the axis of a weight whose units it reads; without any, such as in a depthwise
// convolution, the axis before the last.
func inputAxis(w *nn.Param) int {
	for i := range w.Axes {
		if (nn.Slot{Param: w, Axis: i}).Reads() {
			return i
		}
	}
	return max(0, len(w.Axes)-2)
}
