package vector

import (
	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// clip is min(max(x + shift, lo), hi)·scale, or the gradient of it.
type clip struct {
	dst, v, dy           []float32
	shift, lo, hi, scale float32
	op                   func(c *clip, lo, hi int)
}

var clips parallel.Loop[clip]

func (c clip) do() {
	n := len(c.dst)
	c.v, c.dy = c.v[:n], c.dy[:n]
	clips.Do(n, parallel.Chunk, c, func(c *clip, lo, hi, _ int) { c.op(c, lo, hi) })
}

// Clip computes dst = min(max(x, lo), hi); lo and hi may be infinite, lo at most hi. NaN stays
// NaN. dst may be x.
func Clip(dst, x []float32, lo, hi float32) {
	clip{dst: dst, v: x, dy: x, lo: lo, hi: hi, scale: 1, op: (*clip).forward}.do()
}

// ClipBackward computes dx = dy where the output y lies between lo and hi, and 0 where it is
// one of them or beyond. dx may be any input.
func ClipBackward(dx, y, dy []float32, lo, hi float32) {
	clip{dst: dx, v: y, dy: dy, lo: lo, hi: hi, scale: 1, op: (*clip).backward}.do()
}

// HardSigmoid computes dst = min(max(x + 3, 0), 6)/6. NaN stays NaN. dst may be x.
func HardSigmoid(dst, x []float32) {
	clip{dst: dst, v: x, dy: x, shift: 3, hi: 6, scale: 1.0 / 6, op: (*clip).forward}.do()
}

// HardSigmoidBackward computes dx = dy/6 where the output y lies between 0 and 1, else 0. dx
// may be any input.
func HardSigmoidBackward(dx, y, dy []float32) {
	clip{dst: dx, v: y, dy: dy, hi: 1, scale: 1.0 / 6, op: (*clip).backward}.do()
}

func (c *clip) forward(lo, hi int) {
	if simd.AVX2 {
		clipAVX2(&c.dst[lo], &c.v[lo], hi-lo, c.shift, c.lo, c.hi, c.scale)
		return
	}
	for i, v := range c.v[lo:hi] {
		c.dst[lo+i] = min(max(v+c.shift, c.lo), c.hi) * c.scale
	}
}

func (c *clip) backward(lo, hi int) {
	if simd.AVX2 {
		clipGradAVX2(&c.dst[lo], &c.v[lo], &c.dy[lo], hi-lo, c.lo, c.hi, c.scale)
		return
	}
	for i, v := range c.v[lo:hi] {
		d := c.scale
		if v <= c.lo || v >= c.hi {
			d = 0
		}
		c.dst[lo+i] = d * c.dy[lo+i]
	}
}
