package conv

import (
	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
)

// panelRows copies rows of an image, a panel of channels at a time, with padding: width
// pixels from column left on, where columns outside of the image are zeros. In such a copy
// all taps of a pixel lie close together, whatever the number of channels.
type panelRows struct {
	in          image
	left, width int
}

func (r *panelRows) pitch() int { return r.width * depthwiseLanes }

// pack copies lanes channels from c on of row h of image n; the others become zeros.
func (r *panelRows) pack(dst, x []float32, n, h, c, lanes int) {
	dst = dst[:r.pitch()]
	lo := min(max(0, -r.left), r.width)
	hi := max(lo, min(r.width, r.in.w-r.left))
	clear(dst[:lo*depthwiseLanes])
	clear(dst[hi*depthwiseLanes:])
	if lo == hi {
		return
	}
	src := x[((n*r.in.h+h)*r.in.w+r.left+lo)*r.in.c+c:]
	if lanes == depthwiseLanes {
		depthwisePack(dst[lo*depthwiseLanes:], src, r.in.c, hi-lo)
		return
	}
	for i := lo; i < hi; i++ {
		pixel := dst[i*depthwiseLanes:][:depthwiseLanes]
		clear(pixel[copy(pixel[:lanes], src[(i-lo)*r.in.c:]):])
	}
}

// panelBands cuts the rows of an output into bands whose input fits into the cache.
type panelBands struct {
	panelRows
	hs, ws []span
	panels int
	bands  []panelBand
	floats int // of the longest band, with the pixels that the last tile of a row reads past its end
	bufs   [][]float32
}

// panelBand is the outputs [from,to), which read input rows [lo,hi).
type panelBand struct{ from, to, lo, hi int }

// bandFloats is the size of the input of a band, in values: a part of the second-level cache.
const bandFloats = 64 << 10

func newPanelBands(in, out image, hs, ws []span) panelBands {
	b := panelBands{panelRows: panelRows{in: in}, hs: hs, ws: ws, panels: (in.c + depthwiseLanes - 1) / depthwiseLanes}
	b.left, b.width = bounds(ws, out.w)
	halo := 0
	for _, s := range hs {
		halo = max(halo, (len(s.taps)-1)*s.tapStep)
	}
	rows := max(bandFloats/max(b.pitch(), 1)-halo, 2*halo, 1) // input rows of a band besides the halo
	rows = max(rows*hs[0].outStep/hs[0].inStep, hs[0].outStep)
	count := (out.h + rows - 1) / rows
	longest := 0
	for i := range count {
		band := panelBand{from: out.h * i / count, to: out.h * (i + 1) / count}
		for p := band.from; p < band.to; p++ {
			_, first, step, lo, hi := b.row(p)
			if lo == hi {
				continue
			}
			if band.lo == band.hi {
				band.lo, band.hi = first+lo*step, first+(hi-1)*step+1
			}
			band.lo, band.hi = min(band.lo, first+lo*step), max(band.hi, first+(hi-1)*step+1)
		}
		longest = max(longest, band.hi-band.lo)
		b.bands = append(b.bands, band)
	}
	past := 0
	for _, s := range ws {
		past = max(past, depthwiseTile*max(s.inStep, s.tapStep))
	}
	b.floats = longest*b.pitch() + past*depthwiseLanes
	return b
}

// row returns the taps of row p of the output: those from lo to hi of a span, of which tap j
// reads row first + j·step.
func (b *panelBands) row(p int) (s *span, first, step, lo, hi int) {
	s = &b.hs[p%b.hs[0].outStep]
	first, step = s.start+p/s.outStep*s.inStep, s.tapStep
	if first < 0 {
		lo = (-first + step - 1) / step
	}
	if first < b.in.h {
		hi = min(len(s.taps), (b.in.h-1-first)/step+1)
	}
	return s, first, step, lo, max(lo, hi)
}

// lanes is the number of channels of a panel.
func (b *panelBands) lanes(panel int) int { return min(depthwiseLanes, b.in.c-panel*depthwiseLanes) }

// buffer returns n values of the worker besides the values of a band.
func (b *panelBands) buffer(worker, n int) (more, band []float32) {
	b.bufs[worker] = parallel.Grow(b.bufs[worker], n+b.floats)
	return b.bufs[worker][:n], b.bufs[worker][n:]
}

// depthwise is the plan of a convolution of every channel by itself, forward or for the
// gradient with respect to the input. A task computes a panel of channels of a band of rows.
type depthwise struct {
	panelBands
	out    image
	kh, kw int
	y, x   []float32 // of the call in progress
	w      []float32
	bias   []float32
	floor  float32
	add    bool
}

