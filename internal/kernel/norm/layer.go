package norm

import (
	"math"

	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
	"pare/internal/simd"
)

// layerCall is a call of Layer or RMS or, with sums unless dgamma is not asked for, of
// LayerBackward or RMSBackward. mean is nil for the last of each: the rows have no mean.
type layerCall struct {
	dst, x, mean, invstd, gamma []float32
	other                       []float32 // beta, or dy
	d, width                    int
	eps                         float32
	vector.ColumnReduction
}

var layers parallel.Loop[layerCall]

// Layer computes y = (x - mean)·invstd·gamma + beta with the mean and the
// biased variance of every row of x [rows,d]:
//
//	invstd = 1/√(variance + eps)
//
// Both count width values a row, at least d; the values beyond d are zero. It also
// writes mean [rows] and invstd [rows], which the gradient reads. d
// must be positive; y may be x.
func Layer(y, mean, invstd, x, gamma, beta []float32, rows, d, width int, eps float32) {
	l := layerCall{dst: y[:rows*d], x: x[:rows*d], mean: mean[:rows], invstd: invstd[:rows], gamma: gamma[:d], other: beta[:d],
		d: d, width: width, eps: eps}
	l.normalize(rows)
}

// RMS computes y = x·invrms·gamma with the mean of the squares of every row of x [rows,d]:
//
//	invrms = 1/√(Σx²/width + eps)
//
// It also writes invrms [rows], which the gradient reads. d must be positive; y may be x.
func RMS(y, invrms, x, gamma []float32, rows, d, width int, eps float32) {
	zeros := vector.Float32s.Get(d)
	clear(*zeros)
	l := layerCall{dst: y[:rows*d], x: x[:rows*d], invstd: invrms[:rows], gamma: gamma[:d], other: *zeros, d: d, width: width, eps: eps}
	l.normalize(rows)
	vector.Float32s.Put(zeros)
}

func (l layerCall) normalize(rows int) {
	layers.Do(rows, parallel.Rows(l.d), l, func(l *layerCall, lo, hi, _ int) {
		step := layerBlock(l.d)
		for ; lo < hi; lo += step {
			l.forward(lo, min(lo+step, hi))
		}
	})
}

// center is the mean of row r, 0 without means.
func (l *layerCall) center(r int) float32 {
	if l.mean == nil {
		return 0
	}
	return l.mean[r]
}

// layerBlock returns the number of rows that go through the passes together.
// One row alone would wait for the end of a sum in every pass.
func layerBlock(d int) int { return max(1, min(maxLayerBlock, 4096/d)) }

const maxLayerBlock = 16

// forward normalises rows [lo,hi), which stay in the cache.
func (l *layerCall) forward(lo, hi int) {
	d := l.d
	n, zeros := 1/float64(l.width), float64(l.width-l.d)
	for r := lo; r < hi && l.mean != nil; r++ {
		// Summing differences to a value of the row loses nothing where the
		// mean is far larger than the deviations.
		x := l.x[r*d:][:d]
		first := float64(x[0])
		l.mean[r] = float32(first + (vector.RowSum(x, x[0])-zeros*first)*n)
	}
	for r := lo; r < hi; r++ {
		mean := l.center(r)
		squares := vector.RowSquares(l.x[r*d:][:d], mean)
		if zeros > 0 { // 0·Inf is not 0
			squares += zeros * float64(mean) * float64(mean)
		}
		l.invstd[r] = float32(1 / math.Sqrt(squares*n+float64(l.eps)))
	}
	for r := lo; r < hi; r++ {
		normalizeRow(l.dst[r*d:][:d], l.x[r*d:][:d], l.gamma, l.other, l.center(r), l.invstd[r])
	}
}

// LayerBackward computes the gradients for dy from the operands and results of
// Layer. With g = dy·gamma and the normalised input x̂:
//
//	dx = invstd·(g - mean of g - x̂·mean of g·x̂), dgamma = Σ dy·x̂, dbeta = Σ dy
//
// with the means over width values; the values beyond d have no gradient. dx nil,
// or dgamma and dbeta nil, leaves that part out. dx may be dy.
func LayerBackward(dx, dgamma, dbeta, x, mean, invstd, gamma, dy []float32, rows, d, width int) {
	l := layerCall{x: x[:rows*d], mean: mean[:rows], invstd: invstd[:rows], gamma: gamma[:d], other: dy[:rows*d],
		d: d, width: width}
	l.gradients(dx, dgamma, dbeta, rows)
}

