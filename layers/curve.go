package layers

import (
	"math"
	"sync"

	"pare/nn"
)

// Curves of activation functions, for certified bounds.

// piecewise is a function that is linear between its knots and beyond them. It must be monotone.
func piecewise(at func(x float64) float64, steepest float64, knots ...float64) func() nn.Curve {
	return func() nn.Curve { return nn.Curve{At: at, Knots: knots, Steepest: steepest} }
}

// monotone is a smooth function that never falls.
func monotone(at func(x float64) float64, steepest float64) func() nn.Curve {
	return func() nn.Curve { return nn.Curve{At: at, Steepest: steepest} }
}

// swish is a smooth function that falls to its minimum below 0 and rises from there, as x·sigmoid(x)
// does. It is linear beyond ±20 in float64, and steepest between.
func swish(at func(x float64) float64) func() nn.Curve {
	return sync.OnceValue(func() nn.Curve {
		low, high := -6.0, 0.0
		for high-low > 1e-9 { // golden section
			a, b := high-(high-low)/math.Phi, low+(high-low)/math.Phi
			if at(a) < at(b) {
				high = b
			} else {
				low = a
			}
		}
		const step = 1e-3
		steepest := 1.0
		for x := -20.0; x < 20; x += step {
			steepest = max(steepest, math.Abs(at(x+step)-at(x))/step)
		}
		// Between two places the slope changes by less than step times the second derivative, at
		// most 1.1 for these functions.
		return nn.Curve{At: at, Turns: []float64{(low + high) / 2}, Steepest: steepest + 2*step}
	})
}

func sigmoid(x float64) float64  { return 1 / (1 + math.Exp(-x)) }
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// clipCurve is min(max(x, lo), hi) with limits that may be infinite.
func clipCurve(lo, hi float64) nn.Curve {
	c := nn.Curve{At: func(x float64) float64 { return min(max(x, lo), hi) }, Steepest: 1}
	for _, limit := range []float64{lo, hi} {
		if !math.IsInf(limit, 0) {
			c.Knots = append(c.Knots, limit)
		}
	}
	return c
}

// slopeCurve is x, or slope·x below 0.
func slopeCurve(slope float64) nn.Curve {
	c := nn.Curve{Knots: []float64{0}, Steepest: max(1, math.Abs(slope)), At: func(x float64) float64 {
		if x < 0 {
			return slope * x
		}
		return x
	}}
	if slope < 0 {
		c.Turns = []float64{0}
	}
	return c
}

// gathered lists the terms of a layer whose output is value from[out] of its input.
func gathered[T int | int32](from []T, add func(out, k, i int, factor float64)) {
	for out, i := range from {
		add(out, 0, int(i), 1)
	}
}
