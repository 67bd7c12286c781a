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

// hub has the largest degree.
func hub(g *Graph) int {
	best, d := 0, g.Degrees()
	for i := range d {
		if d[i] > d[best] {
			best = i
		}
	}
	return best
}

// checkShift tests every constraint, and the distance from V diag(s) Vᵀ.
func checkShift(t *testing.T, v *mat.Dense, f *Shift, o TemplateOptions) {
	t.Helper()
	p := f.S.SymmetricDim()
	var anchor, total float64
	for i := range p {
		var degree float64
		for j := range p {
			w := f.S.At(i, j)
			if o.Laplacian {
				w = -w
			}
			if i == j {
				continue
			}
			if w < 0 {
				t.Fatalf("negative weight %v", w)
			}
			degree += w
		}
		if want := map[bool]float64{true: degree}[o.Laplacian]; math.Abs(f.S.At(i, i)-want) > 1e-12 {
			t.Fatalf("diagonal entry %v, want %v", f.S.At(i, i), want)
		}
		total += degree
		if i == o.Anchor {
			anchor = degree
		}
	}
	if math.Abs(anchor-1) > 1e-12 || math.Abs(total-f.Objective) > 1e-9*total {
		t.Errorf("the anchor's weights sum to %v, all to %v; the objective is %v", anchor, total, f.Objective)
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

// With exact templates nothing sparser than the graph found exists, and the graph
// comes back, up to the scale of the anchor, where it is the sparsest.
func TestTemplatesExact(t *testing.T) {
	recovered := map[bool]int{}
	for seed := range uint64(3) {
		for _, laplacian := range []bool{false, true} {
			g := must[*Graph](t)(ErdosRenyi(14, 0.35, newRand(seed)))
			a := g.Adjacency()
			if laplacian {
				a = g.Laplacian()
			}
			v := eigenvectors(t, a)
			o := TemplateOptions{Anchor: hub(g), Laplacian: laplacian}
			f, err := SpectralTemplates(v, o)
			if err != nil {
				t.Fatal(err)
			}
			checkShift(t, v, f, o)
			if !f.Converged || f.Gap > 1e-5*f.Objective {
				t.Errorf("seed %d, Laplacian %v: gap %v, distance %v after %d iterations", seed, laplacian, f.Gap, f.Distance, f.Iterations)
			}
			scale := g.Degrees()[o.Anchor]
			truth := 2 * float64(len(g.Edges)) / scale
			if f.Objective > truth*(1+1e-4) {
				t.Errorf("seed %d, Laplacian %v: objective %v, of the truth %v", seed, laplacian, f.Objective, truth)
			}
			if f.Objective < truth*(1-1e-4) {
				continue
			}
			recovered[laplacian]++
			a.ScaleSym(1/scale, a)
			if !mat.EqualApprox(f.S, a, 1e-2) {
				t.Errorf("seed %d, Laplacian %v: another graph", seed, laplacian)
			}
		}
	}
	if recovered[false] < 3 || recovered[true] < 2 {
		t.Errorf("of 3 graphs %d adjacency matrices and %d Laplacians were the sparsest", recovered[false], recovered[true])
	}
}

// From outputs alone: white inputs, a heat kernel, templates of a sample.
func TestTemplatesFromOutputs(t *testing.T) {
	rng := newRand(3)
	g := must[*Graph](t)(ErdosRenyi(12, 0.35, rng))
	h := must[*mat.Dense](t)(Heat(g, 0.3))
	_, y, err := Simulate(h, 100_000, math.Inf(1), rng)
	if err != nil {
		t.Fatal(err)
	}
	v, err := CovarianceTemplates(y, true)
	if err != nil {
		t.Fatal(err)
	}
	o := TemplateOptions{Epsilon: 0.05, Laplacian: true, Anchor: hub(g)}
	f, err := SpectralTemplates(v, o)
	if err != nil {
		t.Fatal(err)
	}
	checkShift(t, v, f, o)
	if !f.Converged || f.Distance > 0.05*(1+1e-3) {
		t.Errorf("gap %v, distance %v after %d iterations", f.Gap, f.Distance, f.Iterations)
	}
	s, err := Compare(g.Laplacian(), f.S, CompareOptions{OffDiagonal: true, FoundAbove: 0.3 / g.Degrees()[hub(g)]})
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
	g := must[*Graph](t)(ErdosRenyi(10, 0.5, newRand(6)))
	v := eigenvectors(t, g.Laplacian())
	for _, laplacian := range []bool{false, true} {
		o := TemplateOptions{Epsilon: 0.05, Tolerance: 1e-7, Laplacian: laplacian, Anchor: hub(g)}
		if !laplacian {
			o.Epsilon = 0.3 // no adjacency matrix has these templates
		}
		best, err := SpectralTemplates(v, o)
		if err != nil || !best.Converged {
			t.Fatal(err, best)
		}
		checkShift(t, v, best, o)
		o.Tolerance = 1e-12
		for _, iterations := range []int{1, 5, 20, 60} {
			o.MaxIterations = iterations
			f, err := SpectralTemplates(v, o)
			if err != nil {
				t.Fatal(err)
			}
			checkShift(t, v, f, o)
			if f.Converged || f.Iterations != iterations {
				t.Errorf("%d iterations: converged %v after %d", iterations, f.Converged, f.Iterations)
			}
			if bound := f.Objective - f.Gap; bound > best.Objective*(1+1e-6) {
				t.Errorf("%d iterations: lower bound %v above the optimum %v", iterations, bound, best.Objective)
			}
		}
		wider := o
		wider.Epsilon, wider.MaxIterations, wider.Tolerance = 2*o.Epsilon, 0, 1e-7
		f, err := SpectralTemplates(v, wider)
		if err != nil {
			t.Fatal(err)
		}
		if f.Objective > best.Objective*(1+1e-6) {
			t.Errorf("a larger epsilon raised the objective from %v to %v", best.Objective, f.Objective)
		}
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
	_, constant := SpectralTemplates(good, TemplateOptions{Laplacian: true})
	_, cell := CovarianceTemplates(mat.NewDense(2, 1, []float64{math.NaN(), 1}), false)
	for want, err := range map[string]error{
		"templates are needed": none, "square": shape, "templates 1 and 2 have inner product 1": skew,
		"inner product NaN": nan, "epsilon is -1": epsilon, "anchor is node 3, of 3": anchor,
		"0 or more": limit, "has to be constant": constant, "row 1, column 1 is NaN": cell,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
