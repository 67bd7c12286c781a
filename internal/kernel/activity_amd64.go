package kernel

// n is a positive multiple of eight.

//go:noescape
func activityRowAVX2(x *float32, counts *int32, n int) (abs, square float32)

//go:noescape
func saturatedRowAVX2(x *float32, n int, beta float32) (sum float32)

//go:noescape
func signGradAVX2(dst, x, w *float32, n int, p, q float32)

//go:noescape
func saturatedGradAVX2(dst, x, w *float32, n int, beta float32)
