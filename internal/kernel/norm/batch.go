// Package norm normalises matrices of float32: by columns with given coefficients, as
// batch normalisation does, and by rows, as layer normalisation does, with gradients;
// and it measures the means and variances of columns.
package norm

import (
	"math"

	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
	"pare/internal/simd"
)

// Batch is a normalisation together with the sum and the ReLU that follow it, in
// one pass: for every row and channel
//
//	z = x·A + B + skip·H
//	y = z, or max(z, 0) with ReLU
//
// with one A, B and H per channel. The gradients need x and skip only: the
// places where ReLU cut off are computed again, bit for bit, which costs less than
// reading y.
//
// A result may overwrite an argument of the same shape: y X or Skip, dx and
// dskip any of X, Skip and dy, but not each other.
type Batch struct {
	Rows, C int
	X       []float32 // [Rows, C]
	A, B    []float32 // [C]
	Skip    []float32 // [Rows, C]; nil: no sum
	H       []float32 // [C], factor of Skip; nil where Skip is nil
	ReLU    bool      // a NaN passes
}

// Planes of coefficients, each a folded row long. The mean has the place of p:
// no call needs both.
const (
	planeA = iota
	planeB
	planeH
	planeMean            // GradSums
	planeP    = iota - 1 // GradInput
	planeQ
	planeR
	normPlanes
)

// batchCall is a call of a method of Batch.
type batchCall struct {
	Batch
	fold
	dst, dy, dskip []float32
	planes         []float32 // spread coefficients
	scratch        *[]float32
	op             func(b *batchCall, at, rows, n int)
}

var batches parallel.Loop[batchCall]

// call checks the lengths and spreads the coefficients; Float32s gets scratch back.
func (n *Batch) call(dst, dy []float32) batchCall {
	size := n.Rows * n.C
	b := batchCall{Batch: *n, fold: newFold(n.Rows, n.C, batchWidth), dst: dst, dy: dy}
	b.X = n.X[:size]
	b.scratch = vector.Float32s.Get(normPlanes * b.cols)
	b.planes = *b.scratch
	b.plane(planeA, n.A)
	b.plane(planeB, n.B)
	if n.Skip != nil {
		b.Skip = n.Skip[:size]
		b.plane(planeH, n.H)
	}
	return b
}

func (b *batchCall) plane(k int, src []float32) {
	b.spread(b.planes[k*b.cols:(k+1)*b.cols], src[:b.C])
}

// each runs op, which does n columns of some rows from element at on, over the
// folded matrix, and gives the planes back.
func (b *batchCall) each(op func(b *batchCall, at, rows, n int)) {
	b.op = op
	batches.Do(b.rows, parallel.Rows(b.cols), *b, func(b *batchCall, lo, hi, _ int) {
		b.op(b, lo*b.cols, hi-lo, b.cols)
	})
	if b.rest > 0 {
		batches.Do(1, 1, *b, func(b *batchCall, _, _, _ int) { b.op(b, b.rows*b.cols, 1, b.rest) })
	}
	vector.Float32s.Put(b.scratch)
}

// Forward computes y [Rows, C].
func (n *Batch) Forward(y []float32) {
	b := n.call(y[:n.Rows*n.C], nil)
	b.each((*batchCall).forward)
}

// sumsCall is a call of GradSums.
type sumsCall struct {
	batchCall
	vector.ColumnReduction
}

var sumsLoop parallel.Loop[sumsCall]

// GradSums computes for every channel, with dz the gradient with respect to z,
//
//	sum = Σ dz    dot = Σ dz·(x − mean)    skipDot = Σ dz·skip
//
// skipDot nil leaves the last out; it needs Skip.
func (n *Batch) GradSums(sum, dot, skipDot, mean, dy []float32) {
	size, sums := n.Rows*n.C, 2
	if skipDot != nil {
		sums = 3
		_ = n.Skip[:size]
	}
	all := [3][]float32{sum, dot, skipDot}
	if size == 0 {
		for _, dst := range all[:sums] {
			clear(dst[:n.C])
		}
		return
	}
	b := n.call(nil, dy[:size])
	b.plane(planeMean, mean)
	s := sumsCall{b, vector.NewColumnReduction(b.rows, sums*b.cols)}
	sumsLoop.Do(b.rows, s.Step, s, func(s *sumsCall, lo, hi, task int) {
		s.Chunk(lo, hi, task, func(run []float32, lo, hi int) { s.sums(run, lo*s.cols, hi-lo, s.cols) })
	})
	total := s.Totals()
	if b.rest > 0 {
		run := vector.Float32s.Get(sums * b.cols)
		clear(*run)
		b.sums(*run, b.rows*b.cols, 1, b.rest)
		vector.AddRun(total, *run)
		vector.Float32s.Put(run)
	}
	for k, dst := range all[:sums] {
		plane := total[k*b.cols : (k+1)*b.cols]
		gather(plane, n.C)
		for i, v := range plane[:n.C] {
			dst[i] = float32(v)
		}
	}
	s.Release()
	vector.Float32s.Put(b.scratch)
}

