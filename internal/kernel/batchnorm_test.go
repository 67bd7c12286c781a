package kernel

import (
	"fmt"
	"math"
	"testing"
)

func TestBatchNorm(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := newRand(20)
		for _, s := range [][2]int{{2, 1}, {33, 3}, {700, 17}, {5000, 16}} {
			rows, c := s[0], s[1]
			x, dy, gamma, beta := randSlice(r, rows*c), randSlice(r, rows*c), randSlice(r, c), randSlice(r, c)
			for i := range x {
				x[i] += 100 // a large mean shows cancellation
			}
			const eps = 1e-5
			mean, vr, inv := make([]float64, c), make([]float64, c), make([]float64, c)
			for i, v := range x {
				mean[i%c] += float64(v) / float64(rows)
			}
			for i, v := range x {
				d := float64(v) - mean[i%c]
				vr[i%c] += d * d / float64(rows)
			}
			for i, v := range vr {
				inv[i] = 1 / math.Sqrt(v+eps)
			}
			m, v, is := make([]float32, c), make([]float32, c), make([]float32, c)
			BNMoments(m, v, x, rows, c)
			near(t, fmt.Sprint("mean", s), m, mean, 1e-6)
			near(t, fmt.Sprint("variance", s), v, vr, 1e-5)
			for i, w := range v {
				is[i] = float32(1 / math.Sqrt(float64(w)+eps))
			}

			y, want := make([]float32, rows*c), make([]float64, rows*c)
			dg, db := make([]float64, c), make([]float64, c)
			xhat := make([]float64, rows*c)
			for i := range x {
				k := i % c
				xhat[i] = (float64(x[i]) - float64(m[k])) * inv[k]
				want[i] = xhat[i]*float64(gamma[k]) + float64(beta[k])
				dg[k] += float64(dy[i]) * xhat[i]
				db[k] += float64(dy[i])
			}
			BNApply(y, x, m, is, gamma, beta, rows, c)
			near(t, fmt.Sprint("apply", s), y, want, 1e-4)
			g, b := make([]float32, c), make([]float32, c)
			BNGradStats(g, b, x, m, is, dy, rows, c)
			near(t, fmt.Sprint("dgamma", s), g, dg, 1e-4)
			near(t, fmt.Sprint("dbeta", s), b, db, 1e-5)
			BNGradInput(y, x, m, is, gamma, g, b, dy, rows, c)
			for i := range want {
				k := i % c
				want[i] = float64(gamma[k]) * inv[k] * (float64(dy[i]) - db[k]/float64(rows) - xhat[i]*dg[k]/float64(rows))
			}
			near(t, fmt.Sprint("dx", s), y, want, 1e-4)
		}
	})
}
