package kernel

// addSlice computes dst[i] = a[i] + b[i].
func addSlice(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

// fmaRows computes dst[r·ds+j] += x[r·xs+j]·w[j] for j in [0,n).
func fmaRows(dst, x, w []float32, rows, n, ds, xs int) {
	w = w[:n]
	for r := range rows {
		d, v := dst[r*ds:][:n], x[r*xs:][:n]
		for j, u := range w {
			d[j] += u * v[j]
		}
	}
}

// dotRows computes dst[j] += Σ_r x[r·xs+j]·y[r·ys+j] for j in [0,n).
func dotRows(dst, x, y []float32, rows, n, xs, ys int) {
	dst = dst[:n]
	for r := range rows {
		v, u := x[r*xs:][:n], y[r*ys:][:n]
		for j := range dst {
			dst[j] += u[j] * v[j]
		}
	}
}
