package linear

import (
	"fmt"
	"math"
	"slices"

	"pare/internal/dense"
	"pare/internal/f64"
)

// multinomial is the engine of a softmax: one fitter a class. With the other classes
// fixed the loss in one is logistic with an offset, so classes are solved in turn
// until none violates the optimality conditions.
type multinomial struct {
	t        *task
	classes  []*fitter
	others   []*against
	nullLoss float64
	null     float64
	near     *proximal
}

func (m *multinomial) fitters() []*fitter { return m.classes }

func (m *multinomial) value() float64 { return m.loss() }

func (m *multinomial) weights(h []float64, k, l int) {
	u, other := m.classes[k].u, m.classes[l].u
	for i, v := range m.t.v {
		p, q, own := -u[i], -other[i], int(m.t.y[i]) // times v
		if own == k {
			p += v
		}
		switch {
		case v == 0:
			h[i] = 0
		case k == l:
			h[i] = p * (1 - p/v)
		case own == l:
			h[i] = -p * (q + v) / v
		default:
			h[i] = -p * q / v
		}
	}
}

// residuals sets u of all classes.
func (m *multinomial) residuals() {
	for i, v := range m.t.v {
		top, own := math.Inf(-1), int(m.t.y[i])
		for _, f := range m.classes {
			top = max(top, f.eta[i])
		}
		total, rest := 0.0, 0.0
		for k, f := range m.classes {
			e := math.Exp(f.eta[i] - top)
			f.u[i] = e
			total += e
			if k != own {
				rest += e
			}
		}
		scale := v / total
		for _, f := range m.classes {
			f.u[i] *= -scale
		}
		m.classes[own].u[i] = scale * rest
	}
}

// against is the logistic loss of a class with an offset: a is the logarithm of the
// sum of the exponentials of the other classes.
type against struct {
	logisticLoss
	a, shifted []float64
}

func (l *against) shift(eta []float64) []float64 {
	for i, e := range eta {
		l.shifted[i] = e - l.a[i]
	}
	return l.shifted
}

func (l *against) value(eta []float64) float64 { return l.logisticLoss.value(l.shift(eta)) }

func (l *against) dual(u, eta []float64) { l.logisticLoss.dual(u, l.shift(eta)) }

func (l *against) curvature(h, eta []float64) { l.logisticLoss.curvature(h, l.shift(eta)) }

func (l *against) start() float64 { return math.Log(mean(l.y, l.v)) }

func newMultinomial(p *Problem, t *task, o Options) (engine, error) {
	count := p.Classes
	for _, y := range t.y {
		count = max(count, int(y)+1)
	}
	if count < 2 {
		return nil, fmt.Errorf("linear: all responses are %v; a multinomial model needs two classes", t.y[0])
	}
	m := &multinomial{t: t}
	columns := map[int][]float64{}
	for k := range count {
		is := make([]float64, t.n)
		for i, y := range t.y {
			if int(y) == k {
				is[i] = 1
			}
		}
		rate := mean(is, t.v)
		if rate == 0 {
			return nil, fmt.Errorf("linear: class %d has no observations", k)
		}
		l := &against{logisticLoss{is, t.v, nil}, make([]float64, t.n), make([]float64, t.n)}
		f := newFitter(t, l, elasticNet{t}, columns, o)
		m.classes, m.others = append(m.classes, f), append(m.others, l)
	}
	m.near = newProximal(m)
	for _, f := range m.classes {
		f.near = m.near
	}
	m.refresh()
	return m, nil
}

// face sets the offsets of class k to the present predictors of the others.
func (m *multinomial) face(k int) {
	a := m.others[k].a
	for i := range a {
		top := math.Inf(-1)
		for c, f := range m.classes {
			if c != k {
				top = max(top, f.eta[i])
			}
		}
		sum := 0.0
		for c, f := range m.classes {
			if c != k {
				sum += math.Exp(f.eta[i] - top)
			}
		}
		a[i] = top + math.Log(sum)
	}
	m.classes[k].loss.dual(m.classes[k].u, m.classes[k].eta)
}

func (m *multinomial) refresh() {
	for _, f := range m.classes {
		f.predict()
		f.apart = math.Inf(1)
	}
	m.residuals()
}

