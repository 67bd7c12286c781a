//go:build !amd64

package kernel

// These are never called: useAVX2 is false.

func expAVX2(dst, x *float32, n int)                     {}
func tanhAVX2(dst, x *float32, n int)                    {}
func sigmoidAVX2(dst, x *float32, n int)                 {}
func geluAVX2(dst, x *float32, n int)                    {}
func siluAVX2(dst, x *float32, n int)                    {}
func eluAVX2(dst, x *float32, n int)                     {}
func softplusAVX2(dst, x *float32, n int)                {}
func tanhGradAVX2(dx, y, dy *float32, n int)             {}
func sigmoidGradAVX2(dx, y, dy *float32, n int)          {}
func geluGradAVX2(dx, x, dy *float32, n int)             {}
func siluGradAVX2(dx, x, dy *float32, n int)             {}
func eluGradAVX2(dx, y, dy *float32, n int)              {}
func softplusGradAVX2(dx, y, dy *float32, n int)         {}
func leakyAVX2(dst, x, v *float32, n int, slope float32) {}
