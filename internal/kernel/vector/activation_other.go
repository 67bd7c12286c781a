//go:build !amd64

package vector

// The activation functions have no assembly here: nobody calls these.
var (
	tanhAVX2, sigmoidAVX2, geluAVX2, siluAVX2, eluAVX2, softplusAVX2, mishAVX2, geluTanhAVX2, hardSwishAVX2 func(dst, x *float32, n int)

	tanhGradAVX2, sigmoidGradAVX2, geluGradAVX2, siluGradAVX2, eluGradAVX2, softplusGradAVX2,
	mishGradAVX2, geluTanhGradAVX2, hardSwishGradAVX2 func(dx, v, dy *float32, n int)
)
