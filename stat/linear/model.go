package linear

import (
	"fmt"
	"math"
	"slices"

	"pare/stat/internal/logistic"
)

// Model is a fit for one λ. Coefficients are on the original scale of the columns.
type Model struct {
	Lambda float64
	Predictor
	Classes []Predictor // of a Multinomial model, whose own Predictor is empty

	Objective  float64 // at the fit, of the standardised problem
	Loss       float64 // its first part
	Null       float64 // the objective without penalised features
	Gap        float64 // the optimum is at most this below Objective
	Tolerance  float64 // of Gap, in the same unit
	Explained  float64 // 1 − Loss/(loss of the intercept alone)
	Iterations int     // sweeps of coordinate descent and products of conjugate gradients
	Converged  bool    // Gap ≤ Tolerance, and not Separable
	// Separable: the unpenalised features (at λ = 0 all features) separate the classes,
	// exactly or up to the precision of float64. The coefficients then grow without bound
	// and no fit exists; the coefficients here are the point where the solver stopped.
	Separable bool
	// Dependent is the number of unpenalised features (at λ = 0, of all features) that are
	// combinations of others. Many coefficients then have the same objective; these are one
	// choice, with zero for the dependent features at λ = 0.
	Dependent int
	// Gradient is, at λ = 0, the largest derivative of the loss by the coefficient of a
	// column that is not at a bound, in units of √(2·Null), which is the standard
	// deviation of a Gaussian response, and of the largest norm of a column, which is 1 of
	// standardised ones; 0 for other λ. Gap bounds the objective
	// there as elsewhere; how near coefficients are depends on the columns, too.
	Gradient float64
	// Stationarity is, with MCP or SCAD, the largest violation of the conditions of a
	// stationary point, in the unit of Gradient: zero with other penalties. Such a model has no
	// Gap, which is NaN, has converged when Stationarity is at most Tolerance, and another
	// model may have a lower objective.
	Stationarity float64
	// Constant is the number of features with the same value everywhere: their coefficient
	// is zero.
	Constant int
	// Dual is the point that proves Gap, if Options.KeepDual was set: a value per
	// observation for each linear predictor; only Multinomial has more than one.
	Dual   [][]float64
	family Family
	limit  int // of iterations
}

// Predictor is the linear predictor b₀ + xᵀβ of a model or a class.
type Predictor struct {
	Intercept float64
	Index     []int     // features that are not zero, ascending
	Value     []float64 // their coefficients
}

// Coefficients returns the coefficients of all features, zeros included.
func (p *Predictor) Coefficients(features int) []float64 {
	beta := make([]float64, features)
	for k, j := range p.Index {
		beta[j] = p.Value[k]
	}
	return beta
}

// Predict returns the predictor of every observation of x.
func (p *Predictor) Predict(x Design) []float64 {
	n, _ := x.Dims()
	eta := make([]float64, n)
	for i := range eta {
		eta[i] = p.Intercept
	}
	for k, j := range p.Index {
		x.AddTo(eta, j, p.Value[k])
	}
	return eta
}

// Stationary reports whether the penalty is MCP or SCAD, so that the model has Stationarity in
// place of a Gap.
func (m *Model) Stationary() bool { return math.IsNaN(m.Gap) }

// Note advises on a fit that did not converge, in one line; it is empty for a fit that
// did.
func (m *Model) Note() string {
	if m.Converged {
		return ""
	}
	if m.Separable {
		remedy := "give them a penalty"
		if m.Lambda == 0 {
			remedy = "choose a lambda above 0"
		}
		return fmt.Sprintf("no fit exists at lambda %.6g: "+
			"features without a penalty separate the classes, or nearly, and their coefficients grow without bound; %s", m.Lambda, remedy)
	}
	text := fmt.Sprintf("not converged at lambda %.6g: duality gap %.3g, tolerance %.3g, after %d iterations; ",
		m.Lambda, m.Gap, m.Tolerance, m.Iterations)
	if m.Stationary() {
		text = fmt.Sprintf("not converged at lambda %.6g: stationary to %.3g, tolerance %.3g, after %d iterations; ",
			m.Lambda, m.Stationarity, m.Tolerance, m.Iterations)
		if m.family != Gaussian {
			return text + "large coefficients have no penalty and may grow without bound: choose a larger lambda, or gamma"
		}
		return text + "allow more iterations or a larger tolerance"
	}
	larger := "a larger tolerance"
	if m.Null > 0 && m.Gap > 0 {
		larger = fmt.Sprintf("a tolerance of %.1g of the objective without features, %.3g", 2*m.Gap/m.Null, m.Null)
	}
	if m.Iterations < m.limit {
		return text + "rounding keeps it there, as with columns that are nearly dependent: allow " + larger
	}
	return text + "allow more iterations or " + larger
}

// Probabilities returns, for every observation, the probability of 1 for a Binomial
// model, in one column, or of every class for a Multinomial one. It is nil for
// Gaussian.
func (m *Model) Probabilities(x Design) [][]float64 {
	switch m.family {
	case Binomial:
		eta := m.Predict(x)
		for i, e := range eta {
			eta[i] = logistic.Sigmoid(e)
		}
		return [][]float64{eta}
	case Multinomial:
		columns := make([][]float64, len(m.Classes))
		for k := range m.Classes {
			columns[k] = m.Classes[k].Predict(x)
		}
		softmaxRows(columns)
		return columns
	}
	return nil
}

// model makes a Model of the state of the fitter.
func (f *fitter) model(lambda, nullLoss float64, out outcome, family Family) *Model {
	t := f.t
	m := &Model{Lambda: lambda, family: family, limit: f.limit, Constant: t.dropped, Null: f.null,
		Objective: out.objective, Loss: out.loss, Gap: out.gap, Tolerance: f.goal,
		Iterations: out.iterations, Converged: out.converged,
		Separable: out.separable, Dependent: out.dependent}
	if lambda == 0 && f.null > 0 {
		m.Gradient = out.gradient / math.Sqrt(2*f.null)
	}
	if !f.pen.convex() && f.null > 0 {
		m.Stationarity, m.Tolerance = out.stationarity/math.Sqrt(2*f.null), f.tolerance
	}
	if nullLoss > 0 {
		m.Explained = 1 - out.loss/nullLoss
	}
	m.Predictor = f.original()
	if f.keepDual {
		m.Dual = [][]float64{f.dualPoint(out.scale)}
	}
	return m
}

// original returns the coefficients on the original scale.
func (f *fitter) original() Predictor {
	p := Predictor{Intercept: f.intercept + f.t.shift}
	count := 0
	for _, j := range f.set {
		if f.beta[j] != 0 {
			count++
		}
	}
	if count == 0 {
		return p
	}
	p.Index, p.Value = make([]int, 0, count), make([]float64, 0, count)
	for _, j := range f.set {
		if f.beta[j] != 0 {
			p.Index = append(p.Index, j)
		}
	}
	slices.Sort(p.Index)
	for _, j := range p.Index {
		b := f.beta[j] / f.t.scale[j]
		if f.t.least != nil {
			b = min(max(b, f.t.least[j]), f.t.most[j])
		}
		p.Value = append(p.Value, b)
		p.Intercept -= b * f.t.mean[j]
	}
	return p
}
