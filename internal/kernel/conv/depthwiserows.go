package conv

import (
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
)

// depthwiseRows is the plan of a convolution with one input channel per group, forward or,
// with input, for the gradient with respect to the input. It serves several outputs per
// channel (output o reads channel o/mult) and sizes at which tiles do not pay. Every row of
// results is built tap by tap from rows of the other side, vectorised over channels;
// positions in the padding are skipped.
type depthwiseRows struct {
	s       Shape // with dilations of at least 1
	oh, ow  int
	mult    int
	input   bool
	y, x, w []float32 // of the call in progress; y and x on their sides, also in gradients
	bias    []float32
	add     bool
}

func newDepthwiseRows(s Shape, input bool) *depthwiseRows {
	s.DilationH, s.DilationW = max(s.DilationH, 1), max(s.DilationW, 1)
	return &depthwiseRows{s: s, oh: s.OutH(), ow: s.OutW(), mult: s.O / s.C, input: input}
}

// tapRange returns the outputs [lo,hi) whose tap at offset k lies inside an input axis
// of the given size.
func tapRange(k, in, out, stride, pad int) (lo, hi int) {
	if pad > k {
		lo = (pad - k + stride - 1) / stride
	}
	if in+pad-k > 0 {
		hi = min(out, (in+pad-k-1)/stride+1)
	}
	return lo, max(lo, hi)
}

// row calls f for the taps of kernel row kh that join row h of the input of image n
// with row r of its output: x, y and w are the places of the first pixels that such a
// tap joins, and of its weights, and count is the number of those pixels.
func (d *depthwiseRows) row(n, h, r, kh int, f func(x, y, w, count int)) {
	s := &d.s
	for kw := range s.KW {
		tap := kw * s.DilationW
		if lo, hi := tapRange(tap, s.W, d.ow, s.StrideW, s.PadW); lo < hi {
			f(((n*s.H+h)*s.W+lo*s.StrideW-s.PadW+tap)*s.C, ((n*d.oh+r)*d.ow+lo)*s.O, (kh*s.KW+kw)*s.O, hi-lo)
		}
	}
}

// ofOutput calls f for all taps of row r of the output of image n.
func (d *depthwiseRows) ofOutput(n, r int, f func(x, y, w, count int)) {
	for kh := range d.s.KH {
		if h := r*d.s.StrideH - d.s.PadH + kh*d.s.DilationH; h >= 0 && h < d.s.H {
			d.row(n, h, r, kh, f)
		}
	}
}

func (d *depthwiseRows) call(y, x, w, bias []float32, add bool, e Epilogue) {
	if d.input {
		d.x, d.y, d.w, d.add = y, x, w, add
		parallel.Each(d.s.N*d.s.H, d, (*depthwiseRows).inputRow)
	} else {
		d.y, d.x, d.w, d.bias = y, x, w, bias
		parallel.Each(d.s.N*d.oh, d, (*depthwiseRows).forwardRow)
		e.apply(y, d.s.O)
	}
	d.y, d.x, d.w, d.bias = nil, nil, nil, nil
}

// forwardRow computes one row of outputs.
func (d *depthwiseRows) forwardRow(_, task int) {
	s := &d.s
	row := d.y[task*d.ow*s.O:][:d.ow*s.O]
	if d.bias == nil {
		clear(row)
	} else {
		for ; len(row) > 0; row = row[s.O:] {
			copy(row[:s.O], d.bias)
		}
	}
	d.ofOutput(task/d.oh, task%d.oh, func(x, y, w, count int) {
		if d.mult == 1 {
			vector.FMARows(d.y[y:], d.x[x:], d.w[w:w+s.O], count, s.C, s.C, s.StrideW*s.C)
			return
		}
		for q := range count {
			out := d.y[y+q*s.O:]
			for c, v := range d.x[x+q*s.StrideW*s.C:][:s.C] {
				for m := c * d.mult; m < (c+1)*d.mult; m++ {
					out[m] += v * d.w[w+m]
				}
			}
		}
	})
}

// inputRow computes one row of the gradient with respect to the input.
func (d *depthwiseRows) inputRow(_, task int) {
	s := &d.s
	n, h := task/s.H, task%s.H
	if !d.add {
		clear(d.x[task*s.W*s.C:][:s.W*s.C])
	}
	for kh := range s.KH {
		r := h + s.PadH - kh*s.DilationH
		if r < 0 || r%s.StrideH != 0 || r/s.StrideH >= d.oh {
			continue
		}
		d.row(n, h, r/s.StrideH, kh, func(x, y, w, count int) {
			if d.mult == 1 {
				vector.FMARows(d.x[x:], d.y[y:], d.w[w:w+s.O], count, s.C, s.StrideW*s.C, s.C)
				return
			}
			for q := range count {
				out := d.x[x+q*s.StrideW*s.C:]
				for m, v := range d.y[y+q*s.O:][:s.O] {
					out[m/d.mult] += v * d.w[w+m]
				}
			}
		})
	}
}

// depthwiseRowsWeights computes the gradient with respect to the weights.
type depthwiseRowsWeights struct {
	*depthwiseRows
	chunks int // a fixed number of partial sums
	parts  vector.Parts
}

func newDepthwiseRowsWeights(s Shape) *depthwiseRowsWeights {
	d := &depthwiseRowsWeights{depthwiseRows: newDepthwiseRows(s, false), chunks: max(1, min(16, s.N))}
	if s.N < 4 {
		d.chunks = max(1, min(16, s.N*d.oh))
	}
	return d
}

func (d *depthwiseRowsWeights) call(dw, x, dy []float32) {
	d.x, d.y = x, dy
	d.parts.Begin(dw, d.chunks)
	parallel.Each(d.chunks, d, (*depthwiseRowsWeights).chunk)
	d.parts.End()
	d.x, d.y = nil, nil
}

// chunk sums one chunk of output rows.
func (d *depthwiseRowsWeights) chunk(_, chunk int) {
	s, dst := &d.s, d.parts.Part(chunk)
	clear(dst)
	rows := s.N * d.oh
	for t := rows * chunk / d.chunks; t < rows*(chunk+1)/d.chunks; t++ {
		d.ofOutput(t/d.oh, t%d.oh, func(x, y, w, count int) {
			if d.mult == 1 {
				vector.DotRows(dst[w:w+s.O], d.x[x:], d.y[y:], count, s.C, s.StrideW*s.C, s.C)
				return
			}
			for q := range count {
				in := d.x[x+q*s.StrideW*s.C:]
				for m, v := range d.y[y+q*s.O:][:s.O] {
					dst[w+m] += v * in[m/d.mult]
				}
			}
		})
	}
}