// loss is the cross-entropy.
func (m *multinomial) loss() float64 {
	var sum exactSum
	for i, v := range m.t.v {
		top := math.Inf(-1)
		for _, f := range m.classes {
			top = max(top, f.eta[i])
		}
		total := 0.0
		for _, f := range m.classes {
			total += math.Exp(f.eta[i] - top)
		}
		sum.add(v * (top - m.classes[int(m.t.y[i])].eta[i] + math.Log(total)))
	}
	return sum.total()
}

func (m *multinomial) begin() float64 {
	m.nullLoss = m.loss()
	m.null = m.nullLoss
	if len(m.t.free) > 0 {
		var out outcome
		m.cycle(1, 1e-12*math.Sqrt(m.null), &out)
		m.null = m.loss()
	}
	m.project(1)
	largest := 0.0
	for _, f := range m.classes {
		f.setNull(m.null)
		f.first = slices.Clone(f.fair)
		f.allow(0, true)
		largest = max(largest, f.largestEntry())
	}
	return largest
}

// slowCycles is the number of cycles after which columns of a sparse design are filled, if
// that is worth it, so that proximal steps can go on: where columns or classes are nearly
// dependent, classes that take turns hardly move.
const slowCycles = 5

// fill makes the columns of sparse working sets dense, unless there are many.
func (m *multinomial) fill() bool {
	if m.near.coefficients() > jointLimit {
		return false
	}
	for _, f := range m.classes {
		if f.sparse != nil {
			f.fill()
		}
	}
	m.near.forget()
	m.refresh()
	return true
}

// cycle solves until no class violates the optimality conditions of its working set by more
// than target: by proximal steps on all classes, or else the classes in turn.
func (m *multinomial) cycle(lambda, target float64, out *outcome) {
	if m.near.pays() && m.near.minimize(lambda, target, out) {
		return
	}
	best, stale := math.Inf(1), 0
	for round := 0; stale < 20; round++ {
		worst := 0.0
		for k, f := range m.classes {
			m.face(k)
			v := f.violation(lambda)
			worst = max(worst, v)
			if v > target {
				f.inner(lambda, max(target/2, 0.01*v), out)
			}
		}
		if worst <= target || out.iterations >= m.classes[0].limit {
			break
		}
		if round == slowCycles && m.fill() && m.near.minimize(lambda, target, out) {
			return
		}
		stale++ // cycles that rounding keeps from getting better
		if worst < 0.99*best {
			best, stale = worst, 0
		}
	}
	for k := range m.classes {
		m.face(k)
	}
}

func (m *multinomial) fit(lambda float64) *Model {
	if lambda == 0 {
		var out outcome
		m.solveUnpenalised(&out)
		out.judge(m.classes[0].dependent(0), m.separable(0))
		return m.model(0, out)
	}
	for _, f := range m.classes {
		f.trim()
		f.allow(lambda, false)
		if m.near.expects() {
			f.admit(f.expected(likely * lambda))
		}
	}
	var out outcome
	for strict := 0.3; ; {
		target := math.Inf(1)
		for _, f := range m.classes {
			target = min(target, f.target(strict))
		}
		m.cycle(lambda, target, &out)
		m.measure(lambda, &out)
		if out.converged || out.iterations >= m.classes[0].limit {
			break
		}
		grown := false
		for _, f := range m.classes {
			grown = f.enter(f.missing(lambda)) || grown
		}
		if !grown {
			if m.classes[0].loose && strict < 1e-12 {
				break
			}
			for _, f := range m.classes {
				f.allow(lambda, strict < 1e-12)
			}
			strict *= 0.1
		}
	}
	out.judge(m.classes[0].dependent(lambda), m.separable(lambda))
	return m.model(lambda, out)
}

func (m *multinomial) model(lambda float64, out outcome) *Model {
	model := m.classes[0].model(lambda, m.nullLoss, out, Multinomial)
	model.Predictor, model.Dual = Predictor{}, nil
	shift := 0.0
	for _, f := range m.classes {
		if f.keepDual {
			model.Dual = append(model.Dual, f.dualPoint(out.scale))
		}
		own := f.original()
		model.Classes = append(model.Classes, own)
		shift += own.Intercept
	}
	if m.t.intercept {
		for k := range model.Classes { // only their differences matter
			model.Classes[k].Intercept -= shift / float64(len(m.classes))
		}
	}
	return model
}

