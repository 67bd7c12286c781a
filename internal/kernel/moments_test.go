package kernel

import (
	"fmt"
	"math"
	"testing"
)

// moments64 computes the moments of every channel in float64, in two passes.
func moments64(x []float32, c int) (mean, variance []float64) {
	mean, variance = make([]float64, c), make([]float64, c)
	n := float64(max(len(x)/c, 1))
	for i, v := range x {
		mean[i%c] += float64(v) / n
	}
	for i, v := range x {
		d := float64(v) - mean[i%c]
		variance[i%c] += d * d / n
	}
	return mean, variance
}

func TestMoments(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := newRand(60)
		var m moments
		for _, c := range []int{1, 7, 8, 16, 20, 24, 50, 64} {
			for _, offset := range []float32{0, 1000} {
				const rows = 700
				x := randSlice(r, rows*c)
				for i := range x {
					x[i] += offset
				}
				mean, variance := make([]float32, c), make([]float32, c)
				wantMean, wantVariance := moments64(x, c)
				for _, tasks := range [][]int{{rows}, {1, 2, 0, 300, 301, rows}, {230, 460, rows}} {
					name := fmt.Sprint(c, " channels from ", offset, ", tasks end at ", tasks)
					m.start(len(tasks), c)
					for k := len(tasks) - 1; k >= 0; k-- { // in any order, in parts
						lo := 0
						for _, end := range tasks[:k] {
							lo = max(lo, end)
						}
						hi := max(lo, tasks[k])
						mid := lo + (hi-lo)/3
						m.add(k, x[lo*c:mid*c])
						m.add(k, x[mid*c:hi*c])
					}
					m.finish(mean, variance)
					for i, v := range mean {
						// The spread is about one: sums of float32, and the rounding of
						// the result.
						if d := math.Abs(float64(v) - wantMean[i]); !(d <= 1e-6+6e-8*math.Abs(wantMean[i])) {
							t.Fatalf("%s: mean %d is %v, want %v", name, i, v, wantMean[i])
						}
					}
					near(t, name+": variance", variance, wantVariance, 2e-6)
				}
			}
		}
		mean, variance := []float32{1, 1}, []float32{1, 1}
		m.start(3, 2)
		m.finish(mean, variance)
		near(t, "no rows", append(mean, variance...), make([]float64, 4), 0)
	})
}

func TestMomentRows(t *testing.T) {
	if !haveAVX2() {
		t.Skip("no assembly kernels")
	}
	r := newRand(61)
	defer func(old bool) { useAVX2 = old }(useAVX2)
	for _, n := range []int{8, 13, 16, 24, 40} {
		for _, rows := range []int{1, 2, 3, 50} {
			for _, odd := range []bool{false, true} {
				x, shift := randSlice(r, rows*n), randSlice(r, n)
				if odd {
					special(x)
				}
				a := randSlice(r, 2*n)
				b := append([]float32(nil), a...)
				useAVX2 = true
				momentRows(a[:n], a[n:], x, shift, rows, n)
				useAVX2 = false
				momentRows(b[:n], b[n:], x, shift, rows, n)
				alike(t, fmt.Sprint(n, rows), a, b, 1e-5)
			}
		}
	}
}
