package kernel

// All of these go over n windows of kh·kw positions of c channels. step is the
// distance of windows in x and ld that of rows, in elements; y and dy are
// contiguous. With c < 8 they read and write eight channels at a position.

//go:noescape
func maxPoolAVX2(y, x *float32, n, c, step, ld, kh, kw int)

//go:noescape
func avgPoolAVX2(y, x *float32, n, c, step, ld, kh, kw int, f float32)

// maxPoolGradAVX2 overwrites dx at the windows, which must not overlap.
//
//go:noescape
func maxPoolGradAVX2(dx, x, y, dy *float32, n, c, step, ld, kh, kw int)

// maxPoolGradAddAVX2 adds to dx; c must not be less than eight.
//
//go:noescape
func maxPoolGradAddAVX2(dx, x, y, dy *float32, n, c, step, ld, kh, kw int)

// avgPoolGradAVX2 overwrites dx at the windows, which must not overlap, with
// f·dy.
//
//go:noescape
func avgPoolGradAVX2(dx, dy *float32, n, c, step, ld, kh, kw int, f float32)

// avgPoolGradAddAVX2 adds to dx; c must not be less than eight.
//
//go:noescape
func avgPoolGradAddAVX2(dx, dy *float32, n, c, step, ld, kh, kw int, f float32)
