package norm

// The assembly of this package, each function with the loop that it equals. Products
// that are added are fused unless a comment says otherwise. rows is positive, and ld
// is the distance of rows in values.

// for r := range rows { for i := range n { d := x[r*ld+i] - shift[i]; sums[i] += d;
// sums[ld+i] += d * d } }, in blocks of rows; n is a positive multiple of
// momentsWidth.
//
//go:noescape
func momentsAVX2(sums, x, shift *float32, rows, block, n, ld int)

// for r := range rows { for i := range n { d := x[r*ld+i] - shift[i]; sum[i] += d;
// square[i] += d * d } }; n is a positive multiple of eight.
//
//go:noescape
func momentRowsAVX2(sum, square, x, shift *float32, rows, n, ld int)

// In the next three n is a positive multiple of batchWidth, and ld is also the
// distance of the planes of coef and of sums. Products are rounded before they are
// added where z is computed, as (*batchCall).z does.

// (*batchCall).forward: y[i] = max(z, floor)
//
//go:noescape
func batchForwardAVX2(y, x, skip, coef *float32, floor float32, rows, block, n, ld int)

// (*batchCall).sums
//
//go:noescape
func batchSumsAVX2(sums, x, skip, dy, coef *float32, mode, rows, block, n, ld int)

// (*batchCall).input
//
//go:noescape
func batchInputAVX2(dx, dskip, x, skip, dy, coef *float32, mode, rows, block, n, ld int)

// In the next three n is a positive multiple of eight, and the planes of coef are ld apart:
// mean, a, b, or mean, a, q, r.

// for r := range rows { for i := range n { y[r*ld+i] = (x[r*ld+i] - mean[i]) * a[i] + b[i] } }
//
//go:noescape
func groupForwardAVX2(y, x, coef *float32, rows, n, ld int)

// for r := range rows { for i := range n { sums[i] += dy[r*ld+i]; sums[ld+i] += dy[r*ld+i] *
// (x[r*ld+i] - mean[i]) } }
//
//go:noescape
func groupSumsAVX2(sums, x, dy, mean *float32, rows, n, ld int)

// for r := range rows { for i := range n { dx[r*ld+i] = dy[r*ld+i] * a[i] + ((x[r*ld+i] -
// mean[i]) * q[i] + r[i]) } }
//
//go:noescape
func groupInputAVX2(dx, x, dy, coef *float32, rows, n, ld int)

// In the last three n is a positive multiple of eight.

// for i := range n { y[i] = (x[i] - m) * s * gamma[i] + beta[i] }
//
//go:noescape
func normalizeRowAVX2(y, x, gamma, beta *float32, n int, m, s float32)

// for i := range n { g := dy[i] * gamma[i]; p += g; q += g * (x[i] - m) }
//
//go:noescape
func layerSumsAVX2(x, gamma, dy *float32, n int, m float32) (p, q float64)

// for i := range n { v := x[i] - m; dgamma[i] += dy[i] * v * s; dbeta[i] += dy[i];
// dx[i] = dy[i] * gamma[i] * s - p - v * q }; nil slices are left out.
//
//go:noescape
func layerRowAVX2(dx, dgamma, dbeta, x, gamma, dy *float32, n int, m, s, p, q float32)
