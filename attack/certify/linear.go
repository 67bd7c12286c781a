package certify

import (
	"cmp"
	"math"
	"slices"

	"pare/attack"
)

// LinearRadius is the distance in a norm from x to the nearest point that a linear model gives
// another class, exactly: with outputs z = Wx + b it is the least over k of
// (z[class] − z[k]) / ‖W[class] − W[k]‖ in the dual norm, ℓ1 for attack.Linf. It is negative where another
// class has a larger output, and infinite where no point has. Weights hold a row for each output.
func LinearRadius(n attack.Norm, weights [][]float64, intercepts, x []float64, class int) float64 {
	radius := math.Inf(1)
	for k := range weights {
		if k == class {
			continue
		}
		margin, norm := 0.0, 0.0
		if intercepts != nil {
			margin = intercepts[class] - intercepts[k]
		}
		for j, v := range weights[class] {
			d := v - weights[k][j]
			margin += d * x[j]
			if n == attack.L2 {
				norm += d * d
			} else {
				norm += math.Abs(d)
			}
		}
		if n == attack.L2 {
			norm = math.Sqrt(norm)
		}
		switch {
		case norm > 0:
			radius = min(radius, margin/norm)
		case margin < 0:
			return math.Inf(-1)
		}
	}
	return radius
}

// LinearShift is the largest increase of dᵀv over the values v of a threat around the example x, in the
// scale of the model, exactly: for Linf every value moves to the end of its interval, ε‖d‖₁ without a
// range; for L2 along d up to the radius, ε‖d‖₂ without a range, where values that reach the
// end of the range stay there and the others go on. The example lies in the range.
func LinearShift(t attack.Threat, d, x []float64) float64 {
	at := func(list []float64, j int, without float64) float64 {
		if len(list) == 0 {
			return without
		}
		return list[j%len(list)]
	}
	slope, room := make([]float64, len(d)), make([]float64, len(d)) // by values, and how far each may go
	for j, v := range d {
		mean, std := at(t.Range.Mean, j, 0), at(t.Range.Std, j, 1)
		value := x[j]*std + mean
		if slope[j] = math.Abs(v) / std; v > 0 {
			room[j] = max(t.Range.Upper-value, 0)
		} else {
			room[j] = max(value-t.Range.Lower, 0)
		}
	}
	sum := 0.0
	if t.Norm != attack.L2 {
		for j, s := range slope {
			if s > 0 {
				sum += s * min(room[j], t.Eps)
			}
		}
		return sum
	}
	// The best point is min(τ·slope, room) with the τ that uses up the radius: values that reach
	// their end do so in the order of room/slope.
	order := make([]int, 0, len(d))
	for j, s := range slope {
		if s > 0 {
			order = append(order, j)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(room[a]/slope[a], room[b]/slope[b]) })
	free := make([]float64, len(order)+1) // Σ slope² from each place on
	for k := len(order) - 1; k >= 0; k-- {
		free[k] = free[k+1] + slope[order[k]]*slope[order[k]]
	}
	left := t.Eps * t.Eps
	for k, j := range order {
		if tau := room[j] / slope[j]; tau*tau*free[k] >= left {
			return sum + math.Sqrt(left*free[k])
		}
		sum += slope[j] * room[j]
		left = max(left-room[j]*room[j], 0)
	}
	return sum
}
