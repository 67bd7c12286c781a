package linear

import "math"

// exactSum is a sum with the rounding of its additions kept (Neumaier 1974): objectives
// and dual objectives are compared to the last digits.
type exactSum struct{ sum, rest float64 }

func (e *exactSum) add(x float64) {
	t := e.sum + x
	if math.Abs(e.sum) >= math.Abs(x) {
		e.rest += (e.sum - t) + x
	} else {
		e.rest += (x - t) + e.sum
	}
	e.sum = t
}

func (e *exactSum) total() float64 { return e.sum + e.rest }