// measure computes objective and gap. The dual points of all classes are scaled
// together; at each observation they sum to zero.
func (m *multinomial) measure(lambda float64, out *outcome) {
	out.loss = m.loss()
	out.objective = out.loss
	most, smooth, strict := 1.0, false, 1.0
	m.project(lambda)
	outside := 0.0
	for _, f := range m.classes {
		if lambda > 0 {
			outside = max(outside, f.loss.outside(f.fair, f.first))
		}
	}
	for _, f := range m.classes {
		f.mix(outside)
		f.look(lambda * m.t.alpha)
		out.objective += f.pen.value(lambda, f.beta, f.set)
		limit, over := f.room(lambda, false)
		most, smooth = min(most, limit), smooth || over
		limit, _ = f.room(lambda, true)
		strict = min(strict, limit)
	}
	best, scale := m.dualAt(lambda, most), most
	if smooth {
		if value := m.dualAt(lambda, strict); value > best {
			best, scale = value, strict
		}
	}
	m.classes[0].prove(best, scale, m.rounding(out.objective), out)
}

// rounding is the rounding of an objective.
func (m *multinomial) rounding(objective float64) float64 {
	sum := m.classes[0].rounding(objective)
	for _, f := range m.classes[1:] {
		sum += 1e-15 * f.cancelled()
	}
	return sum
}

// project sets the dual points to the residuals, moved to be feasible for features without a
// penalty. At each observation the points of all classes sum to zero.
func (m *multinomial) project(lambda float64) {
	for _, f := range m.classes {
		copy(f.fair, f.u)
	}
	m.close()
	if m.t.intercept {
		m.balance()
	}
	m.applyIn(lambda)
	for _, f := range m.classes {
		f.basis(lambda).apply(f.fair)
	}
}

// close makes the residual of the observed class the sum of the others.
func (m *multinomial) close() {
	for i, y := range m.t.y {
		own, rest := int(y), 0.0
		for k, f := range m.classes {
			if k != own {
				rest -= f.fair[i]
			}
		}
		m.classes[own].fair[i] = rest
	}
}

// applyIn takes Newton steps on the unpenalised coefficients of all classes except the
// last, which is the reference. Their moves are in proportion to the probabilities, so that
// these stay probabilities.
func (m *multinomial) applyIn(lambda float64) {
	var class []int
	var columns [][]float64
	for k, f := range m.classes[:len(m.classes)-1] {
		for _, b := range f.basis(lambda).basis {
			class, columns = append(class, k), append(columns, b)
		}
	}
	if len(m.t.free) == 0 && lambda > 0 || len(columns) > jointLimit {
		return
	}
	weight, move := make([]float64, m.t.n), make([]float64, m.t.n)
	for range 3 { // the later ones remove the rounding of the first
		factor, kept := dense.Independent(len(columns), func(i, j int) float64 {
			m.fairHessian(weight, class[i], class[j])
			f64.Mul(weight, weight, columns[i])
			return f64.Dot(weight, columns[j])
		})
		step := make([]float64, len(kept))
		for k, i := range kept {
			step[k] = f64.Dot(columns[i], m.classes[class[i]].fair)
		}
		factor.Solve(step)
		next := make([][]float64, len(m.classes))
		for k, f := range m.classes {
			next[k] = append(next[k], f.fair...)
		}
		for from := range m.classes[:len(m.classes)-1] {
			clear(move)
			for k, i := range kept {
				if class[i] == from {
					f64.Axpy(-step[k], columns[i], move)
				}
			}
			for to := range m.classes {
				m.fairHessian(weight, from, to)
				f64.MulAxpy(1, weight, move, next[to])
			}
		}
		for k, f := range m.classes {
			copy(f.fair, next[k])
		}
		m.close()
	}
}

// jointLimit is the largest number of coefficients of all classes for which a factor, or
// sparse columns that are filled, are worth it.
const jointLimit = 400

// fairly is the probability of class k for observation i at the dual points.
func (m *multinomial) fairly(k, i int) float64 {
	p := -m.classes[k].fair[i] / m.t.v[i]
	if int(m.t.y[i]) == k {
		p++
	}
	return min(max(p, 0), 1)
}

