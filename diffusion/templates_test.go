package diffusion

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func eigenvectors(t *testing.T, m mat.Symmetric) *mat.Dense {
	t.Helper()
	var eig mat.EigenSym
	if !eig.Factorize(m, true) {
		t.Fatal("no eigenvectors")
	}
	v := new(mat.Dense)
	eig.VectorsTo(v)
	return v
}

// checkShift tests every constraint, and the distance from V diag(s) Vᵀ.
func checkShift(t *testing.T, v *mat.Dense, f *Shift, anchor int) {
	t.Helper()
	p := f.S.SymmetricDim()
	var sum, total float64
	for i := range p {
		if f.S.At(i, i) != 0 {
			t.Fatalf("diagonal entry %v", f.S.At(i, i))
		}
		for j := range p {
			if f.S.At(i, j) < 0 {
				t.Fatalf("negative entry %v", f.S.At(i, j))
			}
			total += f.S.At(i, j)
		}
		sum += f.S.At(anchor, i)
	}
	if math.Abs(sum-1) > 1e-12 || math.Abs(total-f.Objective) > 1e-9*total {
		t.Errorf("the anchor's weights sum to %v, all to %v; the objective is %v", sum, total, f.Objective)
	}
	var d mat.Dense
	d.Mul(v, mat.NewDiagDense(p, f.Eigenvalues))
	d.Mul(&d, v.T())
	d.Sub(f.S, &d)
	if got := mat.Norm(&d, 2); math.Abs(got-f.Distance) > 1e-9 {
		t.Errorf("distance %v from the templates, stated %v", got, f.Distance)
	}
	if !(f.Gap >= 0) {
		t.Errorf("gap %v", f.Gap)
	}
}

// With exact templates the graph comes back, up to the scale of the anchor.
func TestTemplatesExact(t *testing.T) {
	for seed := range uint64(3) {
		g := must[*Graph](t)(ErdosRenyi(20, 0.25, newRand(seed)))
		a := g.Adjacency()
		v := eigenvectors(t, a)
		anchor := int(seed)
		f, err := SpectralTemplates(v, TemplateOptions{Anchor: anchor, Tolerance: 1e-6})
		if err != nil {
			t.Fatal(err)
		}
		checkShift(t, v, f, anchor)
		if !f.Converged || f.Gap > 1e-6*f.Objective {
			t.Errorf("seed %d: gap %v after %d iterations", seed, f.Gap, f.Iterations)
		}
		a.ScaleSym(1/g.Degrees()[anchor], a)
		if !mat.EqualApprox(f.S, a, 1e-4) {
			t.Errorf("seed %d: another graph", seed)
		}
	}
}

// From outputs alone: white inputs, a heat kernel, templates of a sample.
func TestTemplatesFromOutputs(t *testing.T) {
	rng := newRand(4)
	g := must[*Graph](t)(ErdosRenyi(12, 0.3, rng))
	h := must[*mat.Dense](t)(Heat(g, 0.3))
	_, y, err := Simulate(h, 100_000, math.Inf(1), rng)
	if err != nil {
		t.Fatal(err)
	}
	v, err := CovarianceTemplates(y)
	if err != nil {
		t.Fatal(err)
	}
	f, err := SpectralTemplates(v, TemplateOptions{Epsilon: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	checkShift(t, v, f, 0)
	if !f.Converged || f.Distance > 0.1*(1+1e-3) {
		t.Errorf("gap %v, distance %v after %d iterations", f.Gap, f.Distance, f.Iterations)
	}
	s, err := Compare(g.Adjacency(), f.S, CompareOptions{OffDiagonal: true, FoundAbove: 0.3 / g.Degrees()[0]})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d iterations, gap %.2g, F1 %.3f", f.Iterations, f.Gap, s.F1)
	if s.F1 < 0.9 {
		t.Errorf("F1 %v", s.F1)
	}
}

// The certificate holds while the search is still far from its end: the optimum of
// the problem with the reached distance is at most that with epsilon.
func TestTemplatesGap(t *testing.T) {
	g := must[*Graph](t)(ErdosRenyi(10, 0.4, newRand(6)))
	v := eigenvectors(t, g.Laplacian())
	best, err := SpectralTemplates(v, TemplateOptions{Epsilon: 0.3, Tolerance: 1e-8})
	if err != nil || !best.Converged {
		t.Fatal(err, best)
	}
	checkShift(t, v, best, 0)
	for _, iterations := range []int{1, 10, 50, 100} {
		f, err := SpectralTemplates(v, TemplateOptions{Epsilon: 0.3, MaxIterations: iterations, Tolerance: 1e-12})
		if err != nil {
			t.Fatal(err)
		}
		checkShift(t, v, f, 0)
		if f.Converged || f.Iterations != iterations {
			t.Errorf("%d iterations: converged %v after %d", iterations, f.Converged, f.Iterations)
		}
		if bound := f.Objective - f.Gap; bound > best.Objective*(1+1e-7) {
			t.Errorf("%d iterations: lower bound %v above the optimum %v", iterations, bound, best.Objective)
		}
	}
	wider, err := SpectralTemplates(v, TemplateOptions{Epsilon: 0.6, Tolerance: 1e-8})
	if err != nil {
		t.Fatal(err)
	}
	if wider.Objective > best.Objective {
		t.Errorf("a larger epsilon raised the objective from %v to %v", best.Objective, wider.Objective)
	}
}

func TestBadTemplates(t *testing.T) {
	good := identity(3)
	_, none := SpectralTemplates(nil, TemplateOptions{})
	_, shape := SpectralTemplates(mat.NewDense(3, 2, nil), TemplateOptions{})
	_, skew := SpectralTemplates(mat.NewDense(2, 2, []float64{1, 1, 0, 1}), TemplateOptions{})
	_, nan := SpectralTemplates(mat.NewDense(2, 2, []float64{1, math.NaN(), 0, 1}), TemplateOptions{})
	_, epsilon := SpectralTemplates(good, TemplateOptions{Epsilon: -1})
	_, anchor := SpectralTemplates(good, TemplateOptions{Anchor: 3})
	_, limit := SpectralTemplates(good, TemplateOptions{MaxIterations: -1})
	_, cell := CovarianceTemplates(mat.NewDense(2, 1, []float64{math.NaN(), 1}))
	for want, err := range map[string]error{
		"templates are needed": none, "square": shape, "templates 1 and 2 have inner product 1": skew,
		"inner product NaN": nan, "epsilon is -1": epsilon, "anchor is node 3, of 3": anchor,
		"0 or more": limit, "row 1, column 1 is NaN": cell,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
