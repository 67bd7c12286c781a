package linear

import (
	"math"
)

// oracle recomputes, from the definitions in the package documentation, what a model
// claims: its objective and how far it is from the optimality conditions.
type oracle struct {
	objective float64
	violation float64 // of the stationarity of any coordinate, or of a bound
}

func judge(p Problem, m *Model) oracle {
	n, features := p.X.Dims()
	v := make([]float64, n)
	total := 0.0
	for i := range v {
		v[i] = 1
		if p.Weights != nil {
			v[i] = p.Weights[i]
		}
		total += v[i]
	}
	for i := range v {
		v[i] /= total
	}
	predictors := []Class{{m.Intercept, m.Index, m.Value}}
	if p.Family == Multinomial {
		predictors = m.Classes
	}
	etas := make([][]float64, len(predictors))
	for k, c := range predictors {
		etas[k] = predict(p.X, c.Intercept, c.Index, c.Value)
	}
	var o oracle
	residuals := make([][]float64, len(predictors)) // −∂f/∂η
	for k := range residuals {
		residuals[k] = make([]float64, n)
	}
	for i, y := range p.Y {
		switch p.Family {
		case Gaussian:
			r := y - etas[0][i]
			o.objective += v[i] * r * r / 2
			residuals[0][i] = r
		case Binomial:
			e := etas[0][i]
			o.objective += v[i] * (math.Log(1+math.Exp(e)) - y*e)
			residuals[0][i] = y - 1/(1+math.Exp(-e))
		case Multinomial:
			sum := 0.0
			for k := range etas {
				sum += math.Exp(etas[k][i])
			}
			o.objective += v[i] * (math.Log(sum) - etas[int(y)][i])
			for k := range etas {
				residuals[k][i] = -math.Exp(etas[k][i]) / sum
			}
			residuals[int(y)][i]++
		}
	}
	alpha := p.Alpha
	if alpha == 0 {
		alpha = 1
	}
	for k, c := range predictors {
		sum := 0.0
		for i, r := range residuals[k] {
			sum += v[i] * r
		}
		if !p.NoIntercept {
			o.violation = max(o.violation, math.Abs(sum))
		}
		beta := spread(c.Index, c.Value, features)
		x := make([]float64, n)
		for j, b := range beta {
			plain{p.X}.column(j, x)
			mean, variance := momentsOf(x, v)
			scale := 1.0
			if !p.NoStandardize {
				scale = math.Sqrt(variance)
			}
			if p.NoIntercept {
				mean = 0
			}
			omega := 1.0
			if p.PenaltyFactor != nil {
				omega = p.PenaltyFactor[j]
			}
			if variance == 0 || math.IsInf(omega, 1) {
				o.violation = max(o.violation, math.Abs(b))
				continue
			}
			g := 0.0
			for i, r := range residuals[k] {
				g += v[i] * r * (x[i] - mean) / scale
			}
			lower, upper := p.bounds(j)
			o.violation = max(o.violation, lower-b, b-upper)
			std := b * scale
			strength := m.Lambda * omega
			o.objective += strength * (alpha*math.Abs(std) + (1-alpha)/2*std*std)
			g -= strength * (1 - alpha) * std
			// A correlation below the threshold is wrong by as much as the
			// coefficient is away from zero.
			wrong := max(0, math.Abs(g)-strength*alpha)
			if b != 0 {
				short := strength*alpha - math.Copysign(g, g*b)
				wrong = max(wrong, short*min(1, math.Abs(std)/0.1))
			}
			atUpper, atLower := b >= upper-1e-12, b <= lower+1e-12
			if atUpper && g > 0 || atLower && g < 0 {
				wrong = 0
			}
			o.violation = max(o.violation, wrong)
		}
	}
	return o
}

// failer is a test, also a property test.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
}

// check fails the test unless the model is optimal: to a violation of limit, with the
// objective that it claims and a gap that is small and not negative.
func check(t failer, p Problem, m *Model, limit float64) {
	t.Helper()
	o := judge(p, m)
	if !m.Converged || m.Note() != "" || m.Gap < 0 || m.Gap > m.Tolerance {
		t.Errorf("lambda %v: gap %v, tolerance %v, converged %v, note %q", m.Lambda, m.Gap, m.Tolerance, m.Converged, m.Note())
	}
	if d := math.Abs(o.objective - m.Objective); !(d <= 1e-10*(1+m.Null)) {
		t.Errorf("lambda %v: objective %v, recomputed %v", m.Lambda, m.Objective, o.objective)
	}
	if !(o.violation <= limit) {
		t.Errorf("lambda %v: optimality conditions violated by %v", m.Lambda, o.violation)
	}
}
