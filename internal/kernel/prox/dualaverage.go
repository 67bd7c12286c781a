package prox

import "math"

// DualAverage is a step of dual averaging on a piece of a parameter, on the
// calling goroutine, with d = Scale·g + Decay·x and the origin o:
//
//	V ← V + Weight·d
//	x ← soft(o − V·Over, Cut)/(1 + Ridge)
//
// Adaptive has a metric P in place of Over:
//
//	U ← U + Weight·d²,  P = ∛U + Eps
//	x ← soft(o − V/P, Cut/P)/(1 + Ridge/P)
//
// Only the threshold has assembly: beside the cube roots the
// passes are bound by memory.
type DualAverage struct {
	Scale, Decay, Weight float32
	Over, Eps            float32
	Cut, Ridge           float32 // Cut 0: no threshold
	Fresh                bool    // the sums begin: x is the origin
}

// Update makes the step. A nil g stands for zeros; where frozen is not 0, V is unchanged,
// and 0 for an origin of 0; a nil frozen freezes nothing.
func (k *DualAverage) Update(x, g, origin, sum, frozen []float32) {
	k.begin(x, origin, sum)
	for i, v := range x {
		if g != nil && (frozen == nil || frozen[i] == 0) {
			sum[i] += float32(k.Weight * (float32(k.Scale*g[i]) + float32(k.Decay*v)))
		}
		x[i] = origin[i] - float32(sum[i]*k.Over)
	}
	if k.Cut > 0 {
		softSlice(x, k.Cut, 1/(1+k.Ridge))
	}
}

// Adaptive makes the step and leaves P in metric.
func (k *DualAverage) Adaptive(x, g, origin, sum, squares, metric, frozen []float32) {
	k.begin(x, origin, sum)
	if k.Fresh {
		clear(squares)
	}
	for i, v := range x {
		if g != nil && (frozen == nil || frozen[i] == 0) {
			d := float32(k.Scale*g[i]) + float32(k.Decay*v)
			sum[i] += float32(k.Weight * d)
			squares[i] += float32(k.Weight * float32(d*d))
		}
		metric[i] = cubeRoot(squares[i]) + k.Eps
		x[i] = origin[i] - sum[i]/metric[i]
	}
	if k.Cut > 0 {
		softMetricSlice(x, metric, k.Cut, k.Ridge)
	}
}

func (k *DualAverage) begin(x, origin, sum []float32) {
	if k.Fresh {
		copy(origin, x)
		clear(sum)
	}
}

// Blend sets x to (1−share)·before + share·x, exactly their value where both agree.
func Blend(x, before []float32, share float32) {
	before = before[:len(x)]
	for i, v := range x {
		x[i] = before[i] + float32(share*(v-before[i]))
	}
}

// cubeRoot is ∛v of v ≥ 0, rounded from some 47 bits: Kahan's first guess, from the
// bits, and two of Halley's steps, as FreeBSD's cbrtf has them. NaN and +Inf stay.
func cubeRoot(v float32) float32 {
	if !(v > 0 && v <= math.MaxFloat32) {
		return v
	}
	x := float64(v)
	y := math.Float64frombits(math.Float64bits(x)/3 + 715094163<<32)
	for range 2 {
		r := float64(y * y * y)
		y *= (x + x + r) / (x + r + r)
	}
	return float32(y)
}
