package norm

import (
	"math"

	"pare/internal/kernel/parallel"
	"pare/internal/kernel/vector"
	"pare/internal/simd"
)

// Groups normalises groups of channels of examples: matrices [N, Rows, C], of which the
// values of one example and one group have the mean 0 and the variance 1 before scale and
// shift. With all channels apart it is instance normalisation.
type Groups struct {
	N, Rows, C int
	Group      []int // of each channel, from 0 on; a group may have no channel
	// Count is how many values the mean and the variance of a group count, at least the values
	// of its channels; the others are zero.
	Count int
	Eps   float32
}

// groupCall is a call of a method of Groups on some rows.
type groupCall struct {
	Groups
	groups       int
	dst, x, dy   []float32
	mean, invstd []float32
	gamma, beta  []float32
	sums, coef   []float32 // of each example: planes of C values
	op           func(c *groupCall, n, lo, hi int)
	vector.ColumnReduction
}

var groupLoop, groupRows parallel.Loop[groupCall]

// groups is the number of groups.
func (g Groups) groups() int {
	n := 0
	for _, k := range g.Group[:g.C] {
		n = max(n, k+1)
	}
	return n
}

// Forward computes y = (x - mean)·invstd·gamma + beta with the mean and the biased variance
// of every group of every example, and writes these, mean [N, groups] and invstd =
// 1/√(variance + eps). y may be x.
func (g Groups) Forward(y, mean, invstd, x, gamma, beta []float32) {
	coef := vector.Float32s.Get(3 * g.N * g.C)
	c := groupCall{Groups: g, groups: g.groups(), dst: y[:g.N*g.Rows*g.C], x: x[:g.N*g.Rows*g.C], mean: mean, invstd: invstd,
		gamma: gamma[:g.C], beta: beta[:g.C], coef: *coef}
	groupLoop.Do(g.N, 1, c, func(c *groupCall, n, _, _ int) { c.moments(n) })
	c.eachRow((*groupCall).forward)
	vector.Float32s.Put(coef)
}

// example returns the values of example n.
func (c *groupCall) example(of []float32, n int) []float32 {
	size := c.Rows * c.C
	return of[n*size:][:size]
}

// plane returns plane k of planes of coefficients of example n.
func (c *groupCall) plane(n, k, planes int) []float32 { return c.coef[(n*planes+k)*c.C:][:c.C] }

// moments computes the means and variances of example n, and its coefficients. Those of the
// channels are combined as in (Chan, Golub and LeVeque, 1979).
func (c *groupCall) moments(n int) {
	mean, variance := c.plane(n, 0, 3), c.plane(n, 1, 3)
	Moments(mean, variance, c.example(c.x, n), c.Rows, c.C)
	sums := vector.Float64s.Get(3 * c.groups)
	clear(*sums)
	of, squares, sizes := (*sums)[:c.groups], (*sums)[c.groups:2*c.groups], (*sums)[2*c.groups:]
	rows, count := float64(c.Rows), float64(c.Count)
	for i, k := range c.Group[:c.C] {
		of[k] += float64(mean[i]) * rows / count
		sizes[k] += rows
	}
	for i, k := range c.Group[:c.C] {
		d := float64(mean[i]) - of[k]
		squares[k] += (float64(variance[i]) + d*d) * rows
	}
	for k, m := range of {
		if zeros := count - sizes[k]; zeros > 0 { // 0·Inf is not 0
			squares[k] += zeros * m * m
		}
		c.mean[n*c.groups+k] = float32(m)
		c.invstd[n*c.groups+k] = float32(1 / math.Sqrt(squares[k]/count+float64(c.Eps)))
	}
	vector.Float64s.Put(sums)
	copy(c.plane(n, 2, 3), c.beta)
	for i, k := range c.Group[:c.C] {
		mean[i], variance[i] = c.mean[n*c.groups+k], c.invstd[n*c.groups+k]*c.gamma[i]
	}
}

// eachRow runs op over rows [lo, hi) of all examples, each call within one of them.
func (c groupCall) eachRow(op func(c *groupCall, n, lo, hi int)) {
	step := min(parallel.Rows(c.C), max(c.Rows, 1))
	tasks := (c.Rows + step - 1) / step // of an example
	c.Step, c.op = step, op
	groupRows.Do(c.N*tasks, 1, c, func(c *groupCall, task, _, _ int) {
		tasks := (c.Rows + c.Step - 1) / c.Step
		lo := task % tasks * c.Step
		c.op(c, task/tasks, lo, min(lo+c.Step, c.Rows))
	})
}

func (c *groupCall) forward(n, lo, hi int) {
	cols := c.C
	y, x := c.example(c.dst, n)[lo*cols:hi*cols], c.example(c.x, n)[lo*cols:hi*cols]
	mean, a, b := c.plane(n, 0, 3), c.plane(n, 1, 3), c.plane(n, 2, 3)
	i := simd.Whole(cols, 8)
	if simd.AVX2 && i > 0 && len(y) > 0 {
		groupForwardAVX2(&y[0], &x[0], &mean[0], hi-lo, i, cols)
	}
	for ; len(y) > 0 && i < cols; y, x = y[cols:], x[cols:] {
		for j := i; j < cols; j++ {
			y[j] = (x[j]-mean[j])*a[j] + b[j]
		}
	}
}

