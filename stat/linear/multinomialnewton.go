package linear

import (
	"math"

	"pare/internal/f64"
)

// Where columns or classes are nearly dependent, classes that take turns hardly move:
// after slowCycles of these, Newton steps on all classes at once begin, as long as the
// working sets have no more than jointLimit coefficients together.
const (
	slowCycles = 5
	jointLimit = 400
)

// joint is the quadratic model of the cross-entropy in all coefficients of the working
// sets and the intercepts. What has no penalty stays as it is in the last class, because
// only differences between classes matter.
type joint struct {
	m       *multinomial
	class   []int      // of each coefficient
	target  []*float64 // where each belongs
	columns [][]float64
	gram    gram
	descent descent
	newton  newton
}

// joint takes a Newton step on all classes, or a part of it that lowers the objective
// or, where that is equal up to rounding, the violation. It returns whether there was
// one.
func (m *multinomial) joint(lambda, target float64, out *outcome) bool {
	j := &joint{m: m}
	if !j.collect(lambda) {
		return false
	}
	j.model()
	d, violation := &j.descent, m.violation(lambda)
	old := append([]float64(nil), d.beta...)
	j.gram.begin(d.beta)
	d.smooth = &j.gram
	d.sweeps, d.limit = out.iterations, m.classes[0].limit
	d.solve(max(0.3*target, 0.01*violation), func() bool { return j.newton.finish(d, &j.gram) })
	out.iterations = d.sweeps
	before := m.objective(lambda)
	equal := 10 * m.rounding(before)
	for range 40 {
		j.store(d.beta)
		after := m.objective(lambda)
		if change := after - before; change < -equal || change < equal && m.violation(lambda) < violation {
			return true
		}
		for k := range d.beta {
			d.beta[k] = (d.beta[k] + old[k]) / 2
		}
	}
	j.store(old)
	return false
}

// collect lists the coefficients with their penalties; false if there are too many.
func (j *joint) collect(lambda float64) bool {
	m, d := j.m, &j.descent
	total := len(m.classes)
	for _, f := range m.classes {
		total += len(f.set)
	}
	if total > jointLimit {
		return false
	}
	filled := map[int][]float64{}
	for k, f := range m.classes {
		for _, feature := range f.set {
			x := filled[feature]
			if x == nil {
				x = make([]float64, m.t.n)
				m.t.column(feature, x)
				filled[feature] = x
			}
			lower, upper := m.t.limits(feature)
			if w := m.t.factor[feature]; w > 0 || k+1 < len(m.classes) {
				j.add(k, x, &f.beta[feature], lambda*w*m.t.alpha, lambda*w*(1-m.t.alpha), lower, upper)
			}
		}
	}
	if m.t.intercept {
		one := make([]float64, m.t.n)
		for i := range one {
			one[i] = 1
		}
		for k, f := range m.classes[:len(m.classes)-1] {
			j.add(k, one, &f.intercept, 0, 0, math.Inf(-1), math.Inf(1))
		}
	}
	d.curve = make([]float64, len(d.beta))
	return len(d.beta) > 0
}

func (j *joint) add(class int, x []float64, target *float64, l1, l2, lower, upper float64) {
	d := &j.descent
	j.target = append(j.target, target)
	j.class, j.columns = append(j.class, class), append(j.columns, x)
	d.beta, d.l1, d.l2 = append(d.beta, *target), append(d.l1, l1), append(d.l2, l2)
	d.lower, d.upper = append(d.lower, lower), append(d.upper, upper)
}

// model fills the Hessian, Σ vᵢ pₖ(δₖₗ − pₗ) xxᵀ for classes k and l, and the gradient.
func (j *joint) model() {
	m, size := j.m, len(j.columns)
	j.gram.grow(size)
	j.gram.q = zeros(j.gram.q, size)
	weight, weighted := make([]float64, m.t.n), make([]float64, m.t.n)
	for a, x := range j.columns {
		own := m.classes[j.class[a]]
		j.gram.q[a] = f64.Dot(own.u, x)
		for class := range m.classes {
			m.hessian(weight, j.class[a], class, m.probability)
			f64.Mul(weighted, weight, x)
			for b, c := range j.class[:a+1] {
				if c == class {
					j.gram.g[a][b] = f64.Dot(weighted, j.columns[b])
					j.gram.g[b][a] = j.gram.g[a][b]
				}
			}
		}
		j.descent.curve[a] = j.gram.g[a][a]
	}
}

// hessian sets h to the second derivatives of the loss by the predictors of two classes,
// where they have the given probabilities.
func (m *multinomial) hessian(h []float64, k, l int, probability func(class, i int) float64) {
	for i, v := range m.t.v {
		h[i] = 0
		if v == 0 {
			continue
		}
		p, q := probability(k, i), probability(l, i)
		if k == l {
			h[i] = v * p * (1 - p)
		} else {
			h[i] = -v * p * q
		}
	}
}

// probability is that of class k for observation i at the present predictors.
func (m *multinomial) probability(k, i int) float64 {
	p := -m.classes[k].u[i] / m.t.v[i]
	if int(m.t.y[i]) == k {
		p++
	}
	return p
}

// store sets the coefficients of all classes.
func (j *joint) store(beta []float64) {
	for at, b := range beta {
		*j.target[at] = b
	}
	j.m.refresh()
}

func (m *multinomial) objective(lambda float64) float64 {
	sum := m.loss()
	for _, f := range m.classes {
		sum += f.pen.value(lambda, f.beta, f.set)
	}
	return sum
}

// violation is the largest one of a class.
func (m *multinomial) violation(lambda float64) float64 {
	worst := 0.0
	for _, f := range m.classes {
		worst = max(worst, f.violation(lambda))
	}
	return worst
}
