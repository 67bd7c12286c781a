package attack

import (
	"errors"
	"fmt"
	"math"

	"pare/internal/f64"
	"pare/nn"
	"pare/stat/linear"
)

// Linear is a linear model in float64: output k of a row x is xᵀWeights[k] + Intercepts[k].
type Linear struct {
	Weights    [][]float64 // of each output, one for each input
	Intercepts []float64   // of each output; nil: all 0
}

// NewLinear checks the sizes of a linear model, and that its numbers are finite. A model of two classes with one predictor η, such
// as logistic regression, has the outputs 0 and η; see Binary.
func NewLinear(weights [][]float64, intercepts []float64) (*Linear, error) {
	if len(weights) == 0 || len(weights[0]) == 0 {
		return nil, errors.New("a linear model needs at least one output and one input")
	}
	for k, w := range weights {
		if len(w) != len(weights[0]) {
			return nil, fmt.Errorf("output %d has %d weights, output 0 has %d", k, len(w), len(weights[0]))
		}
		for j, v := range w {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("weight %d of output %d is %v", j, k, v)
			}
		}
	}
	for k, v := range intercepts {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("the intercept of output %d is %v", k, v)
		}
	}
	if intercepts != nil && len(intercepts) != len(weights) {
		return nil, fmt.Errorf("%d intercepts for %d outputs", len(intercepts), len(weights))
	}
	return &Linear{weights, intercepts}, nil
}

// Binary is the model of two classes, 0 and 1, whose log-odds of class 1 are xᵀw + intercept. Its
// cross-entropy is the logistic loss.
func Binary(w []float64, intercept float64) (*Linear, error) {
	return NewLinear([][]float64{make([]float64, len(w)), w}, []float64{0, intercept})
}

// LinearModel is a model of package linear that was fitted for a family, on so many features: one
// output for numbers, the classes 0 and 1 of a Binomial model, all classes of a Multinomial one.
func LinearModel(m *linear.Model, family linear.Family, features int) (*Linear, error) {
	switch family {
	case linear.Gaussian:
		return NewLinear([][]float64{m.Coefficients(features)}, []float64{m.Intercept})
	case linear.Binomial:
		return Binary(m.Coefficients(features), m.Intercept)
	case linear.Multinomial:
		var weights [][]float64
		var intercepts []float64
		for i := range m.Classes {
			weights, intercepts = append(weights, m.Classes[i].Coefficients(features)), append(intercepts, m.Classes[i].Intercept)
		}
		return NewLinear(weights, intercepts)
	}
	return nil, fmt.Errorf("there is no attack on linear models of the family %s: Gaussian, Binomial and Multinomial ones have one", family)
}

// Shape implements Model.
func (l *Linear) Shape() nn.Shape { return nn.Shape{len(l.Weights[0])} }

// Outputs implements Model.
func (l *Linear) Outputs() int { return len(l.Weights) }

// Single implements Model.
func (l *Linear) Single() bool { return false }

// Forward implements Model.
func (l *Linear) Forward(x, z []float64) error {
	d, k := len(l.Weights[0]), len(l.Weights)
	for i := range len(z) / k {
		l.outputs(x[i*d:][:d], z[i*k:][:k])
	}
	return nil
}

func (l *Linear) outputs(x, z []float64) {
	for k, w := range l.Weights {
		z[k] = f64.Dot(w, x)
		if l.Intercepts != nil {
			z[k] += l.Intercepts[k]
		}
	}
}

// Backward implements Model.
func (l *Linear) Backward(x, gx []float64, upstream func(row int, z, gz []float64)) error {
	d := len(l.Weights[0])
	z, gz := make([]float64, len(l.Weights)), make([]float64, len(l.Weights))
	for i := range len(x) / d {
		l.outputs(x[i*d:][:d], z)
		clear(gz)
		upstream(i, z, gz)
		g := gx[i*d:][:d]
		clear(g)
		for k, w := range l.Weights {
			if gz[k] != 0 {
				f64.Axpy(gz[k], w, g)
			}
		}
	}
	return nil
}
