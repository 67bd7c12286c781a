package linear

import "math"

// sum2 is a sum of about twice the precision of float64: errors of additions and
// products are kept in lo (Ogita, Rump, Oishi 2005).
type sum2 struct{ hi, lo float64 }

func (s *sum2) add(x float64) {
	t := s.hi + x
	z := t - s.hi
	s.lo += (s.hi - (t - z)) + (x - z)
	s.hi = t
}

func (s *sum2) product(x, y float64) {
	q := x * y
	s.add(q)
	s.lo += math.FMA(x, y, -q)
}

func (s *sum2) value() float64 { return s.hi + s.lo }

func dot2(x, y []float64) float64 {
	var s sum2
	for i := range x {
		s.product(x[i], y[i])
	}
	return s.value()
}

// oracle is a problem in the terms of the package documentation, written down anew:
// it shares nothing with the solver but the cells of the design.
type oracle struct {
	p           Problem
	n, features int
	v           []float64
	x           [][]float64 // standardised
	mean, scale []float64
	norm        []float64 // √Σ vx²
	fixed       []bool    // constant or excluded
	omega       []float64
	alpha       float64
	rounding    float64 // of the last dual objective, by the rounding of X̃ᵀθ
}

func newOracle(p Problem) *oracle {
	n, features := p.X.Dims()
	o := &oracle{p: p, n: n, features: features, v: make([]float64, n), alpha: p.Alpha}
	if _, ridge := p.Penalty.(Ridge); o.alpha == 0 && !ridge {
		o.alpha = 1
	}
	var total sum2
	for i := range o.v {
		o.v[i] = 1
		if p.Weights != nil {
			o.v[i] = p.Weights[i]
		}
		total.add(o.v[i])
	}
	for i := range o.v {
		o.v[i] /= total.value()
	}
	sizes := map[int]float64{}
	for _, g := range p.Groups {
		sizes[g]++
	}
	for j := range features {
		x := make([]float64, n)
		p.X.AddTo(x, j, 1)
		mean, scale, constant := o.standard(x)
		omega := 1.0
		switch {
		case p.GroupFactor != nil:
			omega = p.GroupFactor[p.Groups[j]]
		case p.Groups != nil:
			omega = math.Sqrt(sizes[p.Groups[j]])
		case p.PenaltyFactor != nil:
			omega = p.PenaltyFactor[j]
		}
		var square sum2
		for i := range x {
			x[i] = (x[i] - mean) / scale
			square.product(o.v[i]*x[i], x[i])
		}
		o.x = append(o.x, x)
		o.mean, o.scale = append(o.mean, mean), append(o.scale, scale)
		o.norm = append(o.norm, math.Sqrt(square.value()))
		o.fixed, o.omega = append(o.fixed, constant || math.IsInf(omega, 1)), append(o.omega, omega)
	}
	return o
}

// standard returns the shift and the scale of a column.
func (o *oracle) standard(x []float64) (mean, scale float64, constant bool) {
	least, most := math.Inf(1), math.Inf(-1)
	for i, v := range o.v {
		if v > 0 {
			least, most = min(least, x[i]), max(most, x[i])
		}
	}
	mean, scale = dot2(o.v, x), 1
	var variance sum2
	for i, v := range o.v {
		variance.product(v*(x[i]-mean), x[i]-mean)
	}
	if least == most {
		constant = !o.p.NoIntercept || !o.p.NoStandardize || most == 0
	} else if !o.p.NoStandardize {
		scale = math.Sqrt(variance.value())
	}
	if o.p.NoIntercept {
		mean = 0
	}
	return mean, scale, constant
}

// predictors returns the linear predictors of a model, one a class.
func (o *oracle) predictors(classes []Predictor) [][]float64 {
	etas := make([][]float64, len(classes))
	for k, c := range classes {
		sums := make([]sum2, o.n)
		for i := range sums {
			sums[i].add(c.Intercept)
		}
		for at, j := range c.Index {
			for i, x := range o.x[j] {
				sums[i].product(c.Value[at]*o.scale[j], x)
				sums[i].product(c.Value[at], o.mean[j])
			}
		}
		for i := range sums {
			if o.p.Offset != nil {
				sums[i].add(o.p.Offset[i])
			}
			etas[k] = append(etas[k], sums[i].value())
		}
	}
	return etas
}

// loss is Σ vᵢ f(yᵢ, ηᵢ), and u its negative derivative by every ηᵢ.
func (o *oracle) loss(etas [][]float64) (value float64, u [][]float64) {
	var sum sum2
	u = make([][]float64, len(etas))
	for k := range u {
		u[k] = make([]float64, o.n)
	}
	for i, y := range o.p.Y {
		switch o.p.Family {
		case Gaussian:
			r := y - etas[0][i]
			sum.product(o.v[i]*r/2, r)
			u[0][i] = o.v[i] * r
		case Binomial:
			margin := (2*y - 1) * etas[0][i]
			tail := math.Log1p(math.Exp(-math.Abs(margin)))
			sum.product(o.v[i], tail)
			sum.product(o.v[i], max(0, -margin))
			u[0][i] = o.v[i] * (2*y - 1) / (1 + math.Exp(margin))
		case Poisson:
			e := math.Exp(etas[0][i])
			sum.product(o.v[i], e)
			sum.product(-o.v[i]*y, etas[0][i])
			if y > 0 {
				sum.product(o.v[i]*y, math.Log(y))
			}
			sum.product(-o.v[i], y)
			u[0][i] = o.v[i] * (y - e)
		case Multinomial:
			top, total := math.Inf(-1), 0.0
			for k := range etas {
				top = max(top, etas[k][i])
			}
			for k := range etas {
				total += math.Exp(etas[k][i] - top)
			}
			sum.product(o.v[i], math.Log(total))
			sum.product(o.v[i], top-etas[int(y)][i])
			for k := range etas {
				u[k][i] = -o.v[i] * math.Exp(etas[k][i]-top) / total
			}
			u[int(y)][i] += o.v[i]
		}
	}
	return sum.value(), u
}

