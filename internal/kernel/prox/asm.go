package prox

// The assembly of this package, each function with the loop that it equals. n is a
// positive multiple of eight unless a comment says otherwise; rows is positive and ld
// is the distance of rows in values.

// SGD.Update
//
//go:noescape
func sgdAVX2(k *SGD, x, grad, v, frozen *float32, n int)

// Adam.Update
//
//go:noescape
func adamAVX2(k *Adam, x, grad, m, v, frozen *float32, n int)

// for i := range n { dst[i] = √v[i]/root + eps }
//
//go:noescape
func adamMetricAVX2(dst, v *float32, n int, root, eps float32)

// for i := range n { w[i] = soft(w[i], cut) * shrink }
//
//go:noescape
func softAVX2(w *float32, n int, cut, shrink float32)

// for i := range n { w[i] = softMetric(w[i], d[i], cut, ridge) }
//
//go:noescape
func softMetricAVX2(w, d *float32, n int, cut, ridge float32)

// for i := range n { sum += float64(w[i]) * float64(w[i]) }; n is a multiple of sixteen.
//
//go:noescape
func sumSquaresAVX2(w *float32, n int) (sum float64)

// for i := range n { sum += |float64(w[i])| }; n is a multiple of sixteen.
//
//go:noescape
func sumAbsAVX2(w *float32, n int) (sum float64)

// for r := range rows { for i := range n { v := float64(w[r*ld+i]); sums[i] += v * v } };
// n is a multiple of four.
//
//go:noescape
func addColumnSquaresAVX2(sums *float64, w *float32, rows, n, ld int)

// for r := range rows { for i := range n { w[r*ld+i] = w[r*ld+i]*factor[i] + 0 } }
//
//go:noescape
func scaleColumnsAVX2(w, factor *float32, rows, n, ld int)

// MetricBounds
//
//go:noescape
func metricBoundsAVX2(b *GroupBounds, w, d *float32, n int)

// MetricSecular
//
//go:noescape
func metricSecularAVX2(w, d *float32, n int, theta, tau float64) (phi, psi float64)

// MetricShrink
//
//go:noescape
func metricShrinkAVX2(w, d *float32, n int, theta, tau float64)