// Backward computes the gradients for dy from the operands and results of Forward. With
// g = dy·gamma and the normalised input x̂:
//
//	dx = invstd·(g - mean of g - x̂·mean of g·x̂), dgamma = Σ dy·x̂, dbeta = Σ dy
//
// with the means over the Count values of a group; the values that are not there have no
// gradient. dx may be dy.
func (g Groups) Backward(dx, dgamma, dbeta, x, mean, invstd, gamma, dy []float32) {
	size := g.N * g.Rows * g.C
	coef, sums := vector.Float32s.Get(4*g.N*g.C), vector.Float32s.Get(2*g.N*g.C)
	c := groupCall{Groups: g, groups: g.groups(), dst: dx[:size], x: x[:size], dy: dy[:size], mean: mean, invstd: invstd,
		gamma: gamma[:g.C], coef: *coef, sums: *sums}
	groupLoop.Do(g.N, 1, c, func(c *groupCall, n, _, _ int) { c.gradient(n) })
	for i, k := range g.Group[:g.C] {
		scale, shift := 0.0, 0.0
		for n := range g.N {
			shift += float64(c.sums[2*n*g.C+i])
			scale += float64(c.sums[(2*n+1)*g.C+i]) * float64(invstd[n*c.groups+k])
		}
		dgamma[i], dbeta[i] = float32(scale), float32(shift)
	}
	c.eachRow((*groupCall).input)
	vector.Float32s.Put(coef)
	vector.Float32s.Put(sums)
}

// gradient computes the sums of example n over its rows, Σ dy and Σ dy·(x - mean) of each
// channel, and the coefficients of dx.
func (c *groupCall) gradient(n int) {
	mean, a, q, r := c.plane(n, 0, 4), c.plane(n, 1, 4), c.plane(n, 2, 4), c.plane(n, 3, 4)
	for i, k := range c.Group[:c.C] {
		mean[i], a[i] = c.mean[n*c.groups+k], c.invstd[n*c.groups+k]*c.gamma[i]
	}
	sums := c.sums[2*n*c.C:][:2*c.C]
	s := groupCall{Groups: c.Groups, x: c.example(c.x, n), dy: c.example(c.dy, n), mean: mean,
		ColumnReduction: vector.NewColumnReduction(c.Rows, 2*c.C)}
	groupRows.Do(c.Rows, s.Step, s, func(c *groupCall, lo, hi, task int) {
		c.Chunk(lo, hi, task, func(run []float32, lo, hi int) { c.add(run, lo, hi) })
	})
	s.Store(sums)

	totals := vector.Float64s.Get(2 * c.groups)
	clear(*totals)
	g, gx := (*totals)[:c.groups], (*totals)[c.groups:]
	for i, k := range c.Group[:c.C] {
		g[k] += float64(c.gamma[i]) * float64(sums[i]) / float64(c.Count)
		gx[k] += float64(c.gamma[i]) * float64(sums[c.C+i]) / float64(c.Count)
	}
	for i, k := range c.Group[:c.C] {
		s := float64(c.invstd[n*c.groups+k])
		q[i], r[i] = float32(-gx[k]*s*s*s), float32(-g[k]*s)
	}
	vector.Float64s.Put(totals)
}

// add adds Σ dy and Σ dy·(x - mean) of rows [lo, hi) of one example to two rows of sums.
func (c *groupCall) add(sums []float32, lo, hi int) {
	cols := c.C
	x, dy := c.x[lo*cols:hi*cols], c.dy[lo*cols:hi*cols]
	i := simd.Whole(cols, 8)
	if simd.AVX2 && i > 0 && len(x) > 0 {
		groupSumsAVX2(&sums[0], &x[0], &dy[0], &c.mean[0], hi-lo, i, cols)
	}
	for ; len(x) > 0 && i < cols; x, dy = x[cols:], dy[cols:] {
		for j := i; j < cols; j++ {
			sums[j] += dy[j]
			sums[cols+j] += dy[j] * (x[j] - c.mean[j])
		}
	}
}

func (c *groupCall) input(n, lo, hi int) {
	cols := c.C
	dx, x, dy := c.example(c.dst, n)[lo*cols:hi*cols], c.example(c.x, n)[lo*cols:hi*cols], c.example(c.dy, n)[lo*cols:hi*cols]
	mean, a, q, r := c.plane(n, 0, 4), c.plane(n, 1, 4), c.plane(n, 2, 4), c.plane(n, 3, 4)
	i := simd.Whole(cols, 8)
	if simd.AVX2 && i > 0 && len(x) > 0 {
		groupInputAVX2(&dx[0], &x[0], &dy[0], &mean[0], hi-lo, i, cols)
	}
	for ; len(x) > 0 && i < cols; dx, x, dy = dx[cols:], x[cols:], dy[cols:] {
		for j := i; j < cols; j++ {
			dx[j] = dy[j]*a[j] + ((x[j]-mean[j])*q[j] + r[j])
		}
	}
}
