package kernel

// SoftThreshold replaces every value by sign(w)·max(|w|−cut, 0)·shrink: the
// proximal map of L1, and with shrink below 1 that of an elastic net. Zeros are
// exactly +0; NaN stays.
func SoftThreshold(w []float32, cut, shrink float32) {
	j := newJob()
	j.dst, j.s, j.eps = w, cut, shrink
	j.flat(func(j *job, lo, hi, _ int) { softSlice(j.dst[lo:hi], j.s, j.eps) })
}

// SoftThresholdMetric is SoftThreshold in the diagonal metric d > 0, one value
// for each of w: sign(w)·max(|w|−cut/d, 0)/(1+ridge/d).
func SoftThresholdMetric(w, d []float32, cut, ridge float32) {
	j := newJob()
	j.dst, j.a, j.s, j.eps = w, d[:len(w)], cut, ridge
	j.flat(func(j *job, lo, hi, _ int) { softMetricSlice(j.dst[lo:hi], j.a[lo:hi], j.s, j.eps) })
}

func softSlice(w []float32, cut, shrink float32) {
	i := 0
	if useAVX2 && len(w) >= 8 {
		i = len(w) &^ 7
		softAVX2(&w[0], i, cut, shrink)
	}
	for ; i < len(w); i++ {
		w[i] = soft(w[i], cut) * shrink
	}
}

func softMetricSlice(w, d []float32, cut, ridge float32) {
	i := 0
	if useAVX2 && len(w) >= 8 {
		i = len(w) &^ 7
		softMetricAVX2(&w[0], &d[0], i, cut, ridge)
	}
	for ; i < len(w); i++ {
		w[i] = softMetric(w[i], d[i], cut, ridge)
	}
}

// soft is sign(v)·max(|v|−t, 0), with +0 for both zeros, and NaN when either is.
func soft(v, t float32) float32 {
	switch {
	case v > t:
		return v - t
	case v < -t:
		return v + t
	case v != v:
		return v
	case t != t:
		return t
	}
	return 0
}

func softMetric(v, d, cut, ridge float32) float32 {
	v = soft(v, cut/d)
	if ridge > 0 {
		v /= 1 + ridge/d
	}
	return v
}
