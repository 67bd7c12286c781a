package linear

import "pare/internal/kernel"

// Design is a matrix whose columns are features. Dense, Sparse and Interactions
// implement it; another implementation works through these three methods.
// Methods may be called from several goroutines at once.
type Design interface {
	// Dims returns how many observations and features there are.
	Dims() (n, p int)
	// Dot returns xⱼᵀv; v has length n.
	Dot(j int, v []float64) float64
	// AddTo adds a·xⱼ to v.
	AddTo(v []float64, j int, a float64)
}

// bulk is what a design does with many columns at once.
type bulk interface {
	Design
	// moments sets the means Σ vᵢxᵢⱼ and variances Σ vᵢ(xᵢⱼ−mean)² of all columns;
	// v sums to one. A variance that is rounding is zero.
	moments(v, mean, variance []float64, threads int)
	// dots sets out[j] = xⱼᵀu where need[j].
	dots(u []float64, need []bool, out []float64, threads int)
	// column writes column j to dst.
	column(j int, dst []float64)
}

func asBulk(d Design) bulk {
	if b, ok := d.(bulk); ok {
		return b
	}
	return plain{d}
}

// inRanges calls f for the ranges of size items, the last one of fewer, that n items make.
// They must not depend on each other: the order and the goroutines are open.
func inRanges(n, size, threads int, f func(from, to int)) {
	kernel.ParallelOf(threads, (n+size-1)/size, func(k int) { f(size*k, min(n, size*(k+1))) })
}

// sharing is the number of threads for work that pays for a second one from least on.
func sharing(threads, work, least int) int {
	if work < least {
		return 1
	}
	return threads
}

// plain is a bulk of any design.
type plain struct{ Design }

func (d plain) column(j int, dst []float64) {
	clear(dst)
	d.AddTo(dst, j, 1)
}

func (d plain) moments(v, mean, variance []float64, threads int) {
	n, p := d.Dims()
	inRanges(p, 64, threads, func(from, to int) {
		x := make([]float64, n)
		for j := from; j < to; j++ {
			d.column(j, x)
			mean[j], variance[j] = momentsOf(x, v)
		}
	})
}

func (d plain) dots(u []float64, need []bool, out []float64, threads int) {
	inRanges(len(need), 64, threads, func(from, to int) {
		for j := from; j < to; j++ {
			if need[j] {
				out[j] = d.Dot(j, u)
			}
		}
	})
}

// rounding bounds the variance of a constant column of which the mean of squares
// is one.
const rounding = 1e-26

// momentsOf returns mean and variance of x with weights v.
func momentsOf(x, v []float64) (mean, variance float64) {
	first, square := x[0], 0.0
	for i, w := range v {
		mean += w * (x[i] - first)
	}
	shift := mean
	mean += first
	for i, w := range v {
		d := x[i] - first - shift
		variance += w * d * d
		square += w * x[i] * x[i]
	}
	if variance <= rounding*square {
		variance = 0
	}
	return mean, variance
}
