package kernel

// n is a positive multiple of eight in all of these.

//go:noescape
func sgdAVX2(k *SGD, x, grad, v, frozen *float32, n int)

//go:noescape
func adamAVX2(k *Adam, x, grad, m, v, frozen *float32, n int)

//go:noescape
func adamMetricAVX2(dst, v *float32, n int, root, eps float32)

//go:noescape
func softAVX2(w *float32, n int, cut, shrink float32)

//go:noescape
func softMetricAVX2(w, d *float32, n int, cut, ridge float32)