// tiled reports whether depthwise serves the shape: the copies that tiles need have to pay.
// They cost more in short rows, with strides, for kernels of few taps, where the last panel
// is mostly padding, and in memory, which a panel reads a line at a time. Forward, both ways
// sum the taps in the same order.
func (s Shape) tiled(input bool) bool {
	width, stride := s.OutW(), 1
	if input {
		width, stride = s.W/s.StrideW, s.StrideW // the columns of each remainder have a part of the taps
	}
	if !s.single() || !s.tiledMemory() {
		return false
	}
	padded := (s.C + depthwiseLanes - 1) / depthwiseLanes * depthwiseLanes
	full := s.C%8 != 0 || 8*padded <= 9*s.C // depthwiseRows leaves less than a vector to scalar loops
	if s.KH*s.KW <= 9 {
		return width >= 2*depthwiseTile*s.StrideW && full
	}
	return width >= depthwiseTile*stride && (full || s.StrideW == 1 && s.C >= depthwiseLanes)
}

// tiledWeights reports whether depthwiseWeights serves the shape.
func (s Shape) tiledWeights() bool {
	width := depthwiseTile
	if s.KH*s.KW <= 9 && s.StrideW > 1 {
		width *= 4 * s.StrideW
	}
	return s.single() && s.OutW() >= width && s.tiledMemory()
}

// tiledMemory reports whether input and output lie in the last-level cache, or whether there
// are so many taps in long rows that reading them from memory does not matter.
func (s Shape) tiledMemory() bool {
	const cached = 2 << 20 // values
	return s.N*(s.H*s.W*s.C+s.OutH()*s.OutW()*s.O) <= cached || s.KH*s.KW > 9 && s.OutW() >= 4*depthwiseTile
}

// single reports whether every group has one input and one output channel.
func (s Shape) single() bool { return s.depthwise() && s.O == s.C }

func newDepthwise(s Shape, input bool) *depthwise {
	in, out := s.images()
	hs, ws := forwardSpans(s.rows()), forwardSpans(s.columns())
	if input {
		in, out = out, in
		hs, ws = backwardSpans(s.rows()), backwardSpans(s.columns())
	}
	return &depthwise{panelBands: newPanelBands(in, out, hs, ws), out: out, kh: s.KH, kw: s.KW}
}

func (d *depthwise) call(y, x, w, bias []float32, add bool, e Epilogue) {
	d.y, d.x, d.w, d.bias, d.add, d.floor = y, x, w, bias, add, noFloor
	if e.kernelReLU() {
		d.floor = 0
	}
	d.bufs = parallel.PerWorker(d.bufs)
	parallel.Each(d.in.n*len(d.bands)*d.panels, d, (*depthwise).task)
	e.ReLU = e.ReLU && !e.kernelReLU()
	e.apply(y, d.out.c)
	d.y, d.x, d.w, d.bias = nil, nil, nil, nil
}

func (d *depthwise) task(worker, task int) {
	panel, at := task%d.panels, task/d.panels
	band, n := d.bands[at%len(d.bands)], at/len(d.bands)
	c, lanes := panel*depthwiseLanes, d.lanes(panel)
	taps := d.kh * d.kw
	more, rows := d.buffer(worker, (taps+depthwiseTile+1)*depthwiseLanes)
	scratch := more[:depthwiseTile*depthwiseLanes]
	bias := more[len(scratch):][:depthwiseLanes]
	w := more[len(scratch)+depthwiseLanes:]
	for k := range taps {
		tap := w[k*depthwiseLanes:][:depthwiseLanes]
		clear(tap[copy(tap[:lanes], d.w[k*d.in.c+c:]):])
	}
	clear(bias)
	if d.bias != nil {
		copy(bias[:lanes], d.bias[c:])
	}
	filled := band.lo
	for p := band.from; p < band.to; p++ {
		h, first, step, lo, hi := d.row(p)
		for ; filled < first+(hi-1)*step+1 && lo < hi; filled++ {
			d.pack(rows[(filled-band.lo)*d.pitch():], d.x, n, filled, c, lanes)
		}
		for i := range d.ws {
			q := &d.ws[i]
			sum := depthwiseSum{ys: q.outStep * d.out.c, xs: q.inStep * depthwiseLanes, floor: d.floor, add: d.add, bias: bias}
			x := rows
			if lo < hi && len(q.taps) > 0 {
				sum.rows, sum.taps = hi-lo, len(q.taps)
				sum.xrow, sum.xtap = step*d.pitch(), q.tapStep*depthwiseLanes
				sum.wrow, sum.wtap = h.distance()*d.kw*depthwiseLanes, q.distance()*depthwiseLanes
				x = rows[(first+lo*step-band.lo)*d.pitch()+(q.start-d.left)*depthwiseLanes:]
				sum.w0 = (h.taps[lo]*d.kw + q.taps[0]) * depthwiseLanes
			}
			sum.line(d.y[((n*d.out.h+p)*d.out.w+q.out0)*d.out.c+c:], x, w, q.count, lanes, scratch)
		}
	}
}

// distance is the distance of the kernel indices of neighbouring taps.
func (s *span) distance() int {
	if len(s.taps) < 2 {
		return 0
	}
	return s.taps[1] - s.taps[0]
}