// penalty is that of one linear predictor, of coefficients on the original scale.
func (o *oracle) penalty(lambda float64, beta []float64) float64 {
	var sum sum2
	squares := map[int]float64{}
	for j, b := range beta {
		if o.fixed[j] {
			continue
		}
		b *= o.scale[j]
		if o.p.Groups != nil {
			squares[o.p.Groups[j]] += b * b
			sum.product(lambda*o.omega[j]*(1-o.alpha)/2*b, b)
			continue
		}
		sum.product(lambda*o.omega[j]*o.alpha, math.Abs(b))
		sum.product(lambda*o.omega[j]*(1-o.alpha)/2*b, b)
	}
	done := map[int]bool{}
	for j := range beta {
		if o.p.Groups != nil && !o.fixed[j] && !done[o.p.Groups[j]] {
			done[o.p.Groups[j]] = true
			sum.product(lambda*o.omega[j]*o.alpha, math.Sqrt(squares[o.p.Groups[j]]))
		}
	}
	return sum.value()
}

// objective is that of a model, from its coefficients.
func (o *oracle) objective(m *Model) float64 {
	value, _ := o.loss(o.predictors(m.each()))
	for _, c := range m.each() {
		value += o.penalty(m.Lambda, c.Coefficients(o.features))
	}
	return value
}

// each returns the linear predictors of a model.
func (m *Model) each() []Predictor {
	if m.Classes != nil {
		return m.Classes
	}
	return []Predictor{m.Predictor}
}

// failer is a test, also a part of one.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
}

// ulp is the rounding unit of float64 with room for the few additions that are not
// compensated.
const ulp = 1e-15

// check fails the test unless the model is as good as it says: within its bounds,
// with the objective that it claims, and with a dual point, which must have been kept,
// that is feasible and proves the gap. Nothing of the solver is used.
func check(t failer, p Problem, m *Model) {
	t.Helper()
	if !m.Converged || m.Note() != "" || !(m.Gap >= 0 && m.Gap <= m.Tolerance) {
		t.Errorf("lambda %v: gap %v, tolerance %v, converged %v, note %q", m.Lambda, m.Gap, m.Tolerance, m.Converged, m.Note())
	}
	checkCertificate(t, p, m)
}

// checkCertificate is check for a model that need not have converged.
func checkCertificate(t failer, p Problem, m *Model) {
	t.Helper()
	o := newOracle(p)
	classes := m.each()
	etas := o.predictors(classes)
	objective, u := o.loss(etas)
	for _, c := range classes {
		if p.NoIntercept && c.Intercept != 0 {
			t.Errorf("lambda %v: intercept %v", m.Lambda, c.Intercept)
		}
		beta := c.Coefficients(o.features)
		objective += o.penalty(m.Lambda, beta)
		for j, b := range beta {
			if lower, upper := p.bounds(j); o.fixed[j] && b != 0 || b < lower || b > upper {
				t.Errorf("lambda %v: coefficient %d is %v, bounds %v and %v, fixed %v", m.Lambda, j, b, lower, upper, o.fixed[j])
			}
		}
	}
	// The predictors are rounded, in proportion to their size.
	unit := o.unit(m, etas, u)
	if d := math.Abs(objective - m.Objective); !(d <= 4*unit) {
		t.Errorf("lambda %v: objective %v, recomputed %v, %.3g units of rounding apart", m.Lambda, m.Objective, objective, d/unit)
	}
	dual, ok := o.dual(t, m)
	if !ok {
		return
	}
	unit += o.rounding
	if gap := objective - dual; !(gap >= -4*unit) || !(math.Abs(gap-m.Gap) <= 16*unit) {
		t.Errorf("lambda %v: gap %v, recomputed %v, %.3g units of rounding apart", m.Lambda, m.Gap, gap, math.Abs(gap-m.Gap)/unit)
	}
	for k, c := range classes {
		o.checkMoves(t, m, c.Coefficients(o.features), u[k], unit)
	}
}

// unit is the rounding of an objective: ulp of the loss of the null model, and the change
// of the loss by the rounding of the predictors, to which every feature adds.
func (o *oracle) unit(m *Model, etas, u [][]float64) float64 {
	change := 0.0
	for k, c := range m.each() {
		size := 0.0
		for i, v := range u[k] {
			if o.v[i] > 0 {
				size += v * v / o.v[i]
			}
		}
		for at, j := range c.Index { // large coefficients that cancel
			change += math.Sqrt(size) * math.Abs(c.Value[at]) * (o.scale[j]*o.norm[j] + math.Abs(o.mean[j]))
		}
	}
	for k := range etas {
		for i, e := range etas[k] {
			change += math.Abs(u[k][i]) * (math.Abs(e) + math.Abs(o.p.Y[i]))
		}
	}
	return ulp * (m.Null + m.Objective + change)
}
