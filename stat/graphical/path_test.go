package graphical

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"pare/internal/kernel/parallel"
)

// implied is a covariance whose matrix is never stored, as of many variables.
func implied(t *testing.T, x []float64, n, p int) *Covariance {
	t.Helper()
	d, diag, err := center(x, n, p)
	if err != nil {
		t.Fatal(err)
	}
	return &Covariance{source: d, n: n, diag: diag}
}

func TestPathIsThatOfSingleFits(t *testing.T) {
	c := sampled(t, rand.New(rand.NewPCG(1, 2)), 60, 40, 1)
	calls := 0
	path, err := FitPath(c, Penalty{}, PathOptions{Count: 12, Progress: func(done, total int) {
		if calls++; done != calls || total != 12 {
			t.Errorf("progress says %d of %d at call %d", done, total, calls)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	top, err := LambdaMax(c, Penalty{})
	if err != nil {
		t.Fatal(err)
	}
	lambdas := path.Lambdas()
	near(t, "first λ", lambdas[0], top, 1e-15)
	near(t, "last λ", lambdas[11], 0.05*top, 1e-12)
	for i, n := range path.Networks {
		if err := n.Err(); err != nil {
			t.Fatal(err)
		}
		alone := mustFit(t, c, Penalty{Lambda: lambdas[i]}, Options{})
		near(t, "objective", n.Objective, alone.Objective, n.Gap+alone.Gap+1e-12)
		if !reflect.DeepEqual(n.Components, alone.Components) {
			t.Errorf("components at λ %v are %v, alone %v", lambdas[i], n.Components, alone.Components)
		}
	}
}

func TestForestHasAllComponents(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const n, p = 20, 250 // more pairs than the forest thins at a time, and more than one strip
	x := sample(r, n, p, 1)
	c := implied(t, x, n, p)
	links := forest(c, Penalty{}, 0)
	if len(links) != p-1 {
		t.Fatalf("%d links join %d variables", len(links), p)
	}
	for _, lambda := range []float64{0, 0.3, 0.6, 0.8, 1, 2, 4} {
		want := components(c, Penalty{Lambda: lambda})
		if got := componentsOf(links, p, lambda); !reflect.DeepEqual(got, want) {
			t.Errorf("λ %v: components of the forest are %v, want %v", lambda, got, want)
		}
	}
}

func TestImpliedCovariance(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const n, p = 30, 60
	x := sample(r, n, p, 1)
	stored, err := FromData(x, n, p)
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]*Covariance{{stored, implied(t, x, n, p)}, {stored.Correlation(), implied(t, x, n, p).Correlation()}} {
		pen := Penalty{Lambda: 0.6}
		a, b := mustFit(t, pair[0], pen, Options{}), mustFit(t, pair[1], pen, Options{})
		near(t, "objective", b.Objective, a.Objective, 1e-9)
		if !reflect.DeepEqual(a.Components, b.Components) {
			t.Errorf("components are %v, with the matrix stored %v", b.Components, a.Components)
		}
		checkOptimal(t, pair[1], pen, b, 1e-3)
	}
}

func TestScreeningIsExact(t *testing.T) {
	c := sampled(t, rand.New(rand.NewPCG(7, 8)), 50, 25, 1)
	pen := Penalty{Lambda: 0.4}
	screened := mustFit(t, c, pen, Options{})
	if len(screened.Components) < 3 {
		t.Fatal("the problem does not fall into components")
	}
	whole, err := fit(c, pen, Options{Tolerance: 1e-9, MaxIterations: 500}, [][]int{upTo(25)})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "objective", screened.Objective, whole.Objective, whole.Gap+screened.Gap+1e-12)
	a, b := screened.Theta(), whole.Theta()
	for k := range a {
		near(t, "element", a[k], b[k], 1e-3*math.Abs(b[k])+1e-4)
	}
}

func TestFitDoesNotDependOnThreads(t *testing.T) {
	parallel.SetThreads(1)
	defer parallel.SetThreads(0)
	c := sampled(t, rand.New(rand.NewPCG(9, 10)), 50, 40, 1)
	a := mustFit(t, c, Penalty{Lambda: 0.3}, Options{})
	parallel.SetThreads(4)
	b := mustFit(t, c, Penalty{Lambda: 0.3}, Options{})
	if !reflect.DeepEqual(a, b) {
		t.Error("one and four threads give different networks")
	}
}
