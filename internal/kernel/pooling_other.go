//go:build !amd64

package kernel

// These are never called: useAVX2 is false.

func maxPoolAVX2(y, x *float32, n, c, step, ld, kh, kw int)                     {}
func avgPoolAVX2(y, x *float32, n, c, step, ld, kh, kw int, f float32)          {}
func maxPoolGradAVX2(dx, x, y, dy *float32, n, c, step, ld, kh, kw int)         {}
func maxPoolGradAddAVX2(dx, x, y, dy *float32, n, c, step, ld, kh, kw int)      {}
func avgPoolGradAVX2(dx, dy *float32, n, c, step, ld, kh, kw int, f float32)    {}
func avgPoolGradAddAVX2(dx, dy *float32, n, c, step, ld, kh, kw int, f float32) {}
