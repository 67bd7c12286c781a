package diffusion

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func testGraphs(t *testing.T) map[string]*Graph {
	graph := must[*Graph](t)
	return map[string]*Graph{
		"Erdős–Rényi":     graph(ErdosRenyi(12, 0.3, newRand(1))),
		"empty":           graph(ErdosRenyi(5, 0, newRand(1))),
		"ring":            graph(Ring(9)),
		"grid":            graph(Grid(3, 4)),
		"Barabási–Albert": graph(BarabasiAlbert(15, 2, newRand(2))),
		"weighted":        {Nodes: 3, Edges: []Edge{{0, 1, 0.5}, {1, 2, 3}}},
	}
}

func TestHeatIsTheExponential(t *testing.T) {
	for name, g := range testGraphs(t) {
		for _, time := range []float64{0, 0.1, 1.5} {
			h := must[*mat.Dense](t)(Heat(g, time))
			// The power series, of a matrix small enough to need few terms, squared
			// back.
			var a, term, sum mat.Dense
			a.Scale(-time/1024, g.Laplacian())
			term.CloneFrom(identity(g.Nodes))
			sum.CloneFrom(identity(g.Nodes))
			for k := 1; k < 15; k++ {
				term.Mul(&term, &a)
				term.Scale(1/float64(k), &term)
				sum.Add(&sum, &term)
			}
			for range 10 {
				sum.Mul(&sum, &sum)
			}
			var exp mat.Dense
			exp.Scale(-time, g.Laplacian())
			exp.Exp(&exp)
			if !mat.EqualApprox(h, &sum, 1e-10) || !mat.EqualApprox(h, &exp, 1e-10) {
				t.Errorf("%s, time %v: not the exponential", name, time)
			}
			if !mat.Equal(h, h.T()) {
				t.Errorf("%s, time %v: not symmetric", name, time)
			}
		}
	}
}

func identity(n int) *mat.Dense {
	m := mat.NewDense(n, n, nil)
	for i := range n {
		m.Set(i, i, 1)
	}
	return m
}

func TestPowers(t *testing.T) {
	for name, g := range testGraphs(t) {
		walk, step := must[*mat.Dense](t)(RandomWalk(g, 1)), must[*mat.Dense](t)(Consensus(g, 0.1, 1))
		degrees, a := g.Degrees(), g.Adjacency()
		for i := range g.Nodes {
			for j := range g.Nodes {
				want := 0.0
				switch {
				case degrees[i] > 0:
					want = a.At(i, j) / degrees[i]
				case i == j:
					want = 1
				}
				if math.Abs(walk.At(i, j)-want) > 1e-15 {
					t.Fatalf("%s: walk from %d to %d is %v, want %v", name, i, j, walk.At(i, j), want)
				}
				want = 0.1 * a.At(i, j)
				if i == j {
					want = 1 - 0.1*degrees[i]
				}
				if math.Abs(step.At(i, j)-want) > 1e-15 {
					t.Fatalf("%s: consensus of %d with %d is %v, want %v", name, i, j, step.At(i, j), want)
				}
			}
		}
		wantWalk, wantStep := identity(g.Nodes), identity(g.Nodes)
		for k := range 5 {
			if !mat.EqualApprox(must[*mat.Dense](t)(RandomWalk(g, k)), wantWalk, 1e-13) ||
				!mat.EqualApprox(must[*mat.Dense](t)(Consensus(g, 0.1, k)), wantStep, 1e-13) {
				t.Fatalf("%s: not the power %d", name, k)
			}
			wantWalk.Mul(wantWalk, walk)
			wantStep.Mul(wantStep, step)
		}
	}
}

func TestGraphs(t *testing.T) {
	g := testGraphs(t)
	for name, edges := range map[string]int{"empty": 0, "ring": 9, "grid": 3*3 + 2*4, "Barabási–Albert": 3 + 12*2} {
		if len(g[name].Edges) != edges {
			t.Errorf("%s: %d edges, want %d", name, len(g[name].Edges), edges)
		}
	}
	for name, graph := range g {
		if err := graph.check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		seen := map[[2]int]bool{}
		for _, e := range graph.Edges {
			if seen[[2]int{e.I, e.J}] {
				t.Errorf("%s: edge %v twice", name, e)
			}
			seen[[2]int{e.I, e.J}] = true
		}
	}
	for _, d := range g["ring"].Degrees() {
		if d != 2 {
			t.Errorf("ring: degree %v", d)
		}
	}
	big := must[*Graph](t)(ErdosRenyi(200, 0.1, newRand(5)))
	if n := float64(len(big.Edges)); math.Abs(n-1990) > 5*math.Sqrt(1990*0.9) {
		t.Errorf("Erdős–Rényi: %v edges, expected 1990", n)
	}
	if again := must[*Graph](t)(ErdosRenyi(200, 0.1, newRand(5))); len(again.Edges) != len(big.Edges) || again.Edges[77] != big.Edges[77] {
		t.Error("the same seed gives another graph")
	}
}

func TestSimulatedNoise(t *testing.T) {
	h := must[*mat.Dense](t)(Heat(testGraphs(t)["grid"], 0.4))
	x, clean, err := Simulate(h, 4000, math.Inf(1), newRand(6))
	if err != nil {
		t.Fatal(err)
	}
	var want mat.Dense
	want.Mul(x, h.T())
	if !mat.Equal(&want, clean) {
		t.Error("without noise Y is not XHᵀ")
	}
	_, noisy, err := Simulate(h, 4000, 13, newRand(6))
	if err != nil {
		t.Fatal(err)
	}
	noisy.Sub(noisy, clean)
	if ratio := 20 * math.Log10(mat.Norm(clean, 2)/mat.Norm(noisy, 2)); math.Abs(ratio-13) > 0.2 {
		t.Errorf("%v dB, want 13", ratio)
	}
}

func TestBadSimulations(t *testing.T) {
	ring := testGraphs(t)["ring"]
	errs := map[string]error{}
	_, errs["heat backwards"] = Heat(ring, -1)
	_, errs["walk of -1"] = RandomWalk(ring, -1)
	_, errs["consensus of step 0"] = Consensus(ring, 0, 1)
	_, errs["consensus of -2 rounds"] = Consensus(ring, 0.1, -2)
	_, errs["ring of 2"] = Ring(2)
	_, errs["grid 0×3"] = Grid(0, 3)
	_, errs["probability NaN"] = ErdosRenyi(3, math.NaN(), newRand(1))
	_, errs["m = n"] = BarabasiAlbert(3, 3, newRand(1))
	_, errs["loop"] = Heat(&Graph{Nodes: 2, Edges: []Edge{{1, 1, 1}}}, 1)
	_, errs["weight 0"] = Heat(&Graph{Nodes: 2, Edges: []Edge{{0, 1, 0}}}, 1)
	_, errs["node too many"] = Heat(&Graph{Nodes: 2, Edges: []Edge{{0, 2, 1}}}, 1)
	_, errs["no nodes"] = RandomWalk(&Graph{}, 1)
	_, _, errs["no observations"] = Simulate(identity(2), 0, 1, newRand(1))
	_, _, errs["NaN dB"] = Simulate(identity(2), 3, math.NaN(), newRand(1))
	for name, err := range errs {
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
