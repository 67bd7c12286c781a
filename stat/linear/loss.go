package linear

import (
	"math"

	"pare/stat/internal/logistic"
)

// loss is Σ vᵢ f(yᵢ, ηᵢ) of a family with one linear predictor.
type loss interface {
	value(eta []float64) float64
	// dual sets u = −∂loss/∂η.
	dual(u, eta []float64)
	// curvature sets h to the second derivatives, or to something a little larger
	// where they vanish.
	curvature(h, eta []float64)
	// conjugate is the dual objective −Σ vᵢ f*(−uᵢ/vᵢ) at s·u for the best s in
	// [0, most], with s. It is −Inf for a u that no s makes feasible.
	conjugate(u []float64, most float64) (value, s float64)
	// softness sets h to the second derivatives of the loss where u is its residual, by
	// which a move of the predictors changes u, or returns false if a move of u in
	// proportion to the weights can not leave the domain of the conjugate.
	softness(h, u []float64) bool
	// outside returns the least t in [0, 1] for which (1−t)u + t·inner is in the domain
	// of the conjugate.
	outside(u, inner []float64) float64
	// terms is the size of the terms of value that cancel whatever η is: their rounding stays.
	terms() float64
	// quadratic reports whether curvature is the same for every η.
	quadratic() bool
	// start returns the intercept of the model without features.
	start() float64
	// holds reports whether an observation with residual u keeps its predictor from growing
	// without bound.
	holds(i int, u float64) bool
}

// squares is f = ½(y−η)², f*(s) = ½s² + ys.
type squares struct{ y, v []float64 }

func (l *squares) softness(h, u []float64) bool { return false }

func (l *squares) outside(u, inner []float64) float64 { return 0 }

func (l *squares) terms() float64 { return 0 }

func (l *squares) quadratic() bool { return true }

func (l *squares) holds(int, float64) bool { return true }

func (l *squares) start() float64 { return mean(l.y, l.v) }

func mean(y, v []float64) float64 {
	sum := 0.0
	for i, w := range v {
		sum += w * y[i]
	}
	return sum
}

func (l *squares) value(eta []float64) float64 {
	var sum exactSum
	for i, w := range l.v {
		r := l.y[i] - eta[i]
		sum.add(w * r * r)
	}
	return sum.total() / 2
}

func (l *squares) dual(u, eta []float64) {
	for i, w := range l.v {
		u[i] = w * (l.y[i] - eta[i])
	}
}

func (l *squares) curvature(h, eta []float64) { copy(h, l.v) }

func (l *squares) conjugate(u []float64, most float64) (value, s float64) {
	var products, squares exactSum
	for i, w := range l.v {
		if w > 0 {
			products.add(u[i] * l.y[i])
			squares.add(u[i] * u[i] / w)
		}
	}
	product, square := products.total(), squares.total()
	if square == 0 {
		return 0, 0
	}
	s = min(max(product/square, 0), most)
	return s*product - s*s*square/2, s
}

// logisticLoss is f = log(1+eᵑ) − yη with y 0 or 1, f*(s) = q log q + (1−q) log(1−q)
// for q = s + y in [0, 1]. Offsets o are part of η, and add s·o to the conjugate.
type logisticLoss struct{ y, v, o []float64 }

func (l *logisticLoss) holds(i int, u float64) bool { return math.Abs(u) > inDoubt*l.v[i] }

func (l *logisticLoss) softness(h, u []float64) bool {
	for i, w := range l.v {
		h[i] = 0
		if w > 0 {
			q := math.Abs(u[i]) / w
			h[i] = w * q * max(0, 1-q)
		}
	}
	return true
}

func (l *logisticLoss) outside(u, inner []float64) float64 {
	t := 0.0
	for i, w := range l.v {
		if w == 0 {
			continue
		}
		sign := (2*l.y[i] - 1) / w
		q, q0 := sign*u[i], sign*inner[i]
		if q < -beyond && q0 > 0 {
			t = max(t, -q/(q0-q))
		} else if q > 1+beyond && q0 < 1 {
			t = max(t, (q-1)/(q-q0))
		}
	}
	return t
}

func (l *logisticLoss) terms() float64 { return 0 }

func (l *logisticLoss) quadratic() bool { return false }

func (l *logisticLoss) start() float64 {
	p := mean(l.y, l.v)
	b := math.Log(p / (1 - p))
	if l.o == nil {
		return b
	}
	u, h, eta := make([]float64, len(l.o)), make([]float64, len(l.o)), make([]float64, len(l.o))
	for range 100 { // Newton steps, short ones at first
		for i, o := range l.o {
			eta[i] = b + o
		}
		l.dual(u, eta)
		l.curvature(h, eta)
		step := min(max(sumOf(u)/sumOf(h), -1), 1)
		b += step
		if math.Abs(step) <= 1e-14*(1+math.Abs(b)) {
			break
		}
	}
	return b
}

func (l *logisticLoss) value(eta []float64) float64 {
	var sum exactSum
	for i, w := range l.v {
		sum.add(w * logistic.Softplus((1-2*l.y[i])*eta[i]))
	}
	return sum.total()
}

func (l *logisticLoss) dual(u, eta []float64) {
	for i, w := range l.v {
		sign := 2*l.y[i] - 1
		u[i] = w * sign / (1 + math.Exp(sign*eta[i]))
	}
}

