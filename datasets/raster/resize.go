package raster

import "math"

// Resizer resizes images. It keeps its working memory from call to call, so one goroutine
// at a time may use it. The zero value is ready.
type Resizer struct {
	rows    Image // resized in width
	x, y    taps
	scratch []float64
	sums    []int32
}

// Resize makes to, whose H and W say the size, a resized copy of from. The two must not
// share memory.
//
// It is Pillow's two-pass resampling with the triangle filter (src/libImaging/Resample.c):
// where an image shrinks, the filter is as wide as two output pixels (antialias in
// torchvision). The width is resized first, and rounded to 8 bits. So do all versions to 12;
// Pillow 13 begins with the height where that shrinks much more, which changes values by 1
// at most.
func (r *Resizer) Resize(to, from *Image) {
	h, w := to.H, to.W
	to.Reset(h, w, from.C)
	mid := from
	if w != from.W {
		mid = to
		if h != from.H {
			mid = &r.rows
			mid.Reset(from.H, w, from.C)
		}
		r.horizontal(mid, from)
	}
	switch {
	case h != from.H:
		r.vertical(to, mid)
	case mid == from:
		copy(to.Pix, from.Pix)
	}
}

// precision is the number of bits of a weight behind the point. A sum of products with 8
// bits and a rounding term fits 32 bits.
const precision = 32 - 8 - 2

// taps are the weights of the input pixels of each output pixel of one axis: output i
// reads count[i] inputs from first[i] on, with the weights weight[i*width:].
type taps struct {
	in, out, width int
	first, count   []int
	weight         []int32
}

// set computes the weights for an axis of in pixels that becomes one of out.
func (t *taps) set(in, out int, scratch *[]float64) {
	if t.in == in && t.out == out {
		return
	}
	scale := float64(in) / float64(out)
	support := max(scale, 1)
	t.in, t.out, t.width = in, out, int(math.Ceil(support))*2+1
	t.first, t.count = grow(t.first, out), grow(t.count, out)
	t.weight = grow(t.weight, out*t.width)
	*scratch = grow(*scratch, t.width)
	for i := range out {
		centre := (float64(i) + 0.5) * scale
		first := int(max(centre-support+0.5, 0))
		last := min(int(centre+support+0.5), in)
		w := (*scratch)[:last-first]
		sum := 0.0
		for k := range w {
			w[k] = max(1-math.Abs((float64(k+first)-centre+0.5)*(1/support)), 0)
			sum += w[k]
		}
		for k := range w {
			if sum != 0 {
				w[k] /= sum
			}
			t.weight[i*t.width+k] = int32(0.5 + w[k]*(1<<precision))
		}
		t.first[i], t.count[i] = first, len(w)
	}
}

func (r *Resizer) horizontal(to, from *Image) {
	r.x.set(from.W, to.W, &r.scratch)
	t := &r.x
	for y := range from.H {
		in, out := from.Pix[y*from.W*from.C:][:from.W*from.C], to.Pix[y*to.W*to.C:][:to.W*to.C]
		for x := range to.W {
			w := t.weight[x*t.width:][:t.count[x]]
			if from.C == 3 {
				a, b, c := int32(1<<(precision-1)), int32(1<<(precision-1)), int32(1<<(precision-1))
				px := in[3*t.first[x]:][:3*len(w)]
				for _, v := range w {
					p := px[:3:3]
					a += int32(p[0]) * v
					b += int32(p[1]) * v
					c += int32(p[2]) * v
					px = px[3:]
				}
				o := out[3*x:][:3]
				o[0], o[1], o[2] = clip(a>>precision), clip(b>>precision), clip(c>>precision)
				continue
			}
			a := int32(1 << (precision - 1))
			px := in[t.first[x]:][:len(w)]
			for k, v := range w {
				a += int32(px[k]) * v
			}
			out[x] = clip(a >> precision)
		}
	}
}

func (r *Resizer) vertical(to, from *Image) {
	r.y.set(from.H, to.H, &r.scratch)
	t := &r.y
	n := to.W * to.C
	r.sums = grow(r.sums, n)
	for y := range to.H {
		for i := range r.sums {
			r.sums[i] = 1 << (precision - 1)
		}
		for k, w := range t.weight[y*t.width:][:t.count[y]] {
			row := from.Pix[(t.first[y]+k)*n:][:n]
			sums := r.sums[:len(row)]
			for i, v := range row {
				sums[i] += int32(v) * w
			}
		}
		out := to.Pix[y*n:][:n]
		for i, s := range r.sums {
			out[i] = clip(s >> precision)
		}
	}
}

func clip(v int32) uint8 { return uint8(min(max(v, 0), 255)) }

// Shorter is the size of an h × w image whose shorter side becomes size and whose other
// side follows, rounded down as in torchvision's Resize(size), at least 1.
func Shorter(h, w, size int) (int, int) {
	if h <= w {
		return size, max(int(float64(size)*float64(w)/float64(h)), 1)
	}
	return max(int(float64(size)*float64(h)/float64(w)), 1), size
}
