package robust

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pare/stat/linear"
)

// TestFormulasAreTheWorstCorner tries all corners of the box.
func TestFormulasAreTheWorstCorner(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		p := 1 + rng.IntN(6)
		w, x := make([]float64, p), make([]float64, p)
		for j := range w {
			w[j], x[j] = rng.NormFloat64(), rng.NormFloat64()
			if rng.IntN(4) == 0 {
				w[j] = 0
			}
		}
		b, y, epsilon := rng.NormFloat64(), rng.NormFloat64(), rng.Float64()
		class := float64(1 - 2*rng.IntN(2))
		square, logistic, lowest := 0.0, 0.0, math.Inf(1)
		moved := make([]float64, p)
		for corner := range 1 << p {
			for j := range moved {
				moved[j] = x[j] + epsilon*float64(2*(corner>>j&1)-1)
			}
			s := score(w, b, moved)
			square = max(square, (y-s)*(y-s))
			logistic = max(logistic, math.Log1p(math.Exp(-class*s)))
			lowest = min(lowest, s)
		}
		near := func(what string, got, want float64) {
			if math.Abs(got-want) > 1e-12*(1+math.Abs(want)) {
				t.Fatalf("%s %v, want %v (w %v, ε %v)", what, got, want, w, epsilon)
			}
		}
		s, norm := score(w, b, x), Norm1(w)
		near("square loss", SquareLoss(y-s, norm, epsilon), square)
		near("logistic loss", LogisticLoss(class*s, norm, epsilon), logistic)
		near("deviance of a number", Deviance(linear.Gaussian, s, y, epsilon*norm, epsilon*norm), square)
		near("deviance of a class", Deviance(linear.Binomial, s, (class+1)/2, epsilon*norm, epsilon*norm), 2*logistic)
		for j, d := range perturbation(w, epsilon) {
			moved[j] = x[j] + d
		}
		near("score of the perturbed", score(w, b, moved), lowest)
	}
	if v := LogisticLoss(-1e4, 3, 0.1); math.Abs(v-1e4-0.3) > 1e-9 {
		t.Errorf("loss of a large margin %v", v)
	}
}

// score is wᵀx + b.
func score(w []float64, b float64, x []float64) float64 {
	for j, v := range w {
		b += v * x[j]
	}
	return b
}

// perturbation is the δ with |δⱼ| ≤ ε that lowers wᵀ(x+δ) most: −ε·sign(wⱼ),
// and 0 where wⱼ is. The worst for a model of classes is it times y = ±1, the
// worst for a residual it times the residual's sign (+1 where that is 0).
func perturbation(w []float64, epsilon float64) []float64 {
	d := make([]float64, len(w))
	for j, v := range w {
		switch {
		case v > 0:
			d[j] = -epsilon
		case v < 0:
			d[j] = epsilon
		}
	}
	return d
}

type problem struct {
	name     string
	n, p     int
	x, y     []float64
	epsilon  float64
	logistic bool
	o        Options
}

func (q problem) train() (*Model, error) {
	if q.logistic {
		return TrainLogistic(q.n, q.p, q.x, q.y, q.epsilon, q.o)
	}
	return TrainSquare(q.n, q.p, q.x, q.y, q.epsilon, q.o)
}

func (q problem) objective(w []float64, b float64) float64 {
	sum, norm := 0.0, Norm1(w)
	for i := range q.n {
		score := b
		for j, v := range w {
			score += v * q.x[j*q.n+i]
		}
		if q.logistic {
			sum += LogisticLoss((2*q.y[i]-1)*score, norm, q.epsilon)
		} else {
			sum += SquareLoss(q.y[i]-score, norm, q.epsilon)
		}
	}
	return sum / float64(q.n)
}