// GradInput computes dx = dz·p + x·q + r with p, q and r per channel, and, unless
// it is nil, dskip = dz·H, which needs Skip.
func (n *Batch) GradInput(dx, dskip, p, q, r, dy []float32) {
	size := n.Rows * n.C
	b := n.call(dx[:size], dy[:size])
	b.plane(planeP, p)
	b.plane(planeQ, q)
	b.plane(planeR, r)
	if dskip != nil {
		_ = n.Skip[:size]
		b.dskip = dskip[:size]
	}
	b.each((*batchCall).input)
}

// batchWidth is the number of columns that the assembly does at a time.
const batchWidth = 16

// batchCached is the number of elements up to which matrices are likely to be
// in a cache.
const batchCached = 2 << 20

// block is the number of rows that the assembly computes before it moves to the next
// columns, so that coefficients serve several rows. Memory outside the caches is best read
// in order; rows a large power of two apart would push each other out of the cache.
func (b *batchCall) block() int {
	switch {
	case b.cols == batchWidth:
		return b.rows
	case b.cols > 64 && b.rows*b.cols > batchCached:
		return 1
	case b.cols%256 == 0:
		return 2
	}
	return 4
}

// The methods below compute n columns of some folded rows; the first row starts at element
// at. The assembly computes whole vectors, the loops the rest: whole rows without AVX2, the
// last few elements of a matrix with it. Both compute an element alike.

// z is the value before ReLU of element i in column k. The conversions keep the
// compiler from fusing, which it might do in one place and not in another.
func (b *batchCall) z(i, k int) float32 {
	v := float32(b.X[i]*b.planes[k]) + b.planes[planeB*b.cols+k]
	if b.Skip != nil {
		v += float32(b.Skip[i] * b.planes[planeH*b.cols+k])
	}
	return v
}

// dz is the gradient with respect to z.
func (b *batchCall) dz(i, k int) float32 {
	if b.ReLU && !(b.z(i, k) > 0) {
		return 0
	}
	return b.dy[i]
}

func (b *batchCall) forward(at, rows, n int) {
	cols, done := b.cols, 0
	if simd.AVX2 && n >= batchWidth {
		done = n &^ (batchWidth - 1)
		floor := float32(math.Inf(-1))
		if b.ReLU {
			floor = 0
		}
		batchForwardAVX2(&b.dst[at], &b.X[at], from(b.Skip, at), &b.planes[0], floor, rows, b.block(), done, cols)
	}
	for ; rows > 0 && done < n; rows-- {
		for k := done; k < n; k++ {
			v := b.z(at+k, k)
			if b.ReLU && v <= 0 {
				v = 0
			}
			b.dst[at+k] = v
		}
		at += cols
	}
}

// sums adds to two or three rows of sums.
func (b *batchCall) sums(dst []float32, at, rows, n int) {
	cols, done := b.cols, 0
	toSkip := len(dst) > 2*cols
	if simd.AVX2 && n >= batchWidth {
		done = n &^ (batchWidth - 1)
		mode := b.mask()
		if toSkip {
			mode |= modeSkipSum
		}
		batchSumsAVX2(&dst[0], &b.X[at], from(b.Skip, at), &b.dy[at], &b.planes[0], mode, rows, b.block(), done, cols)
	}
	for ; rows > 0 && done < n; rows-- {
		for k := done; k < n; k++ {
			dz := b.dz(at+k, k)
			dst[k] += dz
			dst[cols+k] += dz * (b.X[at+k] - b.planes[planeMean*cols+k])
			if toSkip {
				dst[2*cols+k] += dz * b.Skip[at+k]
			}
		}
		at += cols
	}
}

func (b *batchCall) input(at, rows, n int) {
	cols, done := b.cols, 0
	if simd.AVX2 && n >= batchWidth {
		done = n &^ (batchWidth - 1)
		batchInputAVX2(&b.dst[at], from(b.dskip, at), &b.X[at], from(b.Skip, at), &b.dy[at], &b.planes[0],
			b.mask(), rows, b.block(), done, cols)
	}
	p, q, r := b.planes[planeP*cols:], b.planes[planeQ*cols:], b.planes[planeR*cols:]
	for ; rows > 0 && done < n; rows-- {
		for k := done; k < n; k++ {
			dz, x := b.dz(at+k, k), b.X[at+k]
			b.dst[at+k] = dz*p[k] + (x*q[k] + r[k])
			if b.dskip != nil {
				b.dskip[at+k] = dz * b.planes[planeH*cols+k]
			}
		}
		at += cols
	}
}

// How a gradient kernel finds the places where ReLU cut off.
const (
	modePlain   = iota // nothing
	modeReLU           // z without a sum
	modeSum            // z with a sum
	modeSkipSum = 4    // added: the sum for skipDot
)

func (b *batchCall) mask() int {
	switch {
	case !b.ReLU:
		return modePlain
	case b.Skip == nil:
		return modeReLU
	}
	return modeSum
}

// from returns a pointer to s[at], nil for a nil slice.
func from(s []float32, at int) *float32 {
	if s == nil {
		return nil
	}
	return &s[at]
}
