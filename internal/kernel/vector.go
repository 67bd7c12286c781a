package kernel

// The functions of this file are the inner loops of the memory-bound kernels.
// On AVX2 the first multiple of eight elements is done in assembly, the rest
// here.

// addSlice computes dst[i] = a[i] + b[i].
func addSlice(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	i := 0
	if useAVX2 && len(dst) >= 8 {
		i = len(dst) &^ 7
		addAVX2(&dst[0], &a[0], &b[0], i)
	}
	for ; i < len(dst); i++ {
		dst[i] = a[i] + b[i]
	}
}

// mulSlice computes dst[i] = a[i] · b[i].
func mulSlice(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	i := 0
	if useAVX2 && len(dst) >= 8 {
		i = len(dst) &^ 7
		mulAVX2(&dst[0], &a[0], &b[0], i)
	}
	for ; i < len(dst); i++ {
		dst[i] = a[i] * b[i]
	}
}

// scaleSlice computes dst[i] = a[i] · s.
func scaleSlice(dst, a []float32, s float32) {
	a = a[:len(dst)]
	i := 0
	if useAVX2 && len(dst) >= 8 {
		i = len(dst) &^ 7
		scaleAVX2(&dst[0], &a[0], i, s)
	}
	for ; i < len(dst); i++ {
		dst[i] = a[i] * s
	}
}

// reluSlice computes dst[i] = max(x[i], 0) and keeps NaN.
func reluSlice(dst, x []float32) {
	x = x[:len(dst)]
	i := 0
	if useAVX2 && len(dst) >= 8 {
		i = len(dst) &^ 7
		reluAVX2(&dst[0], &x[0], i)
	}
	for ; i < len(dst); i++ {
		v := x[i]
		if v <= 0 {
			v = 0
		}
		dst[i] = v
	}
}

// reluGradSlice computes dst[i] = dy[i] where y[i] > 0, else 0.
func reluGradSlice(dst, y, dy []float32) {
	y, dy = y[:len(dst)], dy[:len(dst)]
	i := 0
	if useAVX2 && len(dst) >= 8 {
		i = len(dst) &^ 7
		reluGradAVX2(&dst[0], &y[0], &dy[0], i)
	}
	for ; i < len(dst); i++ {
		v := float32(0)
		if y[i] > 0 {
			v = dy[i]
		}
		dst[i] = v
	}
}

// fmaRows computes dst[r·ds+j] += x[r·xs+j]·w[j] for j in [0,n).
func fmaRows(dst, x, w []float32, rows, n, ds, xs int) {
	w = w[:n]
	i := 0
	if useAVX2 && n >= 8 && rows > 0 {
		i = n &^ 7
		fmaRowsAVX2(&dst[0], &x[0], &w[0], rows, i, ds, xs)
	}
	if i == n {
		return
	}
	for r := range rows {
		d, v := dst[r*ds:][:n], x[r*xs:][:n]
		for j := i; j < n; j++ {
			d[j] += w[j] * v[j]
		}
	}
}

// dotRows computes dst[j] += Σ_r x[r·xs+j]·y[r·ys+j] for j in [0,n).
func dotRows(dst, x, y []float32, rows, n, xs, ys int) {
	dst = dst[:n]
	i := 0
	if useAVX2 && n >= 8 && rows > 0 {
		i = n &^ 7
		dotRowsAVX2(&dst[0], &x[0], &y[0], rows, i, xs, ys)
	}
	if i == n {
		return
	}
	for r := range rows {
		v, u := x[r*xs:][:n], y[r*ys:][:n]
		for j := i; j < n; j++ {
			dst[j] += u[j] * v[j]
		}
	}
}

// sumRows computes dst[j] += Σ_r (x[r·ld+j] - shift[j]) for j in [0,n).
func sumRows(dst, x, shift []float32, rows, n, ld int) {
	dst, shift = dst[:n], shift[:n]
	i := 0
	if useAVX2 && n >= 8 && rows > 0 {
		i = n &^ 7
		sumRowsAVX2(&dst[0], &x[0], &shift[0], rows, i, ld)
	}
	if i == n {
		return
	}
	for r := range rows {
		v := x[r*ld:][:n]
		for j := i; j < n; j++ {
			dst[j] += v[j] - shift[j]
		}
	}
}
