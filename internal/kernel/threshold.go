package kernel

// Threshold computes dst = x where x ≥ tau, else 0; tau ≥ 0. NaN stays NaN, and
// with tau 0 it is a ReLU. dst may be x.
func Threshold(dst, x []float32, tau float32) {
	j := newJob()
	j.dst, j.a, j.s = dst, x[:len(dst)], tau
	j.flat(func(j *job, lo, hi, _ int) { thresholdSlice(j.dst[lo:hi], j.a[lo:hi], j.s) })
}

func thresholdSlice(dst, x []float32, tau float32) {
	x = x[:len(dst)]
	i := 0
	if useAVX2 && len(dst) >= 8 {
		i = len(dst) &^ 7
		thresholdAVX2(&dst[0], &x[0], i, tau)
	}
	for ; i < len(dst); i++ {
		v := x[i]
		if v < tau {
			v = 0
		}
		dst[i] = v
	}
}
