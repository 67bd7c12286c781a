package robust

import (
	"cmp"
	"fmt"
	"math"
)

// Options bound the work. The zero value is meant to be used.
type Options struct {
	// Tolerance is the duality gap allowed, relative to the loss of the best
	// constant; 0: 1e-8.
	Tolerance float64
	// MaxIterations of Newton steps; 0: 200.
	MaxIterations int
	// NoIntercept: b is 0.
	NoIntercept bool
}

// Model is a linear model trained for the worst case.
type Model struct {
	// Weights on the scale of the features given; 0 for features of no use.
	Weights   []float64
	Intercept float64
	// Objective is the mean worst-case loss, Null the loss of the best constant.
	Objective, Null float64
	// Gap bounds the distance of the objective above the optimum; it is never below 0. A
	// dual point proves it, independent of the rounding of the steps.
	Gap float64
	// Iterations are Newton steps. Converged: Gap ≤ Tolerance·Null.
	Iterations int
	Converged  bool
	// Separable: these weights classify every example correctly under any perturbation
	// within ε. The logistic loss then has no minimum: it goes to 0 as the weights grow.
	// Converged is false; a larger ε has a minimum.
	Separable bool
}

// TrainSquare minimises (1/n) Σ (|yᵢ − b − wᵀxᵢ| + ε‖w‖₁)², the mean square
// error when every xᵢ moves by the worst |δⱼ| ≤ ε. x is n×p, column after
// column. ε has to be positive: at 0 it is least squares.
func TrainSquare(n, p int, x, y []float64, epsilon float64, o Options) (*Model, error) {
	if err := check(n, p, x, y, epsilon, &o); err != nil {
		return nil, err
	}
	mean, variance := 0.0, 0.0
	if !o.NoIntercept {
		for _, v := range y {
			mean += v / float64(n)
		}
	}
	for _, v := range y {
		variance += (v - mean) * (v - mean) / float64(n)
	}
	if variance == 0 {
		return &Model{Weights: make([]float64, p), Intercept: mean, Converged: true}, nil
	}
	scale := math.Sqrt(variance)
	s := newSolver(n, p, x, epsilon, o)
	t := &squareTerm{n: float64(n)}
	for i, v := range y {
		s.offset[i], s.sign[i] = (v-mean)/scale, -1
	}
	s.term = t
	m := s.solve(1)
	for j := range m.Weights {
		m.Weights[j] *= scale
	}
	m.Intercept = mean + m.Intercept*scale
	for _, v := range []*float64{&m.Objective, &m.Null, &m.Gap} {
		*v *= variance
	}
	return m, nil
}

// TrainLogistic minimises (1/n) Σ log(1 + exp(ε‖w‖₁ − yᵢ(wᵀxᵢ + b))), the mean
// logistic loss when every xᵢ moves by the worst |δⱼ| ≤ ε, with classes y of 0
// and 1 that stand for −1 and +1. x is n×p, column after column. ε has to be
// positive.
func TrainLogistic(n, p int, x, y []float64, epsilon float64, o Options) (*Model, error) {
	if err := check(n, p, x, y, epsilon, &o); err != nil {
		return nil, err
	}
	s := newSolver(n, p, x, epsilon, o)
	s.term = &logisticTerm{n: float64(n)}
	ones := 0.0
	for i, v := range y {
		if v != 0 && v != 1 {
			return nil, fmt.Errorf("row %d of the target: %v is neither 0 nor 1", i+1, v)
		}
		s.sign[i] = 1 - 2*v
		ones += v / float64(n)
	}
	if ones == 0 || ones == 1 {
		return nil, fmt.Errorf("all rows are of one class")
	}
	null := math.Ln2
	if !o.NoIntercept {
		s.b = math.Log(ones / (1 - ones))
		null = -ones*math.Log(ones) - (1-ones)*math.Log1p(-ones)
	}
	s.classes = true
	return s.solve(null), nil
}

// check validates the input and fills in defaults.
func check(n, p int, x, y []float64, epsilon float64, o *Options) error {
	switch {
	case n < 2 || p < 1:
		return fmt.Errorf("the design is %d×%d, at least 2 rows and a column are needed", n, p)
	case len(x) != n*p:
		return fmt.Errorf("the design has %d values, %d rows and %d columns need %d", len(x), n, p, n*p)
	case len(y) != n:
		return fmt.Errorf("the target has %d rows, the design %d", len(y), n)
	case !(epsilon > 0) || math.IsInf(epsilon, 0):
		return fmt.Errorf("epsilon has to be positive and finite, not %v", epsilon)
	case o.Tolerance < 0 || math.IsNaN(o.Tolerance) || o.MaxIterations < 0:
		return fmt.Errorf("tolerance %v and %d iterations: neither can be negative", o.Tolerance, o.MaxIterations)
	}
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("row %d, column %d of the design: %v is not finite", i%n+1, i/n+1, v)
		}
	}
	for i, v := range y {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("row %d of the target: %v is not finite", i+1, v)
		}
	}
	o.Tolerance = cmp.Or(o.Tolerance, 1e-8)
	o.MaxIterations = cmp.Or(o.MaxIterations, 200)
	return nil
}
