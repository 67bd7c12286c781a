package kernel

import "math"

// LayerNorm computes y = (x - mean)·invstd·gamma + beta with the mean and the
// biased variance of every row of x [rows,d]:
//
//	invstd = 1/√(variance + eps)
//
// Both count width values a row, at least d, of which those beyond d are zero.
// It also writes mean [rows] and invstd [rows], which the gradient reads. d
// must be positive; y may be x.
func LayerNorm(y, mean, invstd, x, gamma, beta []float32, rows, d, width int, eps float32) {
	j := newJob()
	j.dst, j.a, j.b, j.c, j.d, j.e = y[:rows*d], x[:rows*d], mean[:rows], invstd[:rows], gamma[:d], beta[:d]
	j.cols, j.width, j.eps = d, width, eps
	j.each(rows, rowStep(d), func(j *job, lo, hi, _ int) {
		step := normBlock(j.cols)
		for ; lo < hi; lo += step {
			j.layerNormBlock(lo, min(lo+step, hi))
		}
	})
	j.release()
}

// normBlock returns the number of rows that go through the passes together.
// One row alone would wait for the end of a sum in every pass.
func normBlock(d int) int { return max(1, min(maxNormBlock, 4096/d)) }

const maxNormBlock = 16

// layerNormBlock normalises rows [lo,hi), which stay in the cache.
func (j *job) layerNormBlock(lo, hi int) {
	d := j.cols
	n, zeros := 1/float64(j.width), float64(j.width-j.cols)
	for r := lo; r < hi; r++ {
		// Summing differences to a value of the row loses nothing where the
		// mean is far larger than the deviations.
		x := j.a[r*d:][:d]
		first := float64(x[0])
		j.b[r] = float32(first + (rowSum(x, x[0])-zeros*first)*n)
	}
	for r := lo; r < hi; r++ {
		squares := rowSquares(j.a[r*d:][:d], j.b[r])
		if zeros > 0 { // 0·Inf is not 0
			squares += zeros * float64(j.b[r]) * float64(j.b[r])
		}
		j.c[r] = float32(1 / math.Sqrt(squares*n+float64(j.eps)))
	}
	for r := lo; r < hi; r++ {
		normalizeRow(j.dst[r*d:][:d], j.a[r*d:][:d], j.d, j.e, j.b[r], j.c[r])
	}
}

// LayerNormBackward computes the gradients for dy from what LayerNorm read and
// wrote. With g = dy·gamma and the normalised input x̂:
//
//	dx = invstd·(g - mean of g - x̂·mean of g·x̂), dgamma = Σ dy·x̂, dbeta = Σ dy
//
// with the means over width values, those beyond d without a gradient. dx nil,
// or dgamma and dbeta nil, leaves that part out. dx may be dy.
func LayerNormBackward(dx, dgamma, dbeta, x, mean, invstd, gamma, dy []float32, rows, d, width int) {
	j := newJob()
	j.width = width
	j.dst, j.a, j.b, j.c, j.d, j.e = dx, x[:rows*d], mean[:rows], invstd[:rows], gamma[:d], dy[:rows*d]
	if dx != nil {
		j.dst = dx[:rows*d]
	}
	if dgamma == nil {
		j.cols = d
		j.each(rows, rowStep(d), func(j *job, lo, hi, _ int) { j.layerNormGrad(nil, nil, lo, hi) })
		j.release()
		return
	}
	sums := j.columns(rows, 2*d, func(j *job, run []float32, lo, hi int) {
		j.layerNormGrad(run[:j.cols/2], run[j.cols/2:], lo, hi)
	})
	toFloat32(dgamma[:d], sums[:d])
	toFloat32(dbeta[:d], sums[d:])
	j.release()
}

// layerNormGrad computes dx of rows [lo,hi) and adds their part of dgamma and
// dbeta.
func (j *job) layerNormGrad(dgamma, dbeta []float32, lo, hi int) {
	d, n := len(j.d), float64(j.width)
	step := normBlock(d)
	var p, q [maxNormBlock]float32
	for ; lo < hi; lo += step {
		end := min(lo+step, hi)
		if j.dst != nil {
			for r := lo; r < end; r++ {
				s := float64(j.c[r])
				u, v := layerNormSums(j.a[r*d:][:d], j.d, j.e[r*d:][:d], j.b[r])
				p[r-lo], q[r-lo] = float32(u*s/n), float32(v*s*s*s/n)
			}
		}
		for r := lo; r < end; r++ {
			var dx []float32
			if j.dst != nil {
				dx = j.dst[r*d:][:d]
			}
			layerNormRow(dx, dgamma, dbeta, j.a[r*d:][:d], j.d, j.e[r*d:][:d], j.b[r], j.c[r], p[r-lo], q[r-lo])
		}
	}
}

// normalizeRow computes y = (x - m)·s·gamma + beta.
func normalizeRow(y, x, gamma, beta []float32, m, s float32) {
	x, gamma, beta = x[:len(y)], gamma[:len(y)], beta[:len(y)]
	i := 0
	if useAVX2 && len(y) >= 8 {
		i = len(y) &^ 7
		normalizeRowAVX2(&y[0], &x[0], &gamma[0], &beta[0], i, m, s)
	}
	for ; i < len(y); i++ {
		y[i] = (x[i]-m)*s*gamma[i] + beta[i]
	}
}

// layerNormSums returns Σ dy·gamma and Σ dy·gamma·(x - m).
func layerNormSums(x, gamma, dy []float32, m float32) (p, q float64) {
	gamma, dy = gamma[:len(x)], dy[:len(x)]
	i := 0
	if useAVX2 && len(x) >= 8 {
		i = len(x) &^ 7
		p, q = layerNormSumsAVX2(&x[0], &gamma[0], &dy[0], i, m)
	}
	for ; i < len(x); i++ {
		g := dy[i] * gamma[i]
		p += float64(g)
		q += float64(g * (x[i] - m))
	}
	return p, q
}

// layerNormRow computes dx = dy·gamma·s - p - (x - m)·q and adds dy·(x - m)·s
// to dgamma and dy to dbeta; what is nil is left out.
func layerNormRow(dx, dgamma, dbeta, x, gamma, dy []float32, m, s, p, q float32) {
	gamma, dy = gamma[:len(x)], dy[:len(x)]
	i := 0
	if useAVX2 && len(x) >= 8 {
		i = len(x) &^ 7
		var a, b, c *float32
		if dx != nil {
			a = &dx[0]
		}
		if dgamma != nil {
			b, c = &dgamma[0], &dbeta[0]
		}
		layerNormRowAVX2(a, b, c, &x[0], &gamma[0], &dy[0], i, m, s, p, q)
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
