package kernel

import "math"

// SoftmaxXent returns the mean cross entropy of logits [n,k] against the class
// indices labels [n], which must lie in [0,k). With label smoothing eps the
// target is (1-eps) on the label plus eps/k on every class.
func SoftmaxXent(logits, labels []float32, n, k int, eps float32) float32 {
	if n == 0 {
		return 0
	}
	j := newJob()
	j.a, j.b, j.cols, j.eps = logits[:n*k], labels[:n], k, eps
	j.part = grow(j.part, n)
	j.each(n, max(1, softmaxChunk/max(k, 1)), func(j *job, lo, hi, _ int) {
		e := float64(j.eps)
		for r := lo; r < hi; r++ {
			x := j.a[r*j.cols : (r+1)*j.cols]
			m := rowMax(x)
			lse := math.Log(rowExp(nil, x, m)) // of x - m
			loss := lse + (float64(m) - float64(x[int(j.b[r])]))
			if e != 0 {
				loss = (1-e)*loss + e*(lse-rowSum(x, m)/float64(j.cols))
			}
			j.part[r] = loss
		}
	})
	sum := 0.0
	for _, v := range j.part {
		sum += v
	}
	j.release()
	return float32(sum / float64(n))
}

// SoftmaxXentBackward computes dx = scale·(softmax(logits) - target)/n. A label
// that is no class has no part in the target.
func SoftmaxXentBackward(dx, logits, labels []float32, n, k int, eps, scale float32) {
	j := newJob()
	j.dst, j.a, j.b, j.cols, j.eps = dx[:n*k], logits[:n*k], labels[:n], k, eps
	j.s = scale
	j.each(n, max(1, softmaxChunk/max(k, 1)), func(j *job, lo, hi, _ int) {
		k, e := j.cols, float64(j.eps)
		f := float64(j.s) / float64(len(j.b))
		for r := lo; r < hi; r++ {
			x, d := j.a[r*k:(r+1)*k], j.dst[r*k:(r+1)*k]
			m := rowMax(x)
			a := f / rowExp(d, x, m)
			label, at := 0, 0.0
			known := j.b[r] >= 0 && j.b[r] < float32(k) // what int makes of a NaN differs between processors
			if known {
				label = int(j.b[r])
				// This entry cancels, so it is worked out in float64.
				at = float64(d[label])*a - f*(1-e+e/float64(k))
			}
			rowAffine(d, d, float32(a), float32(-f*e/float64(k)))
			if known {
				d[label] = float32(at)
			}
		}
	})
	j.release()
}
