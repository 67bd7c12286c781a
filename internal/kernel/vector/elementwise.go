// Package vector holds kernels that map or reduce contiguous float32 slices value
// by value: sums and products, activation functions with their gradients, gates of
// recurrent cells, softmax, cross-entropy, dropout, tables of rows, and reductions
// of rows and columns. Matrices are row-major.
//
// Functions named Slice work on the calling goroutine, the others share long
// slices out. Sums are cut into parts by the size of the problem only and
// combined in a fixed order, so a result never depends on the number of threads.
// Slices of a wrong length are programming errors and panic.
package vector

import (
	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// elementwise is a map of up to two slices with a factor.
type elementwise struct {
	dst, a, b []float32
	s         float32
	op        func(dst, a, b []float32, s float32)
}

var elements parallel.Loop[elementwise]

// each runs op over all of dst; a and b have its length.
func each(dst, a, b []float32, s float32, op func(dst, a, b []float32, s float32)) {
	n := len(dst)
	elements.Do(n, parallel.Chunk, elementwise{dst, a[:n], b[:n], s, op}, func(e *elementwise, lo, hi, _ int) {
		e.op(e.dst[lo:hi], e.a[lo:hi], e.b[lo:hi], e.s)
	})
}

// Add computes dst = a + b; dst may be one of them.
func Add(dst, a, b []float32) {
	each(dst, a, b, 0, func(dst, a, b []float32, _ float32) { AddSlice(dst, a, b) })
}

// AddTo computes dst += a.
func AddTo(dst, a []float32) { Add(dst, dst, a) }

// AddSlice computes dst = a + b on the calling goroutine.
func AddSlice(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	i := simd.Whole(len(dst), 8)
	if simd.AVX2 && i > 0 {
		addAVX2(&dst[0], &a[0], &b[0], i)
	}
	for ; i < len(dst); i++ {
		dst[i] = a[i] + b[i]
	}
}

// Mul computes dst = a·b value by value.
func Mul(dst, a, b []float32) {
	each(dst, a, b, 0, func(dst, a, b []float32, _ float32) { MulSlice(dst, a, b) })
}

// MulSlice computes dst = a * b on the calling goroutine.
func MulSlice(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	i := simd.Whole(len(dst), 8)
	if simd.AVX2 && i > 0 {
		mulAVX2(&dst[0], &a[0], &b[0], i)
	}
	for ; i < len(dst); i++ {
		dst[i] = a[i] * b[i]
	}
}

// Scale computes dst = s·a.
func Scale(dst, a []float32, s float32) {
	each(dst, a, a, s, func(dst, a, _ []float32, s float32) { ScaleSlice(dst, a, s) })
}

// ScaleSlice computes dst = s·a on the calling goroutine.
func ScaleSlice(dst, a []float32, s float32) {
	a = a[:len(dst)]
	i := simd.Whole(len(dst), 8)
	if simd.AVX2 && i > 0 {
		scaleAVX2(&dst[0], &a[0], i, s)
	}
	for ; i < len(dst); i++ {
		dst[i] = a[i] * s
	}
}

// affineSlice computes dst = a·s + t.
func affineSlice(dst, a []float32, s, t float32) {
	a = a[:len(dst)]
	i := simd.Whole(len(dst), 8)
	if simd.AVX2 && i > 0 {
		affineAVX2(&dst[0], &a[0], i, s, t)
	}
	for ; i < len(dst); i++ {
		dst[i] = a[i]*s + t
	}
}

// MaskSlice computes x ← x·(1 − mask) on the calling goroutine, where mask is 1 for values that
// become 0, and else 0.
func MaskSlice(x, mask []float32) {
	var keep [512]float32
	for lo := 0; lo < len(x); lo += len(keep) {
		hi := min(lo+len(keep), len(x))
		affineSlice(keep[:hi-lo], mask[lo:hi], -1, 1)
		MulSlice(x[lo:hi], x[lo:hi], keep[:hi-lo])
	}
}

// ReLU computes dst = max(x, 0); NaN stays NaN.
func ReLU(dst, x []float32) {
	each(dst, x, x, 0, func(dst, x, _ []float32, _ float32) { ReLUSlice(dst, x) })
}

// ReLUSlice is ReLU on the calling goroutine.
func ReLUSlice(dst, x []float32) {
	x = x[:len(dst)]
	i := simd.Whole(len(dst), 8)
	if simd.AVX2 && i > 0 {
		reluAVX2(&dst[0], &x[0], i)
	}
	for ; i < len(dst); i++ {
		v := x[i]
		if v <= 0 {
			v = 0
		}
		dst[i] = v
	}
}

// ReLUBackward computes dx = dy where the output y is positive, else 0.
func ReLUBackward(dx, y, dy []float32) {
	each(dx, y, dy, 0, func(dx, y, dy []float32, _ float32) { reluGradSlice(dx, y, dy) })
}

func reluGradSlice(dx, y, dy []float32) {
	y, dy = y[:len(dx)], dy[:len(dx)]
	i := simd.Whole(len(dx), 8)
	if simd.AVX2 && i > 0 {
		reluGradAVX2(&dx[0], &y[0], &dy[0], i)
	}
	for ; i < len(dx); i++ {
		v := float32(0)
		if y[i] > 0 {
			v = dy[i]
		}
		dx[i] = v
	}
}

// Threshold computes dst = x where x ≥ tau, else 0; tau ≥ 0. NaN stays NaN, and
// with tau 0 it is a ReLU. dst may be x.
func Threshold(dst, x []float32, tau float32) {
	each(dst, x, x, tau, func(dst, x, _ []float32, tau float32) { ThresholdSlice(dst, x, tau) })
}

// ThresholdSlice is Threshold on the calling goroutine.
func ThresholdSlice(dst, x []float32, tau float32) {
	x = x[:len(dst)]
	i := simd.Whole(len(dst), 8)
	if simd.AVX2 && i > 0 {
		thresholdAVX2(&dst[0], &x[0], i, tau)
	}
	for ; i < len(dst); i++ {
		v := x[i]
		if v < tau {
			v = 0
		}
		dst[i] = v
	}
}

// LeakyReLU computes dst = x, or slope·x below zero. dst may be x.
func LeakyReLU(dst, x []float32, slope float32) { each(dst, x, x, slope, leakySlice) }

// LeakyReLUBackward computes dx = dy, or slope·dy where the output y is not
// positive; slope must not be negative. dx may be any input.
func LeakyReLUBackward(dx, y, dy []float32, slope float32) { each(dx, y, dy, slope, leakySlice) }

// leakySlice computes dst[i] = v[i], times slope where x[i] <= 0.
func leakySlice(dst, x, v []float32, slope float32) {
	if simd.AVX2 {
		leakyAVX2(&dst[0], &x[0], &v[0], len(dst), slope)
		return
	}
	for i, x := range x {
		d := v[i]
		if x <= 0 {
			d *= slope
		}
		dst[i] = d
	}
}

// custom is a function of one value that has no kernel.
type custom struct {
	dst, x, dy []float32
	f          func(float32) float32
}

var customs parallel.Loop[custom]

// Map computes dst = f(x) value by value; f must be safe for concurrent use.
func Map(dst, x []float32, f func(float32) float32) {
	customs.Do(len(dst), parallel.Chunk, custom{dst, x[:len(dst)], nil, f}, func(c *custom, lo, hi, _ int) {
		for i, v := range c.x[lo:hi] {
			c.dst[lo+i] = c.f(v)
		}
	})
}

// MapGrad computes dx = dy·df(x) value by value.
func MapGrad(dx, x, dy []float32, df func(float32) float32) {
	customs.Do(len(dx), parallel.Chunk, custom{dx, x[:len(dx)], dy[:len(dx)], df}, func(c *custom, lo, hi, _ int) {
		for i, v := range c.x[lo:hi] {
			c.dst[lo+i] = c.dy[lo+i] * c.f(v)
		}
	})
}

// perColumn is a matrix of rows as long as g.
type perColumn struct{ dst, x, g []float32 }

var columnwise parallel.Loop[perColumn]

// ScaleChannels computes dst[r,c] = x[r,c]·g[c].
func ScaleChannels(dst, x, g []float32, rows, c int) {
	columnwise.Do(rows, parallel.Rows(c), perColumn{dst[:rows*c], x[:rows*c], g[:c]}, func(p *perColumn, lo, hi, _ int) {
		for c := len(p.g); lo < hi; lo++ {
			MulSlice(p.dst[lo*c:][:c], p.x[lo*c:][:c], p.g)
		}
	})
}

// Parts are partial sums of one size that tasks compute apart and that are then
// added in their order.
type Parts struct {
	dst  []float32 // the result, and the place of part 0
	rest []float32 // the other parts, one after another
}

// partStep is the number of values per task that adds parts.
const partStep = 4096

// Begin makes dst the place of the sum of count parts.
func (p *Parts) Begin(dst []float32, count int) {
	p.dst, p.rest = dst, parallel.Grow(p.rest, (count-1)*len(dst))
}

// Part is where part i goes.
func (p *Parts) Part(i int) []float32 {
	if i == 0 {
		return p.dst
	}
	return p.rest[(i-1)*len(p.dst):][:len(p.dst)]
}

// End adds the parts up.
func (p *Parts) End() {
	if len(p.rest) > 0 {
		parallel.Each((len(p.dst)+partStep-1)/partStep, p, (*Parts).add)
	}
	p.dst = nil
}

// add adds one range of all parts.
func (p *Parts) add(_, task int) {
	lo := task * partStep
	hi := min(lo+partStep, len(p.dst))
	for rest := p.rest; len(rest) > 0; rest = rest[len(p.dst):] {
		AddSlice(p.dst[lo:hi], p.dst[lo:hi], rest[lo:hi])
	}
}