func problems() []problem {
	rng := rand.New(rand.NewPCG(2, 2))
	var out []problem
	add := func(name string, n, p int, epsilon float64, logistic bool, o Options) {
		q := problem{name: name, n: n, p: p, epsilon: epsilon, logistic: logistic, o: o, x: make([]float64, n*p), y: make([]float64, n)}
		for i := range q.x {
			q.x[i] = rng.NormFloat64()
		}
		for i := range q.y {
			v := 2 + rng.NormFloat64()
			for j := range min(3, p) {
				v += float64(j+1) * q.x[j*n+i]
			}
			q.y[i] = v
			if logistic {
				q.y[i] = 0
				if v+rng.NormFloat64() > 1 {
					q.y[i] = 1
				}
			}
		}
		out = append(out, q)
	}
	for _, logistic := range []bool{false, true} {
		add("tall", 120, 6, 0.1, logistic, Options{})
		add("large epsilon", 60, 5, 0.6, logistic, Options{})
		add("wide", 30, 80, 0.2, logistic, Options{})
		add("wide, small epsilon", 20, 50, 0.05, logistic, Options{})
		add("wide, larger epsilon", 60, 90, 0.35, logistic, Options{})
		add("no intercept", 50, 7, 0.2, logistic, Options{NoIntercept: true})
		add("one column", 40, 1, 0.3, logistic, Options{})
		add("two rows more", 9, 8, 0.1, logistic, Options{})
	}
	return out
}

// TestTrainedIsTheOptimum: the gap is proved and small, the objective is
// the formula's for the model, and no step in any direction improves it by
// more than the gap.
func TestTrainedIsTheOptimum(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for _, q := range problems() {
		name := q.name
		if q.logistic {
			name += ", logistic"
		}
		m, err := q.train()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		zeros := 0
		for _, w := range m.Weights {
			if w == 0 {
				zeros++
			}
		}
		t.Logf("%s: objective %.6g of %.6g, gap %.2g, %d iterations, %d of %d weights are 0, separable %v", name,
			m.Objective, m.Null, m.Gap, m.Iterations, zeros, q.p, m.Separable)
		if m.Separable {
			if !q.logistic || m.Converged || m.Gap != m.Objective {
				t.Errorf("%s: separable, %+v", name, m)
			}
			continue
		}
		if !m.Converged || m.Gap < 0 || m.Gap > 1e-8*m.Null {
			t.Errorf("%s: gap %v of %v, converged %v after %d", name, m.Gap, m.Null, m.Converged, m.Iterations)
		}
		got := q.objective(m.Weights, m.Intercept)
		if math.Abs(got-m.Objective) > 1e-10*m.Null {
			t.Errorf("%s: objective %v, said %v", name, got, m.Objective)
		}
		if q.o.NoIntercept && m.Intercept != 0 {
			t.Errorf("%s: intercept %v", name, m.Intercept)
		}
		w := make([]float64, q.p)
		for range 400 {
			size := math.Pow(10, -4*rng.Float64())
			copy(w, m.Weights)
			if rng.IntN(2) == 0 {
				w[rng.IntN(q.p)] += size * rng.NormFloat64()
			} else {
				for j := range w {
					w[j] += size * rng.NormFloat64()
				}
			}
			b := m.Intercept
			if !q.o.NoIntercept {
				b += size * rng.NormFloat64()
			}
			if f := q.objective(w, b); f < m.Objective-m.Gap-1e-12*m.Null {
				t.Fatalf("%s: a step gives %v, the model %v with gap %v", name, f, m.Objective, m.Gap)
			}
		}
	}
}

// TestEpsilonLargeEnoughRemovesEverything: at ε of at least
// max |Σ sign(rᵢ)|rᵢ|xᵢⱼ| / Σ|rᵢ| for r = y − b, w = 0 is the optimum, with b
// the mean: the gradient in w is then within that of ε‖w‖₁.
func TestEpsilonLargeEnoughRemovesEverything(t *testing.T) {
	q := problems()[0]
	mean := 0.0
	for _, v := range q.y {
		mean += v / float64(q.n)
	}
	all, most := 0.0, 0.0
	for _, v := range q.y {
		all += math.Abs(v - mean)
	}
	for j := range q.p {
		sum := 0.0
		for i, v := range q.y {
			sum += (v - mean) * q.x[j*q.n+i]
		}
		most = max(most, math.Abs(sum))
	}
	for factor, empty := range map[float64]bool{1.001: true, 0.99: false} {
		q.epsilon = factor * most / all
		m, err := q.train()
		if err != nil {
			t.Fatal(err)
		}
		if (Norm1(m.Weights) == 0) != empty {
			t.Errorf("at %v of the bound the weights are %v, gap %v", factor, m.Weights, m.Gap)
		}
		if math.Abs(m.Gap) > 1e-8*m.Null {
			t.Errorf("gap %v of %v", m.Gap, m.Null)
		}
	}
}

