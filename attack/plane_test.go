package attack

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The move to a plane in a box is compared with a search by bisection for the least norm, and with
// the closed form where there is no box.
func TestToPlane(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 4000 {
		d := 1 + rng.IntN(12)
		p, w, move := make([]float64, d), make([]float64, d), make([]float64, d)
		for j := range p {
			p[j], w[j] = rng.Float64(), rng.NormFloat64()
			switch rng.IntN(6) {
			case 0:
				w[j] = 0
			case 1:
				p[j] = float64(rng.IntN(2))
			}
		}
		value := 2 * rng.NormFloat64()
		threat := Threat{Norm: []Norm{Linf, L2}[i%2], Range: Range{Upper: 1}}
		free := i%4 >= 2
		if free {
			threat.Range = Unbounded
		}
		norm := threat.toPlane(move, p, w, value)
		at, largest := value, 0.0
		for j, m := range move {
			at += w[j] * m
			largest = max(largest, math.Abs(m))
			if u := p[j] + m; u < threat.Range.Lower-1e-12 || u > threat.Range.Upper+1e-12 {
				t.Fatalf("the move leaves the range: %v", u)
			}
		}
		if threat.Norm == L2 {
			largest = norm2(move)
		}
		if math.Abs(largest-norm) > 1e-12 {
			t.Fatalf("norm %v of a move of %v", norm, largest)
		}
		if free {
			if want := math.Abs(value) / threat.Norm.dual(w); threat.Norm.dual(w) > 0 && math.Abs(norm-want) > 1e-9*(1+want) {
				t.Fatalf("%s: norm %v, the closed form %v", threat.Norm, norm, want)
			}
			continue
		}
		want, reached := bisect(threat.Norm, p, w, value)
		if math.Abs(at-reached) > 1e-9 || math.Abs(norm-want) > 1e-6*(1+want) {
			t.Fatalf("%s: norm %v to %v, bisection %v to %v", threat.Norm, norm, at, want, reached)
		}
	}
}

// bisect finds the least multiplier with which the moves reach the plane in the box 0..1.
func bisect(norm Norm, p, w []float64, value float64) (length, reached float64) {
	down := math.Copysign(1, value)
	at := func(lambda float64) (length, reached float64) {
		reached = value
		for j, v := range w {
			if v == 0 {
				continue
			}
			s := 1.0
			if norm == L2 {
				s = math.Abs(v)
			}
			m := -math.Copysign(lambda*s, v*down)
			m = min(max(p[j]+m, 0), 1) - p[j]
			reached += v * m
			if norm == L2 {
				length += m * m
			} else {
				length = max(length, math.Abs(m))
			}
		}
		if norm == L2 {
			length = math.Sqrt(length)
		}
		return length, reached
	}
	low, high := 0.0, 1e8
	for range 200 {
		middle := (low + high) / 2
		if _, r := at(middle); r*down > 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return at(high)
}
