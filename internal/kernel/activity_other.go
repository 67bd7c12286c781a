//go:build !amd64

package kernel

// These are never called: useAVX2 is false.

func activityRowAVX2(x *float32, counts *int32, n int) (abs, square float32) { return 0, 0 }
func saturatedRowAVX2(x *float32, n int, beta float32) (sum float32)         { return 0 }
func signGradAVX2(dst, x, w *float32, n int, p, q float32)                   {}
func saturatedGradAVX2(dst, x, w *float32, n int, beta float32)              {}
