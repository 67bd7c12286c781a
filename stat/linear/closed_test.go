package linear

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func soft(z, l float64) float64 {
	return math.Copysign(max(0, math.Abs(z)-l), z)
}

// TestOrthonormal compares with β = S(x̃ᵀy, λα)/(1 + λ(1−α)) for a design with
// orthogonal columns of mean zero and variance one.
func TestOrthonormal(t *testing.T) {
	x := []float64{
		1, 1, 1, 1, -1, -1, -1, -1,
		1, 1, -1, -1, 1, 1, -1, -1,
		1, -1, 1, -1, 1, -1, 1, -1,
	}
	d, err := NewDense(8, 3, x)
	if err != nil {
		t.Fatal(err)
	}
	y := []float64{3, 1, 4, -1, 5, -9, 2, 6}
	for _, alpha := range []float64{1, 0.4} {
		for _, lambda := range []float64{0, 0.3, 1, 10} {
			m, err := Fit(Problem{X: d, Y: y, Alpha: alpha}, lambda, Options{})
			if err != nil {
				t.Fatal(err)
			}
			beta := m.Coefficients(3)
			for j := range beta {
				z := d.Dot(j, y) / 8
				want := soft(z, lambda*alpha) / (1 + lambda*(1-alpha))
				if math.Abs(beta[j]-want) > 1e-12 {
					t.Errorf("alpha %v, lambda %v, feature %d: %v, want %v", alpha, lambda, j, beta[j], want)
				}
			}
			if math.Abs(m.Intercept-11.0/8) > 1e-12 || m.Gap < 0 || !m.Converged {
				t.Errorf("alpha %v, lambda %v: intercept %v, gap %v", alpha, lambda, m.Intercept, m.Gap)
			}
		}
	}
}

// TestTwoByTwo compares with the closed form of two correlated columns, both active:
// G β = c − λ·sign.
func TestTwoByTwo(t *testing.T) {
	for _, rho := range []float64{0.5, -0.8, 0.99} {
		a, b := math.Sqrt(2), rho*math.Sqrt(2)
		c := math.Sqrt(2 - b*b)
		d, err := NewDense(2, 2, []float64{a, 0, b, c})
		if err != nil {
			t.Fatal(err)
		}
		y := []float64{2, 1.5}
		lambda := 0.01
		m, err := Fit(Problem{X: d, Y: y, NoIntercept: true, NoStandardize: true}, lambda, Options{Tolerance: 1e-14})
		if err != nil {
			t.Fatal(err)
		}
		c1, c2 := d.Dot(0, y)/2, d.Dot(1, y)/2
		beta := m.Coefficients(2)
		s1, s2 := math.Copysign(1, beta[0]), math.Copysign(1, beta[1])
		det := 1 - rho*rho
		want := []float64{(c1 - lambda*s1 - rho*(c2-lambda*s2)) / det, (c2 - lambda*s2 - rho*(c1-lambda*s1)) / det}
		for j := range want {
			if math.Abs(beta[j]-want[j]) > 1e-9 {
				t.Errorf("rho %v: %v, want %v", rho, beta, want)
			}
		}
	}
}

func TestLambdaMax(t *testing.T) {
	p := diabetes(t)
	n := float64(len(p.Y))
	x := p.X.(*Dense)
	want, ybar := 0.0, 0.0
	for _, y := range p.Y {
		ybar += y / n
	}
	for j := range 10 {
		col := x.Column(j)
		m, v, c := 0.0, 0.0, 0.0
		for _, a := range col {
			m += a / n
		}
		for i, a := range col {
			v += (a - m) * (a - m) / n
			c += (a - m) * (p.Y[i] - ybar) / n
		}
		want = max(want, math.Abs(c)/math.Sqrt(v))
	}
	for _, alpha := range []float64{1, 0.5} {
		p.Alpha = alpha
		path, err := FitPath(p, nil, PathOptions{Count: 2, Ratio: 0.999, Options: Options{Tolerance: 1e-10}})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(path.LambdaMax-want/alpha) > 1e-10*want {
			t.Errorf("alpha %v: largest lambda %v, want %v", alpha, path.LambdaMax, want/alpha)
		}
		if a, b := path.Models[0].Index, path.Models[1].Index; len(a) != 0 || len(b) != 1 {
			t.Errorf("selected %v at the largest lambda and %v just below", a, b)
		}
	}
}

// randomRows is a dense design with normal cells and a response of its first columns.
func randomRows(seed uint64, n, p, signals int, noise float64) (*Dense, []float64) {
	r := rand.New(rand.NewPCG(seed, 7))
	data := make([]float64, n*p)
	for i := range data {
		data[i] = r.NormFloat64()
	}
	d := &Dense{n, p, data}
	y := make([]float64, n)
	for j := range signals {
		d.AddTo(y, j, 1+r.Float64())
	}
	for i := range y {
		y[i] += noise * r.NormFloat64()
	}
	return d, y
}

// TestLargeSupport uses sweeps with extrapolation instead of a factor.
func TestLargeSupport(t *testing.T) {
	d, y := randomRows(1, 900, 700, 600, 3)
	p := Problem{X: d, Y: y}
	m, err := Fit(p, 0.01, Options{Tolerance: 1e-12, KeepDual: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Index) <= directLimit {
		t.Fatalf("only %d features are selected", len(m.Index))
	}
	check(t, p, m)
	for i, v := range y {
		if y[i] = 0; v > 0 {
			y[i] = 1
		}
	}
	p.Family = Binomial
	if m, err = Fit(p, 0.003, Options{Tolerance: 1e-12, KeepDual: true}); err != nil {
		t.Fatal(err)
	}
	if len(m.Index) <= newtonGram {
		t.Fatalf("only %d features are selected", len(m.Index))
	}
	check(t, p, m)
}

func TestTooFewIterations(t *testing.T) {
	d, y := randomRows(1, 50, 80, 10, 1)
	m, err := Fit(Problem{X: d, Y: y}, 0.05, Options{MaxIterations: 1, Tolerance: 1e-12})
	if err != nil {
		t.Fatal(err)
	}
	if m.Converged || !strings.Contains(m.Note(), "allow more iterations or a tolerance of") || !(m.Gap > m.Tolerance) {
		t.Errorf("one iteration: gap %v, tolerance %v, note %q", m.Gap, m.Tolerance, m.Note())
	}
	m.limit = 2
	if !strings.Contains(m.Note(), "rounding keeps it there") {
		t.Errorf("fewer iterations than allowed: note %q", m.Note())
	}
}
