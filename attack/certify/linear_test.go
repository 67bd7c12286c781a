package certify_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pare/attack"
	"pare/attack/certify"
)

// threats are random threats around random examples, some with a range, a scale, or weights of 0.
func threats(count int, norm attack.Norm, f func(t attack.Threat, d, x []float64, rng *rand.Rand)) {
	rng := rand.New(rand.NewPCG(4, 4))
	for range count {
		n := 1 + rng.IntN(6)
		t := attack.Threat{Norm: norm, Eps: 2 * rng.Float64(), Range: attack.Unbounded}
		if rng.IntN(3) > 0 {
			t.Range.Lower, t.Range.Upper = -1, 1
		}
		if rng.IntN(2) == 0 {
			t.Range.Mean, t.Range.Std = make([]float64, n), make([]float64, n)
			for j := range n {
				t.Range.Mean[j], t.Range.Std[j] = rng.NormFloat64(), 0.1+rng.Float64()
			}
		}
		d, x := make([]float64, n), make([]float64, n)
		for j := range d {
			d[j], x[j] = math.Exp(3*rng.NormFloat64())*float64(1-2*rng.IntN(2)), 2*rng.Float64()-1
			if rng.IntN(6) == 0 {
				d[j] = 0
			}
			if rng.IntN(8) == 0 {
				x[j] = 1 // at the end of the range
			}
			if t.Range.Std != nil {
				x[j] = (x[j] - t.Range.Mean[j]) / t.Range.Std[j]
			}
		}
		f(t, d, x, rng)
	}
}

// value is a value of an example in units of the range, and std its unit.
func value(t attack.Threat, x []float64, j int) (v, std float64) {
	if t.Range.Std == nil {
		return x[j], 1
	}
	return x[j]*t.Range.Std[j] + t.Range.Mean[j], t.Range.Std[j]
}

// For linf the largest increase is at a corner of the box within the range.
func TestLinearShiftAtCorners(t *testing.T) {
	threats(2000, attack.Linf, func(threat attack.Threat, d, x []float64, _ *rand.Rand) {
		most := math.Inf(-1)
		for corner := range 1 << len(d) {
			sum := 0.0
			for j := range d {
				v, std := value(threat, x, j)
				at := min(max(v+threat.Eps*float64(2*(corner>>j&1)-1), threat.Range.Lower), threat.Range.Upper)
				sum += d[j] * (at - v) / std
			}
			most = max(most, sum)
		}
		if got := certify.LinearShift(threat, d, x); math.Abs(got-most) > 1e-12*(1+most) {
			t.Fatalf("%+v, weights %v, example %v: %v, the best corner %v", threat, d, x, got, most)
		}
	})
}

// For l2 the best point is min(τ·slope, room) with the largest τ in the ball: it is found by bisection,
// and no random point of the threat is better.
func TestLinearShiftInTheBall(t *testing.T) {
	threats(2000, attack.L2, func(threat attack.Threat, d, x []float64, rng *rand.Rand) {
		at := func(tau float64) (sum, length float64) {
			for j := range d {
				v, std := value(threat, x, j)
				slope, room := math.Abs(d[j])/std, threat.Range.Upper-v
				if d[j] < 0 {
					room = v - threat.Range.Lower
				}
				step := min(tau*slope, room)
				sum, length = sum+slope*step, length+step*step
			}
			return sum, math.Sqrt(length)
		}
		low, high := 0.0, 1e9
		for range 200 {
			if _, length := at((low + high) / 2); length > threat.Eps {
				high = (low + high) / 2
			} else {
				low = (low + high) / 2
			}
		}
		want, _ := at(low)
		got := certify.LinearShift(threat, d, x)
		if math.Abs(got-want) > 1e-9*(1+want) {
			t.Fatalf("%+v, weights %v, example %v: %v, by bisection %v", threat, d, x, got, want)
		}
		for range 50 {
			delta, length := make([]float64, len(d)), 0.0
			for j := range delta {
				delta[j] = rng.NormFloat64()
				length += delta[j] * delta[j]
			}
			sum := 0.0
			for j := range delta {
				v, std := value(threat, x, j)
				p := min(max(v+threat.Eps*delta[j]/math.Sqrt(length), threat.Range.Lower), threat.Range.Upper)
				sum += d[j] * (p - v) / std
			}
			if sum > got+1e-9*(1+got) {
				t.Fatalf("%+v, weights %v, example %v: %v, a point has %v", threat, d, x, got, sum)
			}
		}
	})
}

// Without a range the shift at the radius is the margin.
func TestShiftAtTheRadius(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for _, norm := range []attack.Norm{attack.Linf, attack.L2} {
		for range 500 {
			w := [][]float64{make([]float64, 4), make([]float64, 4)}
			x, d, margin := make([]float64, 4), make([]float64, 4), 0.0
			for j := range x {
				w[0][j], w[1][j], x[j] = rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()
				d[j] = w[1][j] - w[0][j]
				margin -= d[j] * x[j]
			}
			radius := certify.LinearRadius(norm, w, nil, x, 0)
			got := certify.LinearShift(attack.Threat{Norm: norm, Eps: math.Abs(radius), Range: attack.Unbounded}, d, x)
			if math.Abs(got-math.Abs(margin)) > 1e-12*(1+got) {
				t.Fatalf("%s: shift %v at the radius %v, margin %v", norm, got, radius, margin)
			}
		}
	}
}