// flattest is the least second derivative that Newton steps use.
const flattest = 1e-6

func (l *logisticLoss) curvature(h, eta []float64) {
	for i, w := range l.v {
		e := math.Exp(-math.Abs(eta[i]))
		h[i] = w * max(e/((1+e)*(1+e)), flattest)
	}
}

func (l *logisticLoss) conjugate(u []float64, most float64) (value, s float64) {
	s = min(most, 1)
	var sum exactSum
	for i, w := range l.v {
		if w == 0 {
			continue
		}
		// q is the probability of the class that was not observed.
		q := s * u[i] / w * (2*l.y[i] - 1)
		if q < -beyond || q > 1+beyond {
			return math.Inf(-1), s
		}
		sum.add(-w * (entropy(q) + complement(q)))
		if l.o != nil {
			sum.add(-s * u[i] * l.o[i])
		}
	}
	return sum.total(), s
}

// beyond is the amount by which rounding in a projection may take probabilities out of
// their range.
const beyond = 1e-16

// entropy is q log q.
func entropy(q float64) float64 {
	if q <= 0 {
		return 0
	}
	return q * math.Log(q)
}

// complement is entropy(1−q), as exact for small q as for others.
func complement(q float64) float64 {
	if q >= 1 {
		return 0
	}
	return (1 - q) * math.Log1p(-q)
}

// poissonLoss is f = eᵑ − yη + y log y − y, half the deviance of a count y with mean eᵑ, and
// f*(s) = q log q − q − y log y + y for q = s + y ≥ 0. Offsets are as in logisticLoss.
type poissonLoss struct {
	y, v, o []float64
	least   []float64 // y log y − y
	size    float64   // Σ v(|least| + y)
}

func newPoissonLoss(t *task) *poissonLoss {
	l := &poissonLoss{y: t.y, v: t.v, o: t.offset, least: make([]float64, t.n)}
	for i, y := range t.y {
		l.least[i] = entropy(y) - y
		l.size += t.v[i] * (math.Abs(l.least[i]) + y)
	}
	return l
}

func (l *poissonLoss) terms() float64 { return l.size }

func (l *poissonLoss) quadratic() bool { return false }

func (l *poissonLoss) start() float64 {
	if l.o == nil {
		return math.Log(mean(l.y, l.v))
	}
	exposure, top := 0.0, math.Inf(-1)
	for i, w := range l.v {
		if w > 0 {
			top = max(top, l.o[i])
		}
	}
	for i, w := range l.v {
		if w > 0 {
			exposure += w * math.Exp(l.o[i]-top)
		}
	}
	return math.Log(mean(l.y, l.v)/exposure) - top
}

// holds: where a count above 0 was observed, the predictor cannot fall without bound.
func (l *poissonLoss) holds(i int, u float64) bool { return l.y[i] > 0 || -u > inDoubt*l.v[i] }

func (l *poissonLoss) value(eta []float64) float64 {
	var sum exactSum
	for i, w := range l.v {
		if w > 0 {
			sum.add(w * math.Exp(eta[i]))
			sum.add(w * (l.least[i] - l.y[i]*eta[i]))
		}
	}
	return sum.total()
}

func (l *poissonLoss) dual(u, eta []float64) {
	for i, w := range l.v {
		u[i] = 0
		if w > 0 {
			u[i] = w * (l.y[i] - math.Exp(eta[i]))
		}
	}
}

func (l *poissonLoss) curvature(h, eta []float64) {
	for i, w := range l.v {
		h[i] = 0
		if w > 0 {
			h[i] = w * max(math.Exp(eta[i]), flattest*l.y[i])
		}
	}
}

func (l *poissonLoss) softness(h, u []float64) bool {
	for i, w := range l.v {
		h[i] = max(0, w*l.y[i]-u[i])
	}
	return true
}

func (l *poissonLoss) outside(u, inner []float64) float64 {
	t := 0.0
	for i, w := range l.v {
		if w == 0 {
			continue
		}
		q, q0 := l.y[i]-u[i]/w, l.y[i]-inner[i]/w
		if q < -beyond && q0 > 0 {
			t = max(t, -q/(q0-q))
		}
	}
	return t
}

func (l *poissonLoss) conjugate(u []float64, most float64) (value, s float64) {
	s = min(most, 1)
	var sum exactSum
	for i, w := range l.v {
		if w == 0 {
			continue
		}
		q := l.y[i] - s*u[i]/w
		if q < -beyond*(1+l.y[i]) {
			return math.Inf(-1), s
		}
		sum.add(w * (l.least[i] + max(q, 0)))
		sum.add(-w * entropy(q))
		if l.o != nil {
			sum.add(-s * u[i] * l.o[i])
		}
	}
	return sum.total(), s
}

// softmaxRows turns columns of linear predictors, one a class, into probabilities.
func softmaxRows(columns [][]float64) {
	for i := range columns[0] {
		top := math.Inf(-1)
		for _, c := range columns {
			top = max(top, c[i])
		}
		sum := 0.0
		for _, c := range columns {
			c[i] = math.Exp(c[i] - top)
			sum += c[i]
		}
		for _, c := range columns {
			c[i] /= sum
		}
	}
}

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
