package prox

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
)

func TestMetricPasses(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, n := range updateSizes {
			r := kerneltest.Rand(31)
			w, d := kerneltest.Slice(r, n), kerneltest.Slice(r, n)
			for i := range d {
				d[i] = float32(math.Pow(10, -4*float64(abs32(d[i]))))
			}
			const theta, tau = 0.7, 3e-3
			want := GroupBounds{DMin: float32(math.Inf(1))}
			phi, psi := 0.0, 0.0
			shrunk := make([]float64, n)
			for i := range w {
				q, x := float64(d[i]), float64(w[i])
				want.Squares += x * x
				want.Scaled += q * x * q * x
				want.DMin, want.DMax = min(want.DMin, d[i]), max(want.DMax, d[i])
				s := q * x / (q*theta + tau)
				phi += s * s
				psi += q * s * s / (q*theta + tau)
				shrunk[i] = theta * s
			}
			b := MetricBounds(w, d)
			near64(t, fmt.Sprint("squares of ", n), b.Squares, want.Squares)
			near64(t, fmt.Sprint("scaled squares of ", n), b.Scaled, want.Scaled)
			if b.DMin != want.DMin || b.DMax != want.DMax {
				t.Errorf("the metric lies in [%g, %g], want [%g, %g]", b.DMin, b.DMax, want.DMin, want.DMax)
			}
			gotPhi, gotPsi := MetricSecular(w, d, theta, tau)
			near64(t, fmt.Sprint("phi of ", n), gotPhi, phi)
			near64(t, fmt.Sprint("psi of ", n), gotPsi, psi)
			MetricShrink(w, d, theta, tau)
			kerneltest.Near(t, fmt.Sprint("shrunk ", n), w, shrunk, 1e-7)
		}
	})
}

// The extremes of the metric are found wherever they are.
func TestMetricBoundsEverywhere(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		const n = 27
		for at := range n {
			w, d := make([]float32, n), make([]float32, n)
			for i := range d {
				d[i] = 1
			}
			d[at], d[(at+5)%n] = 0.5, 1e-40
			if b := MetricBounds(w, d); b.DMin != 1e-40 || b.DMax != 1 {
				t.Errorf("bounds %+v", b)
			}
			d[at] = 2
			if b := MetricBounds(w, d); b.DMax != 2 {
				t.Errorf("bounds %+v", b)
			}
		}
	})
}

// NaN in a value or in the metric reaches every sum; Inf does not stay unseen.
func TestMetricPassesKeepNaN(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		const n = 19
		for at := range n {
			for _, inMetric := range []bool{false, true} {
				w, d := kerneltest.Slice(kerneltest.Rand(32), n), make([]float32, n)
				for i := range d {
					d[i] = 1
				}
				if inMetric {
					d[at] = kerneltest.NaN
				} else {
					w[at] = kerneltest.NaN
				}
				if b := MetricBounds(w, d); b.Scaled == b.Scaled {
					t.Errorf("bounds hide NaN at %d: %+v", at, b)
				}
				if phi, psi := MetricSecular(w, d, 1, 1); phi == phi || psi == psi {
					t.Errorf("the secular sums hide NaN at %d: %g, %g", at, phi, psi)
				}
				MetricShrink(w, d, 1, 1)
				for i, v := range w {
					if (v != v) != (i == at) {
						t.Errorf("NaN at %d: value %d is %g", at, i, v)
					}
				}
			}
		}
	})
}
