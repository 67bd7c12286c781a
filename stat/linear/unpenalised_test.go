package linear

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// quiet is a problem of which some features hardly explain anything: those that a
// search by correlations with a projected point would never find.
func quiet(seed uint64, n, p int) (Problem, []float64) {
	r := rand.New(rand.NewPCG(seed, 17))
	x := make([]float64, n*p)
	for i := range x {
		x[i] = r.NormFloat64()*(1+float64(i/n)) + 10*float64(i/n)
	}
	y := make([]float64, n)
	for i := range y {
		y[i] = 3 + x[i] - 0.5*x[n*(p-1)+i] + 0.5*r.NormFloat64()
	}
	d, err := NewDense(n, p, x)
	if err != nil {
		panic(err)
	}
	return Problem{X: d, Y: y}, x
}

// byQR solves weighted least squares by a QR decomposition.
func byQR(t *testing.T, p Problem, x []float64) (intercept float64, beta []float64) {
	t.Helper()
	n, features := p.X.Dims()
	first := 1
	if p.NoIntercept {
		first = 0
	}
	a, b := mat.NewDense(n, features+first, nil), mat.NewVecDense(n, nil)
	for i := range n {
		w := 1.0
		if p.Weights != nil {
			w = math.Sqrt(p.Weights[i])
		}
		if first == 1 {
			a.Set(i, 0, w)
		}
		for j := range features {
			a.Set(i, first+j, w*x[j*n+i])
		}
		b.SetVec(i, w*p.Y[i])
	}
	var qr mat.QR
	qr.Factorize(a)
	var out mat.VecDense
	if err := qr.SolveVecTo(&out, false, b); err != nil {
		t.Fatal(err)
	}
	beta = out.RawVector().Data
	if first == 1 {
		return beta[0], beta[1:]
	}
	return 0, beta
}