// balance moves the dual points as intercepts do until the points of every class sum to
// zero: by Newton steps near there, else by scaling probabilities of classes and of
// observations in turn (Sinkhorn & Knopp 1967). In both ways they stay probabilities.
func (m *multinomial) balance() {
	last, newton := math.Inf(1), true
	sums, factors := make([]float64, len(m.classes)), make([]float64, len(m.classes))
	for range 100 {
		worst := 0.0
		for k, f := range m.classes {
			expected, most := 0.0, 0.0 // sums of probabilities
			for i, u := range f.fair {
				q := -u // times v
				if m.others[k].y[i] == 1 {
					most += m.t.v[i]
					q += m.t.v[i]
				}
				f.h[i] = q
				expected += q
			}
			sums[k] = sumOf(f.fair)
			factors[k] = most / expected
			worst = max(worst, math.Abs(sums[k])/expected)
		}
		if worst < 1e-15 || worst < 1e-13 && worst >= last {
			return
		}
		newton = newton && worst < last/2
		last = worst
		if newton && worst < 0.1 {
			m.newtonFactors(factors, sums)
		}
		m.rescale(factors)
	}
}

// newtonFactors sets the factors of the probabilities, which are in h times v, that belong
// to a Newton step on the intercepts.
func (m *multinomial) newtonFactors(factors, sums []float64) {
	inverse := make([]float64, m.t.n)
	for i, w := range m.t.v {
		if w > 0 {
			inverse[i] = 1 / w
		}
	}
	weighted := make([]float64, m.t.n)
	factor, kept := dense.Independent(len(m.classes)-1, func(k, l int) float64 {
		f64.Mul(weighted, inverse, m.classes[k].h)
		curvature := -f64.Dot(weighted, m.classes[l].h)
		if k == l {
			curvature += sumOf(m.classes[k].h)
		}
		return curvature
	})
	step := make([]float64, len(kept))
	for i, k := range kept {
		step[i] = sums[k]
	}
	factor.Solve(step)
	for k := range factors {
		factors[k] = 1
	}
	for i, k := range kept {
		factors[k] = math.Exp(min(max(step[i], -1), 1))
	}
}

// rescale multiplies the probabilities of the classes, which are in h, and makes the ones of each
// observation sum to one.
func (m *multinomial) rescale(factors []float64) {
	for i, w := range m.t.v {
		if w == 0 {
			continue
		}
		total := 0.0
		for k, f := range m.classes {
			total += f.h[i] * factors[k]
		}
		// The residual of the observed class is the sum of the others.
		own, rest := int(m.t.y[i]), 0.0
		for k, f := range m.classes {
			if k != own {
				f.fair[i] = -f.h[i] * factors[k] * w / total
				rest -= f.fair[i]
			}
		}
		m.classes[own].fair[i] = rest
	}
}

func (m *multinomial) dualAt(lambda, s float64) float64 {
	var value exactSum
	for k, f := range m.classes {
		for i, w := range m.t.v {
			if w == 0 {
				continue
			}
			q, own := -s*f.fair[i]/w, int(m.t.y[i]) == k
			switch {
			case own && q < -1-beyond, !own && q < -beyond:
				return math.Inf(-1)
			case own: // q less than 1
				value.add(-w * complement(-q))
			default:
				value.add(-w * entropy(q))
			}
		}
		value.add(-f.conjugates(lambda, s))
	}
	return value.total()
}

// fairHessian sets h to the second derivatives of the loss by the predictors of two classes,
// where they have the probabilities of the dual points.
func (m *multinomial) fairHessian(h []float64, k, l int) {
	for i, v := range m.t.v {
		h[i] = 0
		if v == 0 {
			continue
		}
		p := m.fairly(k, i)
		if k == l {
			h[i] = v * p * (1 - p)
		} else {
			h[i] = -v * p * m.fairly(l, i)
		}
	}
}

// probability is the probability of class k for observation i at the present predictors.
func (m *multinomial) probability(k, i int) float64 {
	p := -m.classes[k].u[i] / m.t.v[i]
	if int(m.t.y[i]) == k {
		p++
	}
	return p
}
