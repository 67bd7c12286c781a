package kernel

// BNApply computes y = (x-mean)·invstd·gamma + beta per channel.
func BNApply(y, x, mean, invstd, gamma, beta []float32, rows, c int) {
	j := newJob()
	j.dst, j.a, j.cols = y[:rows*c], x[:rows*c], c
	j.vec, j.vec2 = grow(j.vec, c), grow(j.vec2, c)
	for i := range c {
		a := invstd[i] * gamma[i]
		j.vec[i] = a
		j.vec2[i] = float32(float64(beta[i]) - float64(mean[i])*float64(a))
	}
	j.each(rows, rowStep(c), func(j *job, lo, hi, _ int) {
		affineRows(j.dst[lo*j.cols:], j.a[lo*j.cols:], j.vec, j.vec2, hi-lo, j.cols)
	})
	j.release()
}

// BNGradStats computes dgamma = Σ dy·x̂ and dbeta = Σ dy per channel, where x̂
// is the normalised input.
func BNGradStats(dgamma, dbeta, x, mean, invstd, dy []float32, rows, c int) {
	ColumnSums(dbeta, dy, rows, c)
	j := newJob()
	j.a, j.b, j.c = x[:rows*c], mean[:c], dy[:rows*c]
	sums := j.columns(rows, c, func(j *job, run []float32, lo, hi int) {
		dotShiftRows(run, j.a[lo*j.cols:], j.b, j.c[lo*j.cols:], hi-lo, j.cols)
	})
	for i, v := range sums {
		dgamma[i] = float32(v * float64(invstd[i]))
	}
	j.release()
}

// BNGradInput computes the gradient with respect to the input in training
// mode, where the statistics depend on x:
//
//	dx = gamma·invstd·(dy - dbeta/rows - x̂·dgamma/rows)
func BNGradInput(dx, x, mean, invstd, gamma, dgamma, dbeta, dy []float32, rows, c int) {
	j := newJob()
	j.dst, j.a, j.b, j.cols = dx[:rows*c], x[:rows*c], dy[:rows*c], c
	// dx = dy·p + (x·q + r) with three coefficients per channel.
	j.vec, j.vec2 = grow(j.vec, c), grow(j.vec2, 2*c)
	for i := range c {
		p := float64(gamma[i]) * float64(invstd[i])
		q := -p * float64(invstd[i]) * float64(dgamma[i]) / float64(rows)
		j.vec[i] = float32(p)
		j.vec2[i] = float32(q)
		j.vec2[c+i] = float32(-p*float64(dbeta[i])/float64(rows) - float64(float32(q))*float64(mean[i]))
	}
	j.each(rows, rowStep(c), func(j *job, lo, hi, _ int) {
		n := j.cols
		affine2Rows(j.dst[lo*n:], j.a[lo*n:], j.b[lo*n:], j.vec, j.vec2, j.vec2[n:], hi-lo, n)
	})
	j.release()
}
