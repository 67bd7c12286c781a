//go:build !amd64

package kernel

// These are never called: useAVX2 is false.

func sgdAVX2(k *SGD, x, grad, v, frozen *float32, n int)       {}
func adamAVX2(k *Adam, x, grad, m, v, frozen *float32, n int)  {}
func adamMetricAVX2(dst, v *float32, n int, root, eps float32) {}
func softAVX2(w *float32, n int, cut, shrink float32)          {}
func softMetricAVX2(w, d *float32, n int, cut, ridge float32)  {}