// line computes count pixels of lanes channels.
func (s *depthwiseSum) line(y, x, w []float32, count, lanes int, scratch []float32) {
	at := 0
	if lanes == depthwiseLanes {
		if full := count / depthwiseTile; full > 0 {
			s.tiles(y, x, w, depthwiseTile, full)
			at = full * depthwiseTile
		}
		width := tileWidth(count - at)
		if at < count && !s.add && count > width {
			at = count - width // computes some pixels once more
		}
		if count-at == width {
			s.tiles(y[at*s.ys:], x[at*s.xs:], w, width, 1)
			return
		}
	}
	apart := *s
	apart.ys, apart.add = depthwiseLanes, false
	for ; at < count; at += depthwiseTile {
		pixels := min(depthwiseTile, count-at)
		apart.tiles(scratch, x[at*s.xs:], w, tileWidth(pixels), 1)
		for i := range pixels {
			out, v := y[(at+i)*s.ys:][:lanes], scratch[i*depthwiseLanes:][:lanes]
			if !s.add {
				copy(out, v)
				continue
			}
			for c, u := range v {
				out[c] += u
			}
		}
	}
}

// depthwiseWeights computes the gradient with respect to the weights. A task sums a panel
// of channels over a chunk of the bands of all images. The taps of a kernel row take the
// place of the pixels of a tile, and the pixels take the place of the taps.
type depthwiseWeights struct {
	panelBands
	s      Shape // with dilations of at least 1
	dy     panelRows
	group  int // rows of dy at a time: they stay in the first-level cache
	across int // taps of a kernel row, rounded up to whole tiles
	chunks int // a fixed number of partial sums
	parts  vector.Parts
	x, y   []float32 // of the call in progress
}

func newDepthwiseWeights(s Shape) *depthwiseWeights {
	s.DilationH, s.DilationW = max(s.DilationH, 1), max(s.DilationW, 1)
	in, out := s.images()
	d := &depthwiseWeights{s: s, panelBands: newPanelBands(in, out, forwardSpans(s.rows()), forwardSpans(s.columns())),
		dy: panelRows{in: out, width: out.w}, across: s.KW / depthwiseTile * depthwiseTile}
	if rest := s.KW - d.across; rest > 0 {
		d.across += tileWidth(rest)
	}
	d.group = max(1, 4<<10/max(d.dy.pitch(), 1))
	d.chunks = max(1, min(s.N*len(d.bands), 64/d.panels))
	return d
}

func (d *depthwiseWeights) call(dw, x, dy []float32) {
	d.x, d.y = x, dy
	d.bufs = parallel.PerWorker(d.bufs)
	d.parts.Begin(dw, d.chunks)
	parallel.Each(d.chunks*d.panels, d, (*depthwiseWeights).task)
	d.parts.End()
	d.x, d.y = nil, nil
}

func (d *depthwiseWeights) task(worker, task int) {
	s := &d.s
	panel, chunk := task%d.panels, task/d.panels
	c, lanes := panel*depthwiseLanes, d.lanes(panel)
	size := s.KH * d.across * depthwiseLanes
	more, rows := d.buffer(worker, depthwiseLanes+size+d.group*d.dy.pitch())
	zero, sums, dy := more[:depthwiseLanes], more[depthwiseLanes:][:size], more[depthwiseLanes+size:]
	clear(zero)
	clear(sums)
	sum := depthwiseSum{ys: depthwiseLanes, xs: s.DilationW * depthwiseLanes, xtap: s.StrideW * depthwiseLanes,
		xrow: s.StrideH * d.pitch(), wtap: depthwiseLanes, wrow: d.dy.pitch(), taps: d.dy.width, floor: noFloor, add: true, bias: zero}
	units := s.N * len(d.bands)
	for unit := units * chunk / d.chunks; unit < units*(chunk+1)/d.chunks; unit++ {
		n, band := unit/len(d.bands), d.bands[unit%len(d.bands)]
		filled := band.lo
		for from := band.from; from < band.to; from += d.group {
			to := min(from+d.group, band.to)
			for p := from; p < to; p++ {
				d.dy.pack(dy[(p-from)*d.dy.pitch():], d.y, n, p, c, lanes)
				_, first, step, lo, hi := d.row(p)
				for ; filled < first+(hi-1)*step+1 && lo < hi; filled++ {
					d.pack(rows[(filled-band.lo)*d.pitch():], d.x, n, filled, c, lanes)
				}
			}
			for k := range s.KH {
				lo, hi := tapRange(k*s.DilationH, s.H, d.dy.in.h, s.StrideH, s.PadH)
				lo, hi = max(lo, from), min(hi, to)
				if lo >= hi || sum.taps == 0 {
					continue
				}
				sum.rows = hi - lo
				x := rows[(lo*s.StrideH-s.PadH+k*s.DilationH-band.lo)*d.pitch():]
				for at := 0; at < s.KW; at += depthwiseTile {
					sum.tiles(sums[(k*d.across+at)*depthwiseLanes:], x[at*sum.xs:], dy[(lo-from)*d.dy.pitch():],
						tileWidth(s.KW-at), 1)
				}
			}
		}
	}
	part := d.parts.Part(chunk)
	for k := range s.KH * s.KW {
		copy(part[k*s.C+c:][:lanes], sums[(k/s.KW*d.across+k%s.KW)*depthwiseLanes:])
	}
}