func TestLambdaZeroIsLeastSquares(t *testing.T) {
	weights := make([]float64, 60)
	for i := range weights {
		weights[i] = float64(i % 4)
	}
	factor := []float64{0, 1, 2, 0, 1, 1, 1, 1, 1, 1}
	for name, change := range map[string]func(p *Problem){
		"lasso":            func(p *Problem) {},
		"elastic net":      func(p *Problem) { p.Alpha = 0.3 },
		"weights":          func(p *Problem) { p.Weights = weights },
		"no intercept":     func(p *Problem) { p.NoIntercept = true },
		"not standardised": func(p *Problem) { p.NoStandardize = true },
		"penalty factors":  func(p *Problem) { p.PenaltyFactor = factor },
		"groups":           func(p *Problem) { p.Groups = []int{0, 0, 1, 1, 1, 2, 2, 2, 2, 2} },
		"sparse":           func(p *Problem) { p.X = sparseOf(60, 10, p.X.(*Dense).data) },
		"unreached bounds": func(p *Problem) { p.Lower, p.Upper = filled(10, -100), filled(10, 100) },
		"groups and sparse": func(p *Problem) {
			p.Groups = []int{0, 0, 1, 1, 1, 2, 2, 2, 2, 2}
			p.X = sparseOf(60, 10, p.X.(*Dense).data)
		},
	} {
		for seed := range uint64(20) {
			p, x := quiet(seed, 60, 10)
			change(&p)
			intercept, beta := byQR(t, p, x)
			path, err := FitPath(p, []float64{0.3, 0.01, 0, 0}, PathOptions{Options: Options{KeepDual: true}})
			if err != nil {
				t.Fatal(err)
			}
			alone, err := Fit(p, 0, Options{KeepDual: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range append(path.Models[2:], alone) {
				f := &labelled{t, name}
				check(f, p, m)
				if m.Dependent != 0 || m.Gradient > 1e-13 {
					t.Errorf("%s: %d dependent features, gradient %v", name, m.Dependent, m.Gradient)
				}
				if d := math.Abs(m.Intercept - intercept); d > 1e-11*(1+math.Abs(intercept)) {
					t.Errorf("%s: intercept %v, QR %v", name, m.Intercept, intercept)
				}
				for j, b := range m.Coefficients(10) {
					if math.Abs(b-beta[j]) > 1e-12 {
						t.Errorf("%s: coefficient %d is %v, QR %v", name, j, b, beta[j])
					}
				}
			}
		}
	}
}

func filled(n int, v float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// TestTinyLambda: a lambda far below the rounding of correlations gives least squares.
func TestTinyLambda(t *testing.T) {
	for seed := range uint64(20) {
		testTinyLambda(t, seed)
	}
}

func testTinyLambda(t *testing.T, seed uint64) {
	p, x := quiet(seed, 40, 2+int(seed)%5)
	_, beta := byQR(t, p, x)
	for _, lambda := range []float64{1e-12, 1e-100, 5e-324} {
		for _, alpha := range []float64{1, 1e-3, 1e-300} {
			p.Alpha = alpha
			m, err := Fit(p, lambda, Options{Tolerance: 1e-12})
			if err != nil {
				t.Fatal(err)
			}
			if !m.Converged {
				t.Errorf("lambda %v, alpha %v: %s", lambda, alpha, m.Note())
			}
			for j, b := range m.Coefficients(len(beta)) {
				if math.Abs(b-beta[j]) > 1e-5 {
					t.Errorf("lambda %v, alpha %v: coefficient %d is %v, least squares %v", lambda, alpha, j, b, beta[j])
				}
			}
		}
	}
}

// TestLambdaZeroOfDependentColumns: a sum of others, whatever the size of its mean, and
// more features than observations leave coefficients open, which the model says.
func TestLambdaZeroOfDependentColumns(t *testing.T) {
	for _, shift := range []float64{0, 1e3, 1e6} {
		p, x := quiet(5, 60, 10)
		for i := range 60 {
			x[i] += shift
			x[2*60+i] = x[i] - 2*x[60+i]
		}
		p.X, _ = NewDense(60, 10, x)
		m, err := Fit(p, 0, Options{KeepDual: true})
		if err != nil {
			t.Fatal(err)
		}
		check(t, p, m)
		if m.Dependent != 1 || m.Coefficients(10)[2] != 0 {
			t.Errorf("shift %v: %d dependent, coefficients %v", shift, m.Dependent, m.Coefficients(10))
		}
	}
	for _, family := range []Family{Gaussian, Binomial} {
		p, _ := quiet(6, 20, 50)
		if p.Family = family; family == Binomial {
			for i := range p.Y {
				p.Y[i] = float64(i % 2)
			}
		}
		m, err := Fit(p, 0, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if m.Dependent != 31 || m.Converged != (family == Gaussian) || m.Separable != (family == Binomial) {
			t.Errorf("%v: %d dependent, converged %v, separable %v", family, m.Dependent, m.Converged, m.Separable)
		}
	}
	p, x := quiet(7, 60, 3)
	copy(x[60:120], x[:60])
	p.X, _ = NewDense(60, 3, x)
	p.PenaltyFactor = []float64{0, 0, 1}
	m, err := Fit(p, 0.1, Options{})
	if err != nil || !m.Converged || m.Dependent != 1 {
		t.Errorf("unpenalised copies: %+v, %v", m, err)
	}
}

// TestLambdaZeroWithinBounds compares with the best of all choices of coefficients at
// their bounds.
func TestLambdaZeroWithinBounds(t *testing.T) {
	const n, k = 30, 4
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 3))
		x, y := make([]float64, n*k), make([]float64, n)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		for i := range y {
			y[i] = x[i] - x[n+i] + r.NormFloat64()
		}
		d, _ := NewDense(n, k, x)
		p := Problem{X: d, Y: y, Lower: []float64{0, 0, -0.1, math.Inf(-1)}, Upper: []float64{math.Inf(1), 0.2, 0.1, 0.05}}
		best := math.Inf(1)
		for choice := range 81 { // of each: free, lower, upper
			at, free, rest := choice, []int{}, append([]float64(nil), y...)
			ok := true
			for j := range k {
				v := math.NaN()
				switch at % 3 {
				case 1:
					v = p.Lower[j]
				case 2:
					v = p.Upper[j]
				}
				if at /= 3; math.IsNaN(v) {
					free = append(free, j)
				} else if ok = ok && !math.IsInf(v, 0); ok {
					for i := range rest {
						rest[i] -= v * x[j*n+i]
					}
				}
			}
			if !ok {
				continue
			}
			a := mat.NewDense(n, 1+len(free), nil)
			for i := range n {
				a.Set(i, 0, 1)
				for c, j := range free {
					a.Set(i, c+1, x[j*n+i])
				}
			}
			var b mat.VecDense
			if err := b.SolveVec(a, mat.NewVecDense(n, rest)); err != nil {
				t.Fatal(err)
			}
			for c, j := range free {
				ok = ok && b.AtVec(c+1) >= p.Lower[j] && b.AtVec(c+1) <= p.Upper[j]
			}
			if !ok {
				continue
			}
			var eta mat.VecDense
			eta.MulVec(a, &b)
			loss := 0.0
			for i, v := range rest {
				loss += (v - eta.AtVec(i)) * (v - eta.AtVec(i)) / (2 * n)
			}
			best = min(best, loss)
		}
		m, err := Fit(p, 0, Options{KeepDual: true})
		if err != nil {
			t.Fatal(err)
		}
		check(t, p, m)
		if math.Abs(m.Loss-best) > 1e-13 {
			t.Errorf("seed %d: loss %v, the best of all choices %v", seed, m.Loss, best)
		}
	}
}

// classesOf are rows of two features with classes that overlap, are separated by the
// first feature, are separated but for rows that tie, or have an outlier.
func classesOf(kind string, classes int) ([]float64, []float64) {
	const n = 90
	r := rand.New(rand.NewPCG(4, 4))
	x, y := make([]float64, 2*n), make([]float64, n)
	for i := range y {
		y[i] = float64(i % classes)
		x[i], x[n+i] = r.NormFloat64()+0.5*y[i], r.NormFloat64()
		switch kind {
		case "separated":
			x[i] = 3*y[i] + r.Float64()
		case "tied":
			if x[i] = 1; i > 6 {
				x[i] = 1 + (2*y[i]-1)*(0.5+r.Float64())
			}
		case "outlier": // that fits: its fitted probability is 0, and there is a minimum
			if i == 1 {
				x[i] = 1e4
			}
		}
	}
	return x, y
}

func TestSeparableClassesHaveNoFit(t *testing.T) {
	for _, c := range []struct {
		kind    string
		family  Family
		classes int
		want    bool
	}{
		{"overlapping", Binomial, 2, false}, {"separated", Binomial, 2, true}, {"tied", Binomial, 2, true}, {"outlier", Binomial, 2, false},
		{"overlapping", Multinomial, 3, false}, {"separated", Multinomial, 3, true}, {"tied", Multinomial, 2, true}, {"outlier", Multinomial, 3, false},
	} {
		x, y := classesOf(c.kind, c.classes)
		d, _ := NewDense(len(y), 2, x)
		problems := []Problem{{}, {Alpha: 0.5}, {NoStandardize: true}, {X: sparseOf(len(y), 2, x)}, {PenaltyFactor: []float64{0, 1}}}
		if c.family == Binomial {
			problems = append(problems, Problem{Groups: []int{0, 0}})
		}
		for k, p := range problems {
			if p.Y, p.Family = y, c.family; p.X == nil {
				p.X = d
			}
			for _, lambda := range []float64{0, 0.01} {
				m, err := Fit(p, lambda, Options{Tolerance: 1e-9})
				if err != nil {
					t.Fatal(err)
				}
				want := c.want && (lambda == 0 || p.PenaltyFactor != nil)
				if m.Separable != want || m.Converged == want || want != strings.Contains(m.Note(), "without bound") {
					t.Errorf("%s, %v, problem %d, lambda %v: separable %v, converged %v, gap %v, note %q", c.kind,
						c.family, k, lambda, m.Separable, m.Converged, m.Gap, m.Note())
				}
				if !want && lambda == 0 && m.Gradient > 1e-9 {
					t.Errorf("%s, %v, problem %d: gradient %v", c.kind, c.family, k, m.Gradient)
				}
			}
		}
	}
}

// TestLambdaZeroOfClasses: with a feature of 0 and 1 the fit is the logarithms of the
// frequencies.
func TestLambdaZeroOfClasses(t *testing.T) {
	counts := [2][3]float64{{30, 7, 3}, {5, 11, 23}}
	var x, y []float64
	for f, list := range counts {
		for c, n := range list {
			for range int(n) {
				x, y = append(x, float64(f)), append(y, float64(c))
			}
		}
	}
	d, _ := NewDense(len(y), 1, x)
	m, err := Fit(Problem{X: d, Y: y, Family: Multinomial}, 0, Options{KeepDual: true})
	if err != nil {
		t.Fatal(err)
	}
	check(t, Problem{X: d, Y: y, Family: Multinomial}, m)
	for c := range 3 {
		got := m.Classes[c].Coefficients(1)[0] - m.Classes[0].Coefficients(1)[0]
		want := math.Log(counts[1][c]/counts[1][0]) - math.Log(counts[0][c]/counts[0][0])
		if math.Abs(got-want) > 1e-10 {
			t.Errorf("log odds of class %d: %v, want %v", c, got, want)
		}
	}
}

// TestGapsAreNotNegative: at the optimum, where primal and dual objective are equal up to
// rounding, the fit has converged however rare a class is.
func TestGapsAreNotNegative(t *testing.T) {
	r := rand.New(rand.NewPCG(18, 0))
	for try := range 150 {
		n := 3 + r.IntN(900)
		x, y := make([]float64, n), make([]float64, n)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		classes := 2 + try%3
		for i := range y {
			if y[i] = float64(i); i >= classes {
				y[i] = 0
			}
		}
		for range r.IntN(n) {
			y[classes+r.IntN(n-classes+1)-1] = float64(r.IntN(classes))
		}
		for k := range classes {
			y[k] = float64(k)
		}
		d, _ := NewDense(n, 1, x)
		p := Problem{X: d, Y: y, Family: Multinomial}
		if classes == 2 {
			p.Family = Binomial
			if try%2 == 1 {
				p.Groups = []int{0}
			}
		}
		m, err := Fit(p, 10, Options{Tolerance: 1e-13})
		if err != nil {
			t.Fatal(err)
		}
		if !(m.Gap >= 0) || !m.Converged {
			t.Errorf("%d rows, %d classes: gap %v, converged %v", n, classes, m.Gap, m.Converged)
		}
	}
}
