package prox

import (
	"math"

	"pare/internal/simd"
)

// The proximal map of τ·‖x‖ in a diagonal metric d > 0 takes a group w to
// θ·dw/(dθ+τ), where θ is the root of φ(θ) = Σ(dw/(dθ+τ))² = 1. These are the
// passes over a group that find θ and apply it, on the calling goroutine and in
// float64.

// GroupBounds brackets the root.
type GroupBounds struct {
	Squares    float64 // Σ w²
	Scaled     float64 // Σ (dw)²
	DMin, DMax float32 // of d; meaningless where d holds NaN
}

// MetricBounds computes the bounds of a group.
func MetricBounds(w, d []float32) GroupBounds {
	d = d[:len(w)]
	b := GroupBounds{DMin: float32(math.Inf(1)), DMax: float32(math.Inf(-1))}
	i := simd.Whole(len(w), 8)
	if simd.AVX2 && i > 0 {
		metricBoundsAVX2(&b, &w[0], &d[0], i)
	}
	for ; i < len(w); i++ {
		q, x := float64(d[i]), float64(w[i])
		b.Squares += x * x
		b.Scaled += q * x * q * x
		b.DMin, b.DMax = min(b.DMin, d[i]), max(b.DMax, d[i])
	}
	return b
}

// MetricSecular returns φ(θ) and ψ(θ) = −φ'(θ)/2 = Σ d·(dw)²/(dθ+τ)³.
func MetricSecular(w, d []float32, theta, tau float64) (phi, psi float64) {
	d = d[:len(w)]
	i := simd.Whole(len(w), 8)
	if simd.AVX2 && i > 0 {
		phi, psi = metricSecularAVX2(&w[0], &d[0], i, theta, tau)
	}
	for ; i < len(w); i++ {
		q := float64(d[i])
		t := q / (q*theta + tau)
		s := t * float64(w[i])
		s *= s
		phi += s
		psi += s * t
	}
	return phi, psi
}

// MetricShrink replaces w by θ·dw/(dθ+τ).
func MetricShrink(w, d []float32, theta, tau float64) {
	d = d[:len(w)]
	i := simd.Whole(len(w), 8)
	if simd.AVX2 && i > 0 {
		metricShrinkAVX2(&w[0], &d[0], i, theta, tau)
	}
	for ; i < len(w); i++ {
		q := float64(d[i]) * theta
		w[i] = float32(q * float64(w[i]) / (q + tau))
	}
}
