// Package resample computes images [N,H,W,C] of another size, channels last: each output
// row is a weighted sum of neighbouring input rows, and likewise each column. Repetition,
// linear interpolation and adaptive means differ in the weights alone, and the gradient is
// the same computation with the weights transposed.
package resample

import (
	"math"

	"pare/internal/kernel/parallel"
)

// Axis has, for each output position of one axis, a run of input positions and their
// weights.
type Axis struct {
	In   int
	Runs []Run
}

// Run is the inputs First, First+1, … of one output, a weight for each.
type Run struct {
	First   int
	Weights []float32
}

// Nearest gives output i the input ⌊i·in/out⌋, with the quotient in float32, as PyTorch does.
func Nearest(in, out int) Axis {
	scale := float32(in) / float32(out)
	a := Axis{In: in}
	for i := range out {
		a.Runs = append(a.Runs, Run{min(int(float32(i)*scale), in-1), []float32{1}})
	}
	return a
}

// Linear interpolates between the inputs next to (i+½)·in/out − ½ or, with alignCorners,
// to i·(in−1)/(out−1), as PyTorch's bilinear mode does.
func Linear(in, out int, alignCorners bool) Axis {
	a := Axis{In: in}
	for i := range out {
		var at float64
		switch {
		case !alignCorners:
			at = max(0, (float64(i)+0.5)*float64(in)/float64(out)-0.5)
		case out > 1:
			at = float64(i) * float64(in-1) / float64(out-1)
		}
		first := min(int(at), in-1)
		part := float32(at - math.Floor(at))
		if first == in-1 || part == 0 {
			a.Runs = append(a.Runs, Run{first, []float32{1}})
		} else {
			a.Runs = append(a.Runs, Run{first, []float32{1 - part, part}})
		}
	}
	return a
}

// Means gives output i the mean of the inputs from ⌊i·in/out⌋ to ⌈(i+1)·in/out⌉ − 1, the
// windows of PyTorch's adaptive pooling.
func Means(in, out int) Axis {
	a := Axis{In: in}
	for i := range out {
		lo, hi := i*in/out, ((i+1)*in+out-1)/out
		w := make([]float32, hi-lo)
		for k := range w {
			w[k] = 1 / float32(hi-lo)
		}
		a.Runs = append(a.Runs, Run{lo, w})
	}
	return a
}

// Matrix is the axis as a matrix [out, in].
func (a Axis) Matrix() []float32 {
	m := make([]float32, len(a.Runs)*a.In)
	for i, r := range a.Runs {
		copy(m[i*a.In+r.First:], r.Weights)
	}
	return m
}

// transposed is the axis from outputs to inputs. Runs must ascend.
func (a Axis) transposed() Axis {
	t := Axis{In: len(a.Runs), Runs: make([]Run, a.In)}
	for i, r := range a.Runs {
		for k, w := range r.Weights {
			to := &t.Runs[r.First+k]
			if to.Weights == nil {
				to.First = i
			}
			for len(to.Weights) < i-to.First {
				to.Weights = append(to.Weights, 0)
			}
			to.Weights = append(to.Weights, w)
		}
	}
	return t
}

// Plan resamples n images of c channels. Calls allocate nothing; one plan must not be used
// by two goroutines at the same time.
type Plan struct{ forward, backward pass }

// New plans the resampling of n images of c channels.
func New(n, c int, rows, columns Axis) *Plan {
	return &Plan{pass{n: n, c: c, rows: rows, columns: columns},
		pass{n: n, c: c, rows: rows.transposed(), columns: columns.transposed()}}
}

// Forward overwrites y with x resampled.
func (p *Plan) Forward(y, x []float32) { p.forward.call(y, x) }

// Backward overwrites dx with the gradient for dy.
func (p *Plan) Backward(dx, dy []float32) { p.backward.call(dx, dy) }

type pass struct {
	n, c          int
	rows, columns Axis
	y, x          []float32
}

func (p *pass) call(y, x []float32) {
	p.y, p.x = y, x
	parallel.Each(p.n*len(p.rows.Runs), p, (*pass).row)
	p.y, p.x = nil, nil
}

// row computes one row of one image.
func (p *pass) row(_, task int) {
	c, width := p.c, p.columns.In*p.c
	y := p.y[task*len(p.columns.Runs)*c:][:len(p.columns.Runs)*c]
	clear(y)
	image := task / len(p.rows.Runs) * p.rows.In
	run := p.rows.Runs[task%len(p.rows.Runs)]
	for i, a := range run.Weights {
		x := p.x[(image+run.First+i)*width:][:width]
		for q, r := range p.columns.Runs {
			out := y[q*c:][:c]
			for j, b := range r.Weights {
				w := a * b
				for k, v := range x[(r.First+j)*c:][:c] {
					out[k] += w * v
				}
			}
		}
	}
}
