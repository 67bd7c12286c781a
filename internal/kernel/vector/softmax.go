package vector

import (
	"math"
	"unsafe"

	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// sumRun is the number of values of a row that are summed in float32; sums of
// longer rows run in float64.
const sumRun = 1024

// runs returns the sum of f over runs of a row of n values.
func runs(n int, f func(lo, hi int) float64) float64 {
	sum := 0.0
	for lo := 0; lo < n; lo += sumRun {
		sum += f(lo, min(lo+sumRun, n))
	}
	return sum
}

// rowMax returns the maximum of x without its NaN, -Inf if nothing else is in x.
func rowMax(x []float32) float32 {
	if simd.AVX2 && len(x) > 0 {
		return rowMaxAVX2(&x[0], len(x))
	}
	m := float32(math.Inf(-1))
	for _, v := range x {
		if v > m {
			m = v
		}
	}
	return m
}

// rowExp computes dst = e^(x-m) for m >= x and returns the sum; dst nil asks for
// the sum alone.
func rowExp(dst, x []float32, m float32) float64 {
	return runs(len(x), func(lo, hi int) float64 {
		var d []float32
		if dst != nil {
			d = dst[lo:hi]
		}
		if simd.AVX2 {
			return rowExpAVX2(unsafe.SliceData(d), &x[lo], hi-lo, m)
		}
		sum := 0.0
		for i, v := range x[lo:hi] {
			e := expNeg(v - m)
			sum += float64(e)
			if d != nil {
				d[i] = e
			}
		}
		return sum
	})
}

// RowSum returns Σ (x - shift).
func RowSum(x []float32, shift float32) float64 {
	return runs(len(x), func(lo, hi int) (sum float64) {
		if simd.AVX2 {
			return rowSumAVX2(&x[lo], hi-lo, shift)
		}
		for _, v := range x[lo:hi] {
			sum += float64(v - shift)
		}
		return sum
	})
}

// RowSquares returns Σ (x - shift)².
func RowSquares(x []float32, shift float32) float64 {
	return runs(len(x), func(lo, hi int) (sum float64) {
		if simd.AVX2 {
			return rowSquaresAVX2(&x[lo], hi-lo, shift)
		}
		for _, v := range x[lo:hi] {
			sum += float64((v - shift) * (v - shift))
		}
		return sum
	})
}

// SoftmaxRows replaces the first n + r·step values of every row r, ld apart, by
// their softmax and sets the values after them to 0 up to a multiple of eight, which
// ld is as well. Rows with NaN or +Inf, or of -Inf alone, become NaN, and the values
// after them may. It runs on the calling goroutine.
func SoftmaxRows(x []float32, rows, ld, n, step int) {
	_ = x[(rows-1)*ld+n+(rows-1)*step-1]
	if simd.AVX2 {
		softmaxRowsAVX2(&x[0], rows, ld, n, step)
		return
	}
	for r := range rows {
		row, past := rowAndPast(x[r*ld:], n+r*step)
		sum := float32(0)
		m := rowMax(row)
		for j, v := range row {
			row[j] = expNeg(v - m)
			sum += row[j]
		}
		for j := range row {
			row[j] *= 1 / sum
		}
		clear(past)
	}
}

// SoftmaxGradRows replaces dp, the gradient with respect to the rows p that
// SoftmaxRows made, by the gradient with respect to its input: p·(dp - Σ p·dp).
// Values that a row does not see are not read, and are 0 afterwards up to a multiple
// of eight.
func SoftmaxGradRows(dp, p []float32, rows, ld, n, step int) {
	last := (rows-1)*ld + n + (rows-1)*step - 1
	_, _ = dp[last], p[last]
	if simd.AVX2 {
		softmaxGradRowsAVX2(&dp[0], &p[0], rows, ld, n, step)
		return
	}
	for r := range rows {
		row, past := rowAndPast(dp[r*ld:], n+r*step)
		prob, sum := p[r*ld:], float32(0)
		for j, v := range row {
			sum += prob[j] * v
		}
		for j, v := range row {
			row[j] = prob[j] * (v - sum)
		}
		clear(past)
	}
}

// rowAndPast returns n values and those after them up to a multiple of eight.
func rowAndPast(x []float32, n int) (row, past []float32) { return x[:n], x[n : (n+7)&^7] }

// entropyChunk is the number of logits per task.
const entropyChunk = 16 << 10

// entropy is a cross-entropy of logits [n,k] against labels [n].
type entropy struct {
	dx, logits, labels []float32
	k                  int
	eps, scale         float32
	loss               []float64 // of each row
}

var entropies parallel.Loop[entropy]

func (e *entropy) run(body func(e *entropy, lo, hi, task int)) {
	entropies.Do(len(e.labels), max(1, entropyChunk/max(e.k, 1)), *e, body)
}

// CrossEntropy returns the mean cross-entropy of the softmax of logits [n,k] against
// the class indices labels [n], which must lie in [0,k). With label smoothing eps
// the target is (1-eps) on the label plus eps/k on every class.
func CrossEntropy(logits, labels []float32, n, k int, eps float32) float32 {
	if n == 0 {
		return 0
	}
	loss := Float64s.Get(n)
	e := entropy{logits: logits[:n*k], labels: labels[:n], k: k, eps: eps, loss: *loss}
	e.run(func(x *entropy, lo, hi, _ int) {
		e := float64(x.eps)
		for r := lo; r < hi; r++ {
			row := x.logits[r*x.k : (r+1)*x.k]
			m := rowMax(row)
			lse := math.Log(rowExp(nil, row, m)) // of row - m
			loss := lse + (float64(m) - float64(row[int(x.labels[r])]))
			if e != 0 {
				loss = (1-e)*loss + e*(lse-RowSum(row, m)/float64(x.k))
			}
			x.loss[r] = loss
		}
	})
	sum := 0.0
	for _, v := range *loss {
		sum += v
	}
	Float64s.Put(loss)
	return float32(sum / float64(n))
}

// CrossEntropyBackward computes dx = scale·(softmax(logits) - target)/n. A label that is
// not a class adds nothing to the target.
func CrossEntropyBackward(dx, logits, labels []float32, n, k int, eps, scale float32) {
	e := entropy{dx: dx[:n*k], logits: logits[:n*k], labels: labels[:n], k: k, eps: eps, scale: scale}
	e.run(func(x *entropy, lo, hi, _ int) {
		k, e := x.k, float64(x.eps)
		f := float64(x.scale) / float64(len(x.labels))
		for r := lo; r < hi; r++ {
			row, d := x.logits[r*k:(r+1)*k], x.dx[r*k:(r+1)*k]
			m := rowMax(row)
			a := f / rowExp(d, row, m)
			label, at := 0, 0.0
			known := x.labels[r] >= 0 && x.labels[r] < float32(k) // int of a NaN differs between processors
			if known {
				label = int(x.labels[r])
				// This entry cancels, so it is worked out in float64.
				at = float64(d[label])*a - f*(1-e+e/float64(k))
			}
			affineSlice(d, d, float32(a), float32(-f*e/float64(k)))
			if known {
				d[label] = float32(at)
			}
		}
	})
}
