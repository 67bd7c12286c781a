package kernel

// PoolShape describes pooling windows over x [N,H,W,C]. Ceil selects PyTorch's
// ceil mode: a last partial window counts if it starts inside the input or its
// leading padding.
type PoolShape struct {
	N, H, W, C, KH, KW, StrideH, StrideW, PadH, PadW int

	Ceil bool
}

// OutH is the output height.
func (s PoolShape) OutH() int { return poolSize(s.H, s.KH, s.StrideH, s.PadH, s.Ceil) }

// OutW is the output width.
func (s PoolShape) OutW() int { return poolSize(s.W, s.KW, s.StrideW, s.PadW, s.Ceil) }

func poolSize(in, k, stride, pad int, ceil bool) int {
	if !ceil {
		return outSize(in, k, stride, pad)
	}
	if in+2*pad < k {
		// Rounding up still leaves one window if less than a stride is missing.
		if k-in-2*pad >= stride {
			return 0
		}
		return 1
	}
	n := (in+2*pad-k+stride-1)/stride + 1
	if (n-1)*stride >= in+pad {
		n--
	}
	return n
}

// window returns the inputs [lo,hi) of window i on one axis.
func window(i, in, k, stride, pad int) (lo, hi int) {
	start := i*stride - pad
	return max(start, 0), min(start+k, in)
}

// divisor is the number of positions window i on one axis counts: those in the
// input, or, with padding included, those in the padded input.
func divisor(i, in, k, stride, pad int, padded bool) int {
	lo, hi := window(i, in, k, stride, pad)
	if padded {
		lo = i*stride - pad
		hi = min(lo+k, in+pad)
	}
	return max(hi-lo, 0)
}

// windows is a run of windows of one output row that cover equally much.
type windows struct {
	n      int // windows
	kh, kw int // positions of one, not positive where it lies in the padding
	at     int // where the first one starts in the image
}

// windows returns the longest run that starts with window q of output row r.
func (s *PoolShape) windows(r, q int) windows {
	h0, h1 := window(r, s.H, s.KH, s.StrideH, s.PadH)
	w0, w1 := window(q, s.W, s.KW, s.StrideW, s.PadW)
	w := windows{n: 1, kh: h1 - h0, kw: w1 - w0, at: (h0*s.W + w0) * s.C}
	if w.kw == s.KW {
		whole := (s.W+s.PadW-s.KW)/s.StrideW + 1 // windows that end in the input
		w.n = min(whole, s.OutW()) - q
	}
	return w
}

// vectorised returns how many windows of the run the assembly can do. With less
// than eight channels it reads and writes beyond them, into what the following
// windows of the run cover and do again, so the last ones are left.
func (w windows) vectorised(c int) int {
	switch {
	case !useAVX2:
		return 0
	case c >= 8:
		return w.n
	}
	return max(0, w.n*c-8+c) / max(c, 1)
}

// poolRows runs op over rows items of the given number of values each.
func (j *job) poolRows(rows, values int, op func(j *job, lo, hi, task int)) {
	j.each(rows, max(1, flatChunk/2/max(values, 1)), op)
	j.release()
}