// RMSBackward computes the gradients for dy from the operands and results of RMS. With
// g = dy·gamma and the normalised input x̂:
//
//	dx = invrms·(g - x̂·mean of g·x̂), dgamma = Σ dy·x̂
//
// with the mean over width values. dx or dgamma nil leaves that part out. dx may be dy.
func RMSBackward(dx, dgamma, x, invrms, gamma, dy []float32, rows, d, width int) {
	l := layerCall{x: x[:rows*d], invstd: invrms[:rows], gamma: gamma[:d], other: dy[:rows*d], d: d, width: width}
	dbeta := vector.Float32s.Get(d)
	l.gradients(dx, dgamma, *dbeta, rows)
	vector.Float32s.Put(dbeta)
}

func (l layerCall) gradients(dx, dgamma, dbeta []float32, rows int) {
	d := l.d
	if dx != nil {
		l.dst = dx[:rows*d]
	}
	if dgamma == nil {
		layers.Do(rows, parallel.Rows(d), l, func(l *layerCall, lo, hi, _ int) { l.backward(nil, nil, lo, hi) })
		return
	}
	l.ColumnReduction = vector.NewColumnReduction(rows, 2*d)
	layers.Do(rows, l.Step, l, func(l *layerCall, lo, hi, task int) {
		l.Chunk(lo, hi, task, func(run []float32, lo, hi int) { l.backward(run[:l.d], run[l.d:], lo, hi) })
	})
	l.Store(dgamma[:d], dbeta[:d])
}

// backward computes dx of rows [lo,hi) and adds their part of dgamma and
// dbeta.
func (l *layerCall) backward(dgamma, dbeta []float32, lo, hi int) {
	d, n := l.d, float64(l.width)
	step := layerBlock(d)
	var p, q [maxLayerBlock]float32
	for ; lo < hi; lo += step {
		end := min(lo+step, hi)
		if l.dst != nil {
			for r := lo; r < end; r++ {
				s := float64(l.invstd[r])
				u, v := layerSums(l.x[r*d:][:d], l.gamma, l.other[r*d:][:d], l.center(r))
				p[r-lo], q[r-lo] = float32(u*s/n), float32(v*s*s*s/n)
				if l.mean == nil {
					p[r-lo] = 0
				}
			}
		}
		for r := lo; r < end; r++ {
			var dx []float32
			if l.dst != nil {
				dx = l.dst[r*d:][:d]
			}
			layerRow(dx, dgamma, dbeta, l.x[r*d:][:d], l.gamma, l.other[r*d:][:d], l.center(r), l.invstd[r], p[r-lo], q[r-lo])
		}
	}
}

// normalizeRow computes y = (x - m)·s·gamma + beta.
func normalizeRow(y, x, gamma, beta []float32, m, s float32) {
	x, gamma, beta = x[:len(y)], gamma[:len(y)], beta[:len(y)]
	i := simd.Whole(len(y), 8)
	if simd.AVX2 && i > 0 {
		normalizeRowAVX2(&y[0], &x[0], &gamma[0], &beta[0], i, m, s)
	}
	for ; i < len(y); i++ {
		y[i] = (x[i]-m)*s*gamma[i] + beta[i]
	}
}

// layerSums returns Σ dy·gamma and Σ dy·gamma·(x - m).
func layerSums(x, gamma, dy []float32, m float32) (p, q float64) {
	gamma, dy = gamma[:len(x)], dy[:len(x)]
	i := simd.Whole(len(x), 8)
	if simd.AVX2 && i > 0 {
		p, q = layerSumsAVX2(&x[0], &gamma[0], &dy[0], i, m)
	}
	for ; i < len(x); i++ {
		g := dy[i] * gamma[i]
		p += float64(g)
		q += float64(g * (x[i] - m))
	}
	return p, q
}

// layerRow computes dx = dy·gamma·s - p - (x - m)·q and adds dy·(x - m)·s
// to dgamma and dy to dbeta; nil slices are left out.
func layerRow(dx, dgamma, dbeta, x, gamma, dy []float32, m, s, p, q float32) {
	gamma, dy = gamma[:len(x)], dy[:len(x)]
	i := simd.Whole(len(x), 8)
	if simd.AVX2 && i > 0 {
		var a, b, c *float32
		if dx != nil {
			a = &dx[0]
		}
		if dgamma != nil {
			b, c = &dgamma[0], &dbeta[0]
		}
		layerRowAVX2(a, b, c, &x[0], &gamma[0], &dy[0], i, m, s, p, q)
	}
	for ; i < len(x); i++ {
		g, v := dy[i], x[i]-m
		if dgamma != nil {
			dgamma[i] += g * (v * s)
			dbeta[i] += g
		}
		if dx != nil {
			dx[i] = g*gamma[i]*s - p - v*q
		}
	}
}
