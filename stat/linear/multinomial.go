package linear

import (
	"fmt"
	"math"
	"slices"
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
		l := &against{logisticLoss{is, t.v}, make([]float64, t.n), make([]float64, t.n)}
		f := newFitter(t, l, elasticNet{t}, columns, o)
		m.classes, m.others = append(m.classes, f), append(m.others, l)
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
		f.refresh()
	}
	for k := range m.classes {
		m.face(k)
	}
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

// cycle solves the classes in turn until none violates the optimality conditions of
// its working set by more than target.
func (m *multinomial) cycle(lambda, target float64, out *outcome) {
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
		if round >= slowCycles {
			for k := range m.classes {
				m.face(k)
			}
			m.joint(lambda, target, out)
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
	model.Intercept, model.Index, model.Value, model.Dual = 0, nil, nil, nil
	shift := 0.0
	for _, f := range m.classes {
		if f.keepDual {
			model.Dual = append(model.Dual, f.dualPoint(out.scale))
		}
		intercept, index, value := f.original()
		model.Classes = append(model.Classes, Class{intercept, index, value})
		shift += intercept
	}
	if m.t.intercept {
		for k := range model.Classes { // only their differences matter
			model.Classes[k].Intercept -= shift / float64(len(m.classes))
		}
	}
	return model
}
