package kernel

// depthwise is the plan of a convolution with one input channel per group.
// Output o reads channel o/mult. Every row of outputs is built tap by tap from
// rows of the input, vectorised over channels; positions in the padding are
// skipped.
type depthwise struct {
	s          ConvShape
	oh, ow     int
	mult       int
	chunks     int // fixed partial sums of the weight gradient
	part       []float32
	y, x, w    []float32
	bias       []float32
	add        bool // of the input gradient, to what is there
	fwd, bx    func(worker, task int)
	bw         func(worker, chunk int)
	taps, size int
}

func newDepthwise(s ConvShape) *depthwise {
	d := &depthwise{s: s, oh: s.OutH(), ow: s.OutW(), mult: s.O / s.C, taps: s.KH * s.KW}
	d.size = d.taps * s.O
	d.chunks = max(1, min(16, s.N))
	if s.N < 4 {
		d.chunks = max(1, min(16, s.N*d.oh))
	}
	d.fwd, d.bx, d.bw = d.forwardRow, d.inputRow, d.weightChunk
	return d
}

// tapRange returns the outputs [lo,hi) whose tap k lies inside an input axis
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

func (d *depthwise) forward(y, x, w, bias []float32) {
	d.y, d.x, d.w, d.bias = y, x, w, bias
	parallel(d.s.N*d.oh, d.fwd)
	d.y, d.x, d.w, d.bias = nil, nil, nil, nil
}

// forwardRow computes one row of outputs.
func (d *depthwise) forwardRow(_, task int) {
	s := &d.s
	n, r := task/d.oh, task%d.oh
	row := d.y[task*d.ow*s.O:][:d.ow*s.O]
	if d.bias == nil {
		clear(row)
	} else {
		for q := range d.ow {
			copy(row[q*s.O:(q+1)*s.O], d.bias)
		}
	}
	for kh := range s.KH {
		h := r*s.StrideH - s.PadH + kh
		if h < 0 || h >= s.H {
			continue
		}
		for kw := range s.KW {
			lo, hi := tapRange(kw, s.W, d.ow, s.StrideW, s.PadW)
			if lo == hi {
				continue
			}
			x := d.x[((n*s.H+h)*s.W+lo*s.StrideW-s.PadW+kw)*s.C:]
			w := d.w[(kh*s.KW+kw)*s.O:][:s.O]
			if d.mult == 1 {
				fmaRows(row[lo*s.O:], x, w, hi-lo, s.C, s.C, s.StrideW*s.C)
				continue
			}
			for q := range hi - lo {
				out, in := row[(lo+q)*s.O:][:s.O], x[q*s.StrideW*s.C:][:s.C]
				for c, v := range in {
					for m := c * d.mult; m < (c+1)*d.mult; m++ {
						out[m] += v * w[m]
					}
				}
			}
		}
	}
}

func (d *depthwise) backwardInput(dx, dy, w []float32, add bool) {
	d.x, d.y, d.w, d.add = dx, dy, w, add
	parallel(d.s.N*d.s.H, d.bx)
	d.x, d.y, d.w = nil, nil, nil
}

// inputRow computes one row of the gradient with respect to the input.
func (d *depthwise) inputRow(_, task int) {
	s := &d.s
	n, h := task/s.H, task%s.H
	row := d.x[task*s.W*s.C:][:s.W*s.C]
	if !d.add {
		clear(row)
	}
	for kh := range s.KH {
		r := h + s.PadH - kh
		if r < 0 || r%s.StrideH != 0 || r/s.StrideH >= d.oh {
			continue
		}
		r /= s.StrideH
		for kw := range s.KW {
			lo, hi := tapRange(kw, s.W, d.ow, s.StrideW, s.PadW)
			if lo == hi {
				continue
			}
			dx := row[(lo*s.StrideW-s.PadW+kw)*s.C:]
			dy := d.y[((n*d.oh+r)*d.ow+lo)*s.O:]
			w := d.w[(kh*s.KW+kw)*s.O:][:s.O]
			if d.mult == 1 {
				fmaRows(dx, dy, w, hi-lo, s.C, s.StrideW*s.C, s.C)
				continue
			}
			for q := range hi - lo {
				out, in := dx[q*s.StrideW*s.C:][:s.C], dy[q*s.O:][:s.O]
				for m, v := range in {
					out[m/d.mult] += v * w[m]
				}
			}
		}
	}
}

func (d *depthwise) backwardWeights(dw, x, dy []float32) {
	d.w, d.x, d.y = dw, x, dy
	if d.part == nil {
		d.part = make([]float32, (d.chunks-1)*d.size)
	}
	parallel(d.chunks, d.bw)
	for c := range d.chunks - 1 {
		addSlice(dw, dw, d.part[c*d.size:][:d.size])
	}
	d.x, d.y, d.w = nil, nil, nil
}

// weightChunk sums one chunk of output rows.
func (d *depthwise) weightChunk(_, chunk int) {
	s := &d.s
	dst := d.w
	if chunk > 0 {
		dst = d.part[(chunk-1)*d.size:][:d.size]
	}
	clear(dst)
	rows := s.N * d.oh
	for t := rows * chunk / d.chunks; t < rows*(chunk+1)/d.chunks; t++ {
		n, r := t/d.oh, t%d.oh
		for kh := range s.KH {
			h := r*s.StrideH - s.PadH + kh
			if h < 0 || h >= s.H {
				continue
			}
			for kw := range s.KW {
				lo, hi := tapRange(kw, s.W, d.ow, s.StrideW, s.PadW)
				if lo == hi {
					continue
				}
				x := d.x[((n*s.H+h)*s.W+lo*s.StrideW-s.PadW+kw)*s.C:]
				dy := d.y[(t*d.ow+lo)*s.O:]
				out := dst[(kh*s.KW+kw)*s.O:][:s.O]
				if d.mult == 1 {
					dotRows(out, x, dy, hi-lo, s.C, s.StrideW*s.C, s.C)
					continue
				}
				for q := range hi - lo {
					a, b := x[q*s.StrideW*s.C:][:s.C], dy[q*s.O:][:s.O]
					for m, v := range b {
						out[m] += v * a[m/d.mult]
					}
				}
			}
		}
	}
}