func TestOneColumnAgainstSearch(t *testing.T) {
	for _, q := range problems() {
		if q.p != 1 {
			continue
		}
		m, err := q.train()
		if err != nil {
			t.Fatal(err)
		}
		ternary := func(f func(float64) float64) float64 {
			low, high := -20.0, 20.0
			for range 90 {
				a, b := low+(high-low)/3, high-(high-low)/3
				if f(a) < f(b) {
					high = b
				} else {
					low = a
				}
			}
			return f(low)
		}
		best := ternary(func(w float64) float64 {
			return ternary(func(b float64) float64 { return q.objective([]float64{w}, b) })
		})
		if math.Abs(best-m.Objective) > 1e-8*m.Null {
			t.Errorf("logistic %v: objective %v, a search finds %v", q.logistic, m.Objective, best)
		}
	}
}

func TestSeparableIsSaid(t *testing.T) {
	x := []float64{-2, -1.5, 1.5, 2}
	y := []float64{0, 0, 1, 1}
	m, err := TrainLogistic(4, 1, x, y, 0.5, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !m.Separable || m.Converged || m.Gap != m.Objective || m.Weights[0] <= 0 {
		t.Errorf("%+v", m)
	}
	m, err = TrainLogistic(4, 1, x, y, 1.6, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Separable || !m.Converged {
		t.Errorf("beyond the margin: %+v", m)
	}
}

func TestScaleOfTargetsAndConstantTargets(t *testing.T) {
	q := problems()[0]
	a, err := q.train()
	if err != nil {
		t.Fatal(err)
	}
	scaled := append([]float64(nil), q.y...)
	for i := range scaled {
		scaled[i] = 1e6 * (scaled[i] + 5)
	}
	b, err := TrainSquare(q.n, q.p, q.x, scaled, q.epsilon, q.o)
	if err != nil {
		t.Fatal(err)
	}
	for j := range a.Weights {
		if math.Abs(b.Weights[j]/1e6-a.Weights[j]) > 1e-6 {
			t.Errorf("weight %d: %v, want %v", j, b.Weights[j]/1e6, a.Weights[j])
		}
	}
	if math.Abs(b.Intercept/1e6-5-a.Intercept) > 1e-6 {
		t.Errorf("intercept %v, want %v", b.Intercept/1e6, a.Intercept+5)
	}
	c, err := TrainSquare(3, 1, []float64{1, 2, 3}, []float64{4, 4, 4}, 0.1, Options{})
	if err != nil || c.Intercept != 4 || c.Weights[0] != 0 || c.Objective != 0 || !c.Converged {
		t.Errorf("constant target: %+v, %v", c, err)
	}
}

func TestErrors(t *testing.T) {
	x, y := []float64{1, 2, 3, math.NaN()}, []float64{0, 1}
	for want, f := range map[string]func() (*Model, error){
		"row 2, column 2 of the design: NaN": func() (*Model, error) { return TrainSquare(2, 2, x, y, 0.1, Options{}) },
		"epsilon has to be positive":         func() (*Model, error) { return TrainSquare(2, 1, x[:2], y, 0, Options{}) },
		"need 6":                             func() (*Model, error) { return TrainSquare(2, 3, x, y, 0.1, Options{}) },
		"neither 0 nor 1":                    func() (*Model, error) { return TrainLogistic(2, 1, x[:2], []float64{0, 2}, 0.1, Options{}) },
		"one class":                          func() (*Model, error) { return TrainLogistic(2, 1, x[:2], []float64{1, 1}, 0.1, Options{}) },
		"negative":                           func() (*Model, error) { return TrainSquare(2, 1, x[:2], y, 1, Options{Tolerance: -1}) },
	} {
		if _, err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	m, err := problems()[0].train()
	if err != nil {
		t.Fatal(err)
	}
	q := problems()[0]
	q.o.MaxIterations = 2
	short, err := q.train()
	if err != nil {
		t.Fatal(err)
	}
	if short.Converged || short.Gap < short.Objective-m.Objective || short.Iterations != 2 {
		t.Errorf("after 2 iterations: gap %v, above the optimum by %v, converged %v", short.Gap, short.Objective-m.Objective, short.Converged)
	}
}
