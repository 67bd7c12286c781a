package diffusion

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func TestOrthonormalInputs(t *testing.T) {
	const n, p, lambda = 40, 12, 0.12
	rng := newRand(1)
	x, y := orthonormal(n, p, rng), gaussian(n, p, rng)
	var b mat.Dense
	b.Mul(y.T(), x)
	b.Scale(1.0/n, &b)
	support := make([][]bool, p)
	for i := range support {
		support[i] = make([]bool, p)
		for j := range support[i] {
			support[i][j] = (i+j)%3 != 0
		}
	}
	tests := map[string]struct {
		problem Problem
		want    func(i, j int) float64
	}{
		"plain":        {Problem{}, func(i, j int) float64 { return soft(b.At(i, j), lambda) }},
		"not negative": {Problem{NonNegative: true}, func(i, j int) float64 { return max(0, b.At(i, j)-lambda) }},
		"free diagonal": {Problem{FreeDiagonal: true}, func(i, j int) float64 {
			if i == j {
				return b.At(i, j)
			}
			return soft(b.At(i, j), lambda)
		}},
		"known support": {Problem{Support: support}, func(i, j int) float64 {
			if !support[i][j] {
				return 0
			}
			return soft(b.At(i, j), lambda)
		}},
		"symmetric": {Problem{Symmetric: true}, func(i, j int) float64 {
			return soft((b.At(i, j)+b.At(j, i))/2, lambda)
		}},
		"all": {Problem{Symmetric: true, NonNegative: true, FreeDiagonal: true, Support: support}, func(i, j int) float64 {
			v := (b.At(i, j) + b.At(j, i)) / 2
			switch {
			case !support[i][j]:
				return 0
			case i == j:
				return max(0, v)
			}
			return max(0, v-lambda)
		}},
	}
	for name, test := range tests {
		test.problem.X, test.problem.Y = x, y
		m, err := Fit(test.problem, lambda, Options{Tolerance: 1e-13})
		if err != nil {
			t.Fatal(err)
		}
		h := m.Kernel.Dense()
		for i := range p {
			for j := range p {
				if d := math.Abs(h.At(i, j) - test.want(i, j)); d > 1e-6 {
					t.Fatalf("%s: entry %d, %d is %v, want %v", name, i, j, h.At(i, j), test.want(i, j))
				}
			}
		}
		if m.Gap < 0 || !m.Converged {
			t.Errorf("%s: gap %v, converged %v", name, m.Gap, m.Converged)
		}
	}
}

// checkOptimal compares with conditions and objective computed from the data alone.
func checkOptimal(t *testing.T, name string, p Problem, m *Model) {
	t.Helper()
	c, objective := correlations(p, m)
	h := m.Kernel.Dense()
	q, in := h.Dims()
	worst := 0.0
	for i := range q {
		for j := range in {
			v, g, l := h.At(i, j), c.At(i, j), m.Lambda*p.weight(i, j)
			if p.Symmetric {
				g = (g + c.At(j, i)) / 2
			}
			objective += l * math.Abs(v)
			bad := 0.0
			switch {
			case !p.allowed(i, j):
				if v != 0 {
					t.Fatalf("%s: entry %d, %d is %v outside of the known support", name, i, j, v)
				}
			case v != 0:
				bad = math.Abs(g - math.Copysign(l, v))
			case p.NonNegative:
				bad = max(0, g-l)
			default:
				bad = max(0, math.Abs(g)-l)
			}
			if p.NonNegative && v < 0 {
				t.Fatalf("%s: entry %d, %d is %v", name, i, j, v)
			}
			worst = max(worst, bad)
		}
	}
	if worst > 1e-6 {
		t.Errorf("%s: condition violated by %v", name, worst)
	}
	if d := math.Abs(objective - m.Objective); d > 1e-11*max(1, objective) {
		t.Errorf("%s: objective %v, from the data %v", name, m.Objective, objective)
	}
	if !(m.Gap >= 0) || m.Gap > m.Tolerance || !m.Converged || m.Warning() != "" {
		t.Errorf("%s: gap %v, tolerance %v, converged %v", name, m.Gap, m.Tolerance, m.Converged)
	}
}

func variants(p Problem) map[string]Problem {
	_, q := p.Y.Dims()
	support := make([][]bool, q)
	for i := range support {
		support[i] = make([]bool, q)
		for j := range support[i] {
			support[i][j] = (i*j)%4 != 2
		}
	}
	all := map[string]Problem{}
	for bits := range 32 {
		v := p
		var name []string
		set := func(bit int, word string) bool {
			if bits>>bit&1 == 1 {
				name = append(name, word)
			}
			return bits>>bit&1 == 1
		}
		v.Symmetric = set(0, "symmetric")
		v.NonNegative = set(1, "not negative")
		v.FreeDiagonal = set(2, "free diagonal")
		v.Intercept = set(3, "intercept")
		if set(4, "support") {
			v.Support = support
		}
		all[strings.Join(name, ", ")] = v
	}
	return all
}

