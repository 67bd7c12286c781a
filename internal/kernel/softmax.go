package kernel

import "math"

// softmaxStep is the number of rows per task.
func softmaxStep(k int) int { return max(1, 4096/max(k, 1)) }

// logSum returns the maximum m of x and Σ exp(x-m).
func logSum(x []float32) (m, sum float64) {
	m = math.Inf(-1)
	for _, v := range x {
		if float64(v) > m || v != v {
			m = float64(v)
		}
	}
	for _, v := range x {
		sum += math.Exp(float64(v) - m)
	}
	return m, sum
}

// Softmax computes the softmax of every row of x [n,k].
func Softmax(dst, x []float32, n, k int) {
	j := newJob()
	j.dst, j.a, j.cols = dst[:n*k], x[:n*k], k
	j.each(n, softmaxStep(k), func(j *job, lo, hi, _ int) {
		for r := lo; r < hi; r++ {
			x, d := j.a[r*j.cols:(r+1)*j.cols], j.dst[r*j.cols:(r+1)*j.cols]
			m, sum := logSum(x)
			for i, v := range x {
				d[i] = float32(math.Exp(float64(v)-m) / sum)
			}
		}
	})
	j.release()
}

// SoftmaxXent returns the mean cross entropy of logits [n,k] against the class
// indices labels [n]. With label smoothing eps the target is (1-eps) on the
// label plus eps/k on every class.
func SoftmaxXent(logits, labels []float32, n, k int, eps float32) float32 {
	if n == 0 {
		return 0
	}
	j := newJob()
	j.a, j.b, j.cols, j.eps = logits[:n*k], labels[:n], k, eps
	j.part = grow(j.part, n)
	j.each(n, softmaxStep(k), func(j *job, lo, hi, _ int) {
		for r := lo; r < hi; r++ {
			x := j.a[r*j.cols : (r+1)*j.cols]
			m, sum := logSum(x)
			lse := m + math.Log(sum)
			loss := lse - float64(x[int(j.b[r])])
			if j.eps != 0 {
				mean := 0.0
				for _, v := range x {
					mean += lse - float64(v)
				}
				e := float64(j.eps)
				loss = (1-e)*loss + e*mean/float64(j.cols)
			}
			j.part[r] = loss
		}
	})
	total := 0.0
	for _, v := range j.part {
		total += v
	}
	j.release()
	return float32(total / float64(n))
}

// SoftmaxXentBackward computes dx = (softmax(logits) - target)·scale/n.
func SoftmaxXentBackward(dx, logits, labels []float32, n, k int, eps, scale float32) {
	j := newJob()
	j.dst, j.a, j.b, j.cols, j.eps = dx[:n*k], logits[:n*k], labels[:n], k, eps
	j.s = scale
	j.each(n, softmaxStep(k), func(j *job, lo, hi, _ int) {
		k, e := j.cols, float64(j.eps)
		f := float64(j.s) / float64(len(j.b))
		for r := lo; r < hi; r++ {
			x, d := j.a[r*k:(r+1)*k], j.dst[r*k:(r+1)*k]
			m, sum := logSum(x)
			label := int(j.b[r])
			for i, v := range x {
				t := e / float64(k)
				if i == label {
					t += 1 - e
				}
				d[i] = float32((math.Exp(float64(v)-m)/sum - t) * f)
			}
		}
	})
	j.release()
}
