package graphical

import (
	"fmt"
	"math"
)

// Penalty is λᵢⱼ = Lambda · Weights[i·p+j].
type Penalty struct {
	Lambda float64 // ≥ 0
	// Weights is a symmetric p×p matrix of values ≥ 0, row-major; +Inf keeps an edge out.
	// nil: 1 everywhere. Its diagonal counts only if Diagonal is set.
	Weights []float64
	// Diagonal penalises Θᵢᵢ too.
	Diagonal bool
}

func (p Penalty) check(size int) error {
	if !(p.Lambda >= 0) || math.IsInf(p.Lambda, 1) {
		return fmt.Errorf("lambda is %v; it has to be a number ≥ 0", p.Lambda)
	}
	if p.Weights == nil {
		return nil
	}
	if len(p.Weights) != size*size {
		return fmt.Errorf("the penalty has %d weights; %d variables need %d × %d = %d", len(p.Weights), size, size, size, size*size)
	}
	for i := range size {
		for j := range i + 1 {
			a, b := p.Weights[i*size+j], p.Weights[j*size+i]
			if !(a >= 0) || a != b {
				return fmt.Errorf("the penalty's weight of row %d, column %d is %v and its mirror image %v; weights are symmetric and ≥ 0", i+1, j+1, a, b)
			}
			if i == j && p.Diagonal && math.IsInf(a, 1) {
				return fmt.Errorf("the penalty's weight of row %d, column %d is +Inf; a diagonal element cannot be zero", i+1, i+1)
			}
		}
	}
	return nil
}

// at is λᵢⱼ.
func (p Penalty) at(i, j, size int) float64 {
	if i == j && !p.Diagonal {
		return 0
	}
	if p.Weights == nil {
		return p.Lambda
	}
	w := p.Weights[i*size+j]
	if math.IsInf(w, 1) {
		return w
	}
	return p.Lambda * w
}

// with is the same penalty at another λ.
func (p Penalty) with(lambda float64) Penalty {
	p.Lambda = lambda
	return p
}

// ratio is the λ at which the pair i, j falls below its threshold.
func (p Penalty) ratio(s float64, i, j, size int) float64 {
	s = math.Abs(s)
	if p.Weights == nil || s == 0 {
		return s
	}
	return s / p.Weights[i*size+j]
}
