package pooling

// The assembly of this package, each function with the loop that it equals. All of
// these go over n windows of kh·kw positions of c channels, where window i begins at
// x[i*step], and dx likewise; ld is the distance of rows in x. y and dy are contiguous.
// With c < 8 they read and write eight channels at a position. For each window i,
// h < kh, k < kw and channel j, with p = i*step + h*ld + k*c + j and o = i*c + j:

// y[o] = max over h and k of x[p], NaN if one is
//
//go:noescape
func maxAVX2(y, x *float32, n, c, step, ld, kh, kw int)

// maxAVX2 with kh = kw = 2, for rows of windows that begin rowStep values apart in x; c is at
// least eight or rows is one
//
//go:noescape
func maxSquareAVX2(y, x *float32, n, c, step, ld, rows, rowStep int)

// maxOfThree; width is at least eight. dst may be a if width is a multiple of eight.
//
//go:noescape
func maxOfThreeAVX2(dst, a, b, c *float32, n, width, step int) (nan bool)

// y[o] = f * Σ over h and k of x[p]
//
//go:noescape
func meanAVX2(y, x *float32, n, c, step, ld, kh, kw int, f float32)

// dx[p] = dy[o] at the first p where x[p] == y[o] or, if y[o] is NaN, at the last NaN,
// else 0; windows must not overlap.
//
//go:noescape
func maxGradAVX2(dx, x, y, dy *float32, n, c, step, ld, kh, kw int)

// dx[p] += dy[o] at that p; c must not be less than eight.
//
//go:noescape
func maxGradAddAVX2(dx, x, y, dy *float32, n, c, step, ld, kh, kw int)

// dx[p] = f * dy[o]; windows must not overlap.
//
//go:noescape
func meanGradAVX2(dx, dy *float32, n, c, step, ld, kh, kw int, f float32)

// dx[p] += f * dy[o]; c must not be less than eight.
//
//go:noescape
func meanGradAddAVX2(dx, dy *float32, n, c, step, ld, kh, kw int, f float32)
