// Package prox holds the steps of proximal gradient methods: the updates of the
// optimizers with a soft threshold behind them, the threshold alone, and the norms and
// factors that shrink groups of weights.
//
// Updates work on a piece of a parameter, on the calling goroutine: the caller shares
// the parameters of a network out. Their products and sums are rounded one by one, in
// Go as in assembly, so that both give the same bits; they are bound by memory, not by
// arithmetic.
package prox

import (
	"math"

	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// SGD is a step of stochastic gradient descent, with d = Scale·g + Decay·x:
//
//	v ← Momentum·v + d          where there is a velocity
//	x ← x − Rate·v              (Nesterov: x − Rate·(d + Momentum·v); plain: x − Rate·d)
//	x ← soft(x, Cut)·Shrink     where Cut > 0
type SGD struct {
	Rate, Scale, Decay, Momentum float32
	Cut                          float32 // soft threshold after the update; 0: none
	Shrink                       float32 // factor after the threshold; read where Cut > 0
	Nesterov                     bool
}

// Update makes the step. A nil v is plain descent; where frozen is not 0, x and
// v become 0; a nil frozen freezes nothing.
func (k *SGD) Update(x, g, v, frozen []float32) {
	n, i := len(x), simd.Whole(len(x), 8)
	g = g[:n]
	if simd.AVX2 && i > 0 {
		sgdAVX2(k, &x[0], &g[0], first(v, n), first(frozen, n), i)
	}
	for ; i < n; i++ {
		d := float32(k.Scale*g[i]) + float32(k.Decay*x[i])
		if v != nil {
			v[i] = float32(k.Momentum*v[i]) + d
			if k.Nesterov {
				d += float32(k.Momentum * v[i])
			} else {
				d = v[i]
			}
		}
		x[i] -= float32(k.Rate * d)
		if k.Cut > 0 {
			x[i] = soft(x[i], k.Cut) * k.Shrink
		}
		if frozen != nil && frozen[i] != 0 {
			x[i] = 0
			if v != nil {
				v[i] = 0
			}
		}
	}
}

// Adam is a step of Adam, with g' = Scale·g + Coupled·x and d = √v/Root + Eps:
//
//	m ← Beta1·m + Rest1·g'
//	v ← Beta2·v + Rest2·g'²
//	x ← Keep·x − Rate·m/d
//	x ← soft(x, Cut/d)/(1 + Ridge/d)     where Cut > 0
type Adam struct {
	Rate, Scale  float32
	Coupled      float32 // weight decay as part of the gradient
	Keep         float32 // 1 − lr·decay of decoupled weight decay, or 1
	Beta1, Rest1 float32
	Beta2, Rest2 float32
	Root         float32 // √(1−β₂ᵗ): bias correction of √v; Rate contains the correction of m
	Eps          float32
	Cut          float32 // soft threshold in the metric d after the update; 0: none
	Ridge        float32 // square part of an elastic net; read where Cut > 0
}

// Update makes the step. Where frozen is not 0, x, m and v become 0; a nil frozen
// freezes nothing.
func (k *Adam) Update(x, g, m, v, frozen []float32) {
	n, i := len(x), simd.Whole(len(x), 8)
	g, m, v = g[:n], m[:n], v[:n]
	if simd.AVX2 && i > 0 {
		adamAVX2(k, &x[0], &g[0], &m[0], &v[0], first(frozen, n), i)
	}
	for ; i < n; i++ {
		u := float32(k.Scale*g[i]) + float32(k.Coupled*x[i])
		m[i] = float32(k.Beta1*m[i]) + float32(k.Rest1*u)
		v[i] = float32(k.Beta2*v[i]) + float32(float32(k.Rest2*u)*u)
		d := k.metric(v[i])
		x[i] = float32(k.Keep*x[i]) - float32(k.Rate*m[i])/d
		if k.Cut > 0 {
			x[i] = softMetric(x[i], d, k.Cut, k.Ridge)
		}
		if frozen != nil && frozen[i] != 0 {
			x[i], m[i], v[i] = 0, 0, 0
		}
	}
}

// Metric sets dst to the diagonal √v/Root + Eps in which Adam's steps are taken,
// for a whole parameter: it runs on all threads.
func (k *Adam) Metric(dst, v []float32) {
	values.Do(len(dst), parallel.Chunk, valueArgs{dst, v[:len(dst)], k.Root, k.Eps}, func(a *valueArgs, lo, hi, _ int) {
		if i := (hi - lo) &^ 7; simd.AVX2 && i > 0 {
			adamMetricAVX2(&a.w[lo], &a.d[lo], i, a.p, a.q)
			lo += i
		}
		for k := (&Adam{Root: a.p, Eps: a.q}); lo < hi; lo++ {
			a.w[lo] = k.metric(a.d[lo])
		}
	})
}

func (k *Adam) metric(v float32) float32 {
	return float32(math.Sqrt(float64(v)))/k.Root + k.Eps
}

// first is the address of a slice that may be nil and else holds n values.
func first(s []float32, n int) *float32 {
	if s == nil {
		return nil
	}
	return &s[:n][0]
}

// valueArgs are the operands of a map of values of w with parameters p and q.
type valueArgs struct {
	w, d []float32
	p, q float32
}

var values parallel.Loop[valueArgs]

// SoftThreshold replaces every value by sign(w)·max(|w|−cut, 0)·shrink: the
// proximal map of L1, and with shrink below 1 of an elastic net. Zeros are
// exactly +0; NaN stays.
func SoftThreshold(w []float32, cut, shrink float32) {
	values.Do(len(w), parallel.Chunk, valueArgs{w, nil, cut, shrink}, func(a *valueArgs, lo, hi, _ int) {
		softSlice(a.w[lo:hi], a.p, a.q)
	})
}

// SoftThresholdMetric is SoftThreshold in the diagonal metric d > 0, one value
// for each of w: sign(w)·max(|w|−cut/d, 0)/(1+ridge/d).
func SoftThresholdMetric(w, d []float32, cut, ridge float32) {
	values.Do(len(w), parallel.Chunk, valueArgs{w, d[:len(w)], cut, ridge}, func(a *valueArgs, lo, hi, _ int) {
		softMetricSlice(a.w[lo:hi], a.d[lo:hi], a.p, a.q)
	})
}

func softSlice(w []float32, cut, shrink float32) {
	i := simd.Whole(len(w), 8)
	if simd.AVX2 && i > 0 {
		softAVX2(&w[0], i, cut, shrink)
	}
	for ; i < len(w); i++ {
		w[i] = soft(w[i], cut) * shrink
	}
}

func softMetricSlice(w, d []float32, cut, ridge float32) {
	i := simd.Whole(len(w), 8)
	if simd.AVX2 && i > 0 {
		softMetricAVX2(&w[0], &d[0], i, cut, ridge)
	}
	for ; i < len(w); i++ {
		w[i] = softMetric(w[i], d[i], cut, ridge)
	}
}

// soft is sign(v)·max(|v|−t, 0), with +0 for both zeros, and NaN when either is.
func soft(v, t float32) float32 {
	switch {
	case v > t:
		return v - t
	case v < -t:
		return v + t
	case v != v:
		return v
	case t != t:
		return t
	}
	return 0
}

func softMetric(v, d, cut, ridge float32) float32 {
	v = soft(v, cut/d)
	if ridge > 0 {
		v /= 1 + ridge/d
	}
	return v
}