func TestOptimality(t *testing.T) {
	// More nodes than observations, and fewer; λ = 0 only where it is defined.
	for _, n := range []int{12, 40} {
		p, _ := sample(t, 15, n, 3)
		for i := range n {
			p.X.Set(i, 4, p.X.At(i, 4)+3)
			p.Y.Set(i, 2, p.Y.At(i, 2)-2)
		}
		for name, v := range variants(p) {
			top, err := LambdaMax(v)
			if err != nil {
				t.Fatal(err)
			}
			lambdas := []float64{top, top / 3, top / 30}
			if n > 15 {
				lambdas = append(lambdas, 0)
			}
			path, err := FitPath(v, lambdas, Options{Tolerance: 1e-13})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, m := range path {
				checkOptimal(t, name, v, m)
			}
		}
	}
}

func TestLambdaMax(t *testing.T) {
	p, _ := sample(t, 15, 40, 4)
	for name, v := range variants(p) {
		top, err := LambdaMax(v)
		if err != nil {
			t.Fatal(err)
		}
		path, err := FitPath(v, []float64{top * (1 + 1e-9), top * 0.99}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		penalised := func(k Kernel) (n int) {
			for i, r := range k.Rows {
				for _, j := range r.Index {
					if v.weight(i, j) > 0 {
						n++
					}
				}
			}
			return n
		}
		if a, b := penalised(path[0].Kernel), penalised(path[1].Kernel); a != 0 || b == 0 {
			t.Errorf("%s: %d entries at the largest lambda, %d below it", name, a, b)
		}
	}
}

// The optimum lies within the gap even where a fit stops early.
func TestGapBoundsTheError(t *testing.T) {
	p, _ := sample(t, 20, 25, 5)
	for name, v := range variants(p) {
		best, err := Fit(v, 0.003, Options{Tolerance: 1e-13})
		if err != nil {
			t.Fatal(err)
		}
		for passes := 1; passes < 12; passes += 2 {
			m, err := Fit(v, 0.003, Options{MaxIterations: passes, Tolerance: 1e-13})
			if err != nil {
				t.Fatal(err)
			}
			if m.Gap < 0 || m.Objective-m.Gap > best.Objective*(1+1e-12) {
				t.Errorf("%s, %d passes: objective %v, gap %v, optimum %v", name, passes, m.Objective, m.Gap, best.Objective)
			}
			if m.Converged != (m.Gap <= m.Tolerance) || m.Converged == (m.Warning() != "") {
				t.Errorf("%s: converged %v with gap %v, tolerance %v: %q", name, m.Converged, m.Gap, m.Tolerance, m.Warning())
			}
		}
	}
}

// Fewer observations than nodes and a tiny λ, without a path from above.
func TestTinyLambda(t *testing.T) {
	p, _ := sample(t, 15, 9, 13)
	for _, symmetric := range []bool{false, true} {
		p.Symmetric = symmetric
		top, err := LambdaMax(p)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Fit(p, 1e-5*top, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !m.Converged || m.Iterations > 60_000 {
			t.Errorf("symmetric %v: %d passes, %q", symmetric, m.Iterations, m.Warning())
		}
	}
}

func TestLeastSquares(t *testing.T) {
	p, _ := sample(t, 10, 30, 6)
	m, err := Fit(p, 0, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var want mat.Dense
	if err := want.Solve(p.X, p.Y); err != nil {
		t.Fatal(err)
	}
	if !mat.EqualApprox(m.Kernel.Dense(), want.T(), 1e-10) {
		t.Error("λ = 0 is not least squares")
	}
	wide, _ := sample(t, 15, 10, 6)
	for _, symmetric := range []bool{false, true} {
		wide.Symmetric = symmetric
		if _, err := Fit(wide, 0, Options{}); err != errRank {
			t.Errorf("symmetric %v: λ = 0 with more nodes than observations gives %v", symmetric, err)
		}
	}
}

func TestSymmetricIsExact(t *testing.T) {
	p, _ := sample(t, 25, 40, 8)
	p.Symmetric = true
	path, err := FitPath(p, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range path {
		h := m.Kernel.Dense()
		for i := range 25 {
			for j := range i {
				if h.At(i, j) != h.At(j, i) {
					t.Fatalf("entries %d, %d differ: %v and %v", i, j, h.At(i, j), h.At(j, i))
				}
			}
		}
	}
	if path[29].Kernel.Nonzeros() == 0 {
		t.Error("nothing found at the smallest lambda")
	}
}
