package conv

// The assembly of this package: each function follows the Go function whose inner loop it
// computes, with that loop.

//go:noescape
func winogradInputAVX2(v *float32, xi, ld int, r0, r1, r2, r3 *float32, col, width, c, tiles int)

//go:noescape
func winogradOutputAVX2(y0, y1 *float32, c, pitch int, m *float32, xi, ld, tiles int, bias, a0, a1, factor *float32, floor float32)

//go:noescape
func winogradGradientAVX2(z *float32, xi, ld int, r0, r1 *float32, col, width, c, tiles int)

//go:noescape
func winogradFilterAVX2(u *float32, xi int, w *float32, tap, ld, rows int)

//go:noescape
func winogradFilterGradAVX2(dw *float32, tap, c int, d *float32, xi, ld, rows int)

// The columns are panels of sixteen and, if half is 1, one of eight; if pairs is 1 one of eight,
// if quarter is 1 one of four, else single ones, dots of them, as winogradTail packs them. bytes0
// bytes at ahead0 and bytes1 at ahead1 are fetched into the cache.
//
//go:noescape
func winogradProductsAVX2(m, v, u *float32, xi, ldm, ldv, panels, half, pairs, quarter, dots, depth, groups int,
	ahead0 *float32, bytes0 int, ahead1 *float32, bytes1 int)

// The rows of a panel of sixteen columns are sixes times six and fours times four;
// the panel of eight takes eights times eight rows.
//
//go:noescape
func winogradSumsAVX2(d, v, z *float32, xid, xiv, xiz, ldd, ldv, ldz, panels, sixes, fours, eights, tiles int, add bool,
	ahead0 *float32, bytes0 int, ahead1 *float32, bytes1 int)

// Tiles of 3, 5 and 7 pixels: depthwiseSum.tiles.
//
//go:noescape
func depthwise3AVX2(y *float32, ys int, x *float32, xs, xtap, xrow int, w *float32, wtap, wrow int, bias *float32,
	taps, rows, tiles int, floor float32, add bool)

//go:noescape
func depthwise5AVX2(y *float32, ys int, x *float32, xs, xtap, xrow int, w *float32, wtap, wrow int, bias *float32,
	taps, rows, tiles int, floor float32, add bool)

//go:noescape
func depthwise7AVX2(y *float32, ys int, x *float32, xs, xtap, xrow int, w *float32, wtap, wrow int, bias *float32,
	taps, rows, tiles int, floor float32, add bool)

//go:noescape
func depthwisePackAVX2(dst, x *float32, ld, pixels int)
