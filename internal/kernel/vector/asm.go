package vector

// The assembly of this package, each function with the loop that it equals. Sums run
// in eight or more parallel parts; FMA means that product and sum are rounded once.
// Unless a comment says otherwise n is a positive multiple of eight, rows is
// positive, and ld, ds, xs, ys, ldd and lds are distances of rows in values.

// for i := range n { dst[i] = a[i] + b[i] }
//
//go:noescape
func addAVX2(dst, a, b *float32, n int)

// for i := range n { dst[i] = a[i] * b[i] }
//
//go:noescape
func mulAVX2(dst, a, b *float32, n int)

// for i := range n { dst[i] = a[i] * s }
//
//go:noescape
func scaleAVX2(dst, a *float32, n int, s float32)

// for i := range n { dst[i] = a[i]*s + t }, with FMA
//
//go:noescape
func affineAVX2(dst, a *float32, n int, s, t float32)

// for i := range n { dst[i] = max(x[i], 0) }
//
//go:noescape
func reluAVX2(dst, x *float32, n int)

// for i := range n { if dst[i] = 0; y[i] > 0 { dst[i] = dy[i] } }
//
//go:noescape
func reluGradAVX2(dst, y, dy *float32, n int)

// for i := range n { if dst[i] = v[i]; x[i] <= 0 { dst[i] *= slope } }, any n > 0
//
//go:noescape
func leakyAVX2(dst, x, v *float32, n int, slope float32)

// for i := range n { dst[i] = min(max(x[i]+shift, lo), hi) * scale }, any n > 0
//
//go:noescape
func clipAVX2(dst, x *float32, n int, shift, lo, hi, scale float32)

// for i := range n { if dst[i] = dy[i] * scale; y[i] <= lo || y[i] >= hi { dst[i] = 0 } }, any
// n > 0
//
//go:noescape
func clipGradAVX2(dst, y, dy *float32, n int, lo, hi, scale float32)

// for r := range rows { for i := range n { if dst[r*ld+i] = v[r*ld+i]; x[r*ld+i] <= 0 {
// dst[r*ld+i] *= slopes[i] } } }
//
//go:noescape
func preluAVX2(dst, x, v, slopes *float32, rows, n, ld int)

// for i := range n { if dst[i] = x[i]; x[i] < tau { dst[i] = 0 } }
//
//go:noescape
func thresholdAVX2(dst, x *float32, n int, tau float32)

// for r := range rows { for j := range n { dst[r*ds+j] += x[r*xs+j] * w[j] } }, with FMA
//
//go:noescape
func fmaRowsAVX2(dst, x, w *float32, rows, n, ds, xs int)

// for r := range rows { for j := range n { dst[j] += x[r*xs+j] * y[r*ys+j] } }, with FMA
//
//go:noescape
func dotRowsAVX2(dst, x, y *float32, rows, n, xs, ys int)

// for r := range rows { for j := range n { dst[j] += x[r*ld+j] - shift[j] } }
//
//go:noescape
func sumRowsAVX2(dst, x, shift *float32, rows, n, ld int)

// for i := range n { sum[i] += float64(run[i]) }
//
//go:noescape
func addRunAVX2(sum *float64, run *float32, n int)

// for i := range n { for j := range c { dst[int(index[i])*ld+j] += x[i*ld+j] } },
// where c is a positive multiple of eight and n any
//
//go:noescape
func scatterAddAVX2(dst, x, index *float32, n, c, ld int)

// for i := range n { if x[i] > max { max = x[i] } }, any n > 0
//
//go:noescape
func rowMaxAVX2(x *float32, n int) (max float32)

// for i := range n { e := expNeg(x[i] - m); sum += e; dst[i] = e }, any n > 0; dst nil:
// the sum alone
//
//go:noescape
func rowExpAVX2(dst, x *float32, n int, m float32) (sum float64)

// for i := range n { sum += x[i] - shift }, any n > 0
//
//go:noescape
func rowSumAVX2(x *float32, n int, shift float32) (sum float64)

// for i := range n { sum += (x[i] - shift) * (x[i] - shift) }, any n > 0, with FMA
//
//go:noescape
func rowSquaresAVX2(x *float32, n int, shift float32) (sum float64)

// SoftmaxRows for any n > 0; rows of eight values are read and written whole.
//
//go:noescape
func softmaxRowsAVX2(x *float32, rows, ld, n, step int)

// SoftmaxGradRows, likewise.
//
//go:noescape
func softmaxGradRowsAVX2(dp, p *float32, rows, ld, n, step int)

// for r := range rows { for j := range n { dst[r*ldd+j] = src[r*lds+j] } }, any n > 0
//
//go:noescape
func copyColumnsAVX2(dst, src *float32, rows, n, ldd, lds int)

// for r := range rows { for j := range n { dst[j*ldd+r] = src[r*lds+j] * scale } },
// where rows is a multiple of eight, too
//
//go:noescape
func transposeAVX2(dst, src *float32, rows, n, ldd, lds int, scale float32)

// for i := range n { dst[i] = x[i] * scale where number(i) >= limit, else 0 }; first
// and key are the halves of the key, the first with the position added.
//
//go:noescape
func dropoutAVX2(dst, x *float32, n int, first, key, limit uint32, scale float32)

// for i := range n { abs += |x[i]|; square += x[i]*x[i]; if x[i] != 0 { counts[i]++ } }
//
//go:noescape
func activityRowAVX2(x *float32, counts *int32, n int) (abs, square float32)

// for i := range n { sum += |x[i]| / (beta + |x[i]|) }
//
//go:noescape
func saturatedRowAVX2(x *float32, n int, beta float32) (sum float32)

// for i := range n { dst[i] += w[i] * (p*sign(x[i]) + q*x[i]) }
//
//go:noescape
func signGradAVX2(dst, x, w *float32, n int, p, q float32)

// for i := range n { dst[i] += w[i] * beta * sign(x[i]) / (beta+|x[i]|)² }
//
//go:noescape
func saturatedGradAVX2(dst, x, w *float32, n int, beta float32)

// TanhStep, TanhStepBack, LSTMStep, LSTMStepBack, GRUStep and GRUStepBack for any
// n > 0.

//go:noescape
func tanhStepAVX2(h, x, u *float32, n int)

//go:noescape
func tanhStepBackAVX2(dx, h, dy, dh *float32, n int)

//go:noescape
func lstmStepAVX2(gates, x, u, c0, c1, h *float32, n int)

//go:noescape
func lstmStepBackAVX2(dx, gates, c0, c1, dy, dh, dc *float32, n int)

//go:noescape
func gruStepAVX2(gates, x, u, s, h *float32, n int)

//go:noescape
func gruStepBackAVX2(du, gates, s, h, dy, dh *float32, n int)
