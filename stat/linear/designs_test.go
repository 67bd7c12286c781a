package linear

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestInteractionsEqualProducts compares fits of pairs with those of a design that
// holds the products, one-hot sites included.
func TestInteractionsEqualProducts(t *testing.T) {
	for _, mains := range []bool{false, true} {
		r := rand.New(rand.NewPCG(3, 4))
		n, m := 61, 14
		base := &Dense{n, m, make([]float64, n*m)}
		for i := range n {
			for j := range m - 3 {
				base.data[j*n+i] = float64(r.IntN(3) - 1)
			}
			base.data[(m-3+r.IntN(3))*n+i] = 1
		}
		pairs, err := NewInteractions(base, mains)
		if err != nil {
			t.Fatal(err)
		}
		_, p := pairs.Dims()
		full := &Dense{n, p, make([]float64, n*p)}
		for j := range p {
			a, b := pairs.Pair(j)
			for i := range n {
				full.data[j*n+i] = base.data[a*n+i]
				if b >= 0 {
					full.data[j*n+i] *= base.data[b*n+i]
				}
			}
		}
		y := make([]float64, n)
		for i := range y {
			y[i] = r.NormFloat64() + 2*full.data[20*n+i]
		}
		o := PathOptions{Count: 10, Ratio: 0.05, Full: true, Options: Options{Tolerance: 1e-12, KeepDual: true}}
		one, err := FitPath(Problem{X: pairs, Y: y}, nil, o)
		if err != nil {
			t.Fatal(err)
		}
		two, err := FitPath(Problem{X: full, Y: y}, nil, o)
		if err != nil {
			t.Fatal(err)
		}
		for k, a := range one.Models {
			b := two.Models[k]
			check(t, Problem{X: pairs, Y: y}, a)
			if math.Abs(a.Objective-b.Objective) > 1e-12*a.Null || a.Constant != b.Constant || a.Constant < 3 {
				t.Errorf("objectives %v and %v, constant %d and %d", a.Objective, b.Objective, a.Constant, b.Constant)
			}
		}
	}
}

// TestThreadsChangeNothing demands the same bits for any number of threads.
func TestThreadsChangeNothing(t *testing.T) {
	base, y := randomRows(5, 120, 90, 5, 1)
	pairs, err := NewInteractions(base, true)
	if err != nil {
		t.Fatal(err)
	}
	var first *Path
	for _, threads := range []int{1, 2, 5} {
		path, err := FitPath(Problem{X: pairs, Y: y}, nil, PathOptions{Count: 15, Options: Options{Threads: threads}})
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = path
		}
		for k, m := range path.Models {
			if f := first.Models[k]; m.Gap != f.Gap || !slices.Equal(m.Value, f.Value) || !slices.Equal(m.Index, f.Index) {
				t.Fatalf("%d threads: model %d differs", threads, k)
			}
		}
	}
}

// TestScreenIsExact compares correlations that the screen did not compute with its bound.
func TestScreenIsExact(t *testing.T) {
	base, y := randomRows(2, 40, 26, 5, 1)
	for i := range base.data {
		base.data[i] *= 0.1 // products of another scale than the standardised columns
	}
	pairs, err := NewInteractions(base, false)
	if err != nil {
		t.Fatal(err)
	}
	dense, _ := randomRows(3, 40, 325, 5, 1)
	for _, x := range []Design{dense, pairs, sparseOf(40, 325, dense.data)} {
		testScreen(t, Problem{X: x, Y: y})
	}
}

func testScreen(t *testing.T, p Problem) {
	task, err := newTask(&p, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := newScreen(task)
	r := rand.New(rand.NewPCG(1, 1))
	u, c := make([]float64, 40), make([]float64, 40)
	for i := range u {
		u[i] = r.NormFloat64() / 40
	}
	skipped := 0
	for round := range 60 {
		for i := range u {
			u[i] += 0.1 * r.NormFloat64() / 40
		}
		threshold := 0.2 + 0.1*r.Float64()
		s.update(u, threshold)
		for j := range task.p {
			task.column(j, c)
			exact := 0.0
			for i, x := range c {
				exact += x * u[i]
			}
			switch {
			case s.need[j] && math.Abs(s.c[j]-exact) > 1e-12:
				t.Fatalf("%T, round %d: correlation %d is %v, not %v", p.X, round, j, exact, s.c[j])
			case !s.need[j] && math.Abs(exact) > threshold:
				t.Fatalf("%T, round %d: correlation %d, %v, was left out below %v", p.X, round, j, exact, threshold)
			case !s.need[j]:
				skipped++
			}
		}
	}
	if skipped < 2000 {
		t.Errorf("%T: only %d of %d correlations were left out", p.X, skipped, 60*task.p)
	}
}
