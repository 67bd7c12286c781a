package graphical

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func TestRefit(t *testing.T) {
	const p = 20
	c := sampled(t, rand.New(rand.NewPCG(1, 2)), 200, p, 1).Correlation()
	net := mustFit(t, c, Penalty{Lambda: 0.2}, Options{})
	free, err := Refit(c, net, Options{Tolerance: 1e-12})
	if err != nil || free.Err() != nil {
		t.Fatal(err, free.Err())
	}
	// The estimate is known by its inverse: S on the edges and the diagonal (Dempster 1972).
	var chol mat.Cholesky
	var w mat.SymDense
	if !chol.Factorize(mat.NewSymDense(p, free.Theta())) {
		t.Fatal("Θ is not positive definite")
	}
	if err := chol.InverseTo(&w); err != nil {
		t.Fatal(err)
	}
	if len(free.Edges) != len(net.Edges) || len(net.Edges) < 10 {
		t.Fatalf("%d edges, before %d", len(free.Edges), len(net.Edges))
	}
	for k, e := range free.Edges {
		if e.I != net.Edges[k].I || e.J != net.Edges[k].J {
			t.Fatalf("edge %+v was %+v", e, net.Edges[k])
		}
		near(t, "covariance of an edge", w.At(e.I, e.J), c.at(e.I, e.J), 1e-6)
	}
	for i := range p {
		near(t, "variance", w.At(i, i), 1, 1e-6)
	}
	if free.Objective > net.Trace-net.LogDet {
		t.Errorf("likelihood term %v is worse than that of the penalised fit, %v", free.Objective, net.Trace-net.LogDet)
	}
}

func TestRefitThatDoesNotExist(t *testing.T) {
	const p = 8
	c := sampled(t, rand.New(rand.NewPCG(3, 4)), 4, p, 1).Correlation()
	full := &Network{Diagonal: make([]float64, p)}
	for i := range p {
		for j := i + 1; j < p; j++ {
			full.Edges = append(full.Edges, Edge{I: i, J: j, Weight: 1})
		}
	}
	if n, err := Refit(c, full, Options{}); !errors.Is(err, errUnbounded) {
		t.Errorf("a full network of a singular covariance: %v, %v", n, err)
	}
	full.Edges = full.Edges[1:]
	n, err := Refit(c, full, Options{MaxIterations: 50})
	if err != nil {
		t.Fatal(err)
	}
	if n.Converged {
		t.Errorf("a network without a maximum likelihood estimate converged, gap %v", n.Gap)
	}
	if math.IsNaN(n.Objective) || math.IsNaN(n.Gap) {
		t.Errorf("objective %v, gap %v", n.Objective, n.Gap)
	}
	for _, e := range n.Edges {
		if math.IsNaN(e.Weight) {
			t.Fatal("NaN among the weights")
		}
	}
}
