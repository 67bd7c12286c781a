package kernel

// softmaxChunk is the number of values per task.
const softmaxChunk = 16 << 10

// Softmax computes the softmax of every row of x [rows,k]. A row with NaN or
// +Inf, or of -Inf alone, becomes NaN. dst may be x.
func Softmax(dst, x []float32, rows, k int) { softmax(dst, x, rows, k, false) }

// SoftmaxCausal computes the softmax of the rows of any number of score
// matrices [t,t] that stand below each other in x [rows,t], where row i of a
// matrix sees its columns 0 to i only; the rest of dst becomes zero. dst may be
// x.
func SoftmaxCausal(dst, x []float32, rows, t int) { softmax(dst, x, rows, t, true) }

func softmax(dst, x []float32, rows, k int, causal bool) {
	j := newJob()
	j.dst, j.a, j.cols, j.flag = dst[:rows*k], x[:rows*k], k, causal
	j.each(rows, max(1, softmaxChunk/max(k, 1)), func(j *job, lo, hi, _ int) {
		for r := lo; r < hi; r++ {
			n := j.seen(r)
			x, d := j.a[r*j.cols:][:n], j.dst[r*j.cols:][:j.cols]
			clear(d[n:])
			sum := rowExp(d[:n], x, rowMax(x))
			scaleSlice(d[:n], d[:n], float32(1/sum))
		}
	})
	j.release()
}

// seen returns how many columns row r of a softmax sees.
func (j *job) seen(r int) int {
	if j.flag {
		return r%j.cols + 1
	}
	return j.cols
}

// SoftmaxBackward computes dx = y·(dy - Σ y·dy) for the rows of the output y
// [rows,k]. dx may be dy.
func SoftmaxBackward(dx, y, dy []float32, rows, k int) { softmaxBackward(dx, y, dy, rows, k, false) }

// SoftmaxCausalBackward is SoftmaxBackward for SoftmaxCausal: it reads neither
// y nor dy beyond what a row sees, where dx is zero.
func SoftmaxCausalBackward(dx, y, dy []float32, rows, t int) {
	softmaxBackward(dx, y, dy, rows, t, true)
}

func softmaxBackward(dx, y, dy []float32, rows, k int, causal bool) {
	j := newJob()
	j.dst, j.a, j.b, j.cols, j.flag = dx[:rows*k], y[:rows*k], dy[:rows*k], k, causal
	j.each(rows, max(1, softmaxChunk/max(k, 1)), func(j *job, lo, hi, _ int) {
		for r := lo; r < hi; r++ {
			n := j.seen(r)
			y, dy, d := j.a[r*j.cols:][:n], j.b[r*j.cols:][:n], j.dst[r*j.cols:][:j.cols]
			clear(d[n:])
			rowMulShift(d[:n], y, dy, float32(rowDot(y, dy)))
		}
	})
	j.release()
}
