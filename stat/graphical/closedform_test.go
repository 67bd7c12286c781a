package graphical

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestTwoVariables(t *testing.T) {
	for _, diagonal := range []bool{false, true} {
		for _, s12 := range []float64{0.7, -0.7} {
			const lambda = 0.2
			c := covariance(t, []float64{2, s12, s12, 1}, 2)
			n := mustFit(t, c, Penalty{Lambda: lambda, Diagonal: diagonal}, Options{})
			// W is known: the diagonal is S's, or S's plus λ, and w₁₂ is s₁₂ shrunk by λ.
			w11, w22, w12 := 2.0, 1.0, soft(s12, lambda)
			if diagonal {
				w11, w22 = w11+lambda, w22+lambda
			}
			det := w11*w22 - w12*w12
			near(t, "Θ₁₁", n.Diagonal[0], w22/det, 1e-14)
			near(t, "Θ₂₂", n.Diagonal[1], w11/det, 1e-14)
			near(t, "Θ₁₂", n.Edges[0].Weight, -w12/det, 1e-14)
			near(t, "partial correlation", n.Edges[0].Partial, w12/math.Sqrt(w11*w22), 1e-14)
			near(t, "objective", n.Objective, math.Log(det)+2, 1e-14) // strong duality
			near(t, "gap", n.Gap, 0, 1e-14)
		}
	}
}

func TestChainHasClosedForm(t *testing.T) {
	// x₁ − x₂ − x₃ with an indirect covariance below λ: W is S shrunk along the chain, and
	// the product of correlations across it.
	s := []float64{1, 0.5, 0.3, 0.5, 1, -0.6, 0.3, -0.6, 1}
	s[2], s[6] = -0.1, -0.1
	n := mustFit(t, covariance(t, s, 3), Penalty{Lambda: 0.2}, Options{})
	near(t, "objective", n.Objective, math.Log((1-0.3*0.3)*(1-0.4*0.4))+3, 1e-14)
	if len(n.Edges) != 2 || n.Iterations != 0 {
		t.Errorf("%d edges after %d iterations, want 2 after none", len(n.Edges), n.Iterations)
	}
}

func TestBlockDiagonal(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const p, size = 12, 4
	pen := Penalty{Lambda: 0.15}
	whole := make([]float64, p*p)
	objective := 0.0
	var parts []*Network
	for k := range p / size {
		c := sampled(t, r, 50, size, 3)
		part := mustFit(t, c, pen, Options{})
		parts = append(parts, part)
		objective += part.Objective
		for i := range size {
			for j := range size {
				// Interleave the blocks: variable i of block k is i·(p/size) + k.
				whole[(i*p/size+k)*p+j*p/size+k] = c.at(i, j)
			}
		}
	}
	n := mustFit(t, covariance(t, whole, p), pen, Options{})
	near(t, "objective", n.Objective, objective, 1e-12)
	theta := n.Theta()
	for k, part := range parts {
		small := part.Theta()
		for i := range size {
			for j := range size {
				near(t, "element", theta[(i*p/size+k)*p+j*p/size+k], small[i*size+j], 1e-9)
			}
		}
	}
	for _, e := range n.Edges {
		if e.I%(p/size) != e.J%(p/size) {
			t.Errorf("edge %d – %d joins two blocks", e.I, e.J)
		}
	}
}

func TestDiagonalSolution(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, diagonal := range []bool{false, true} {
		c := sampled(t, r, 30, 8, 2)
		top, err := LambdaMax(c, Penalty{})
		if err != nil {
			t.Fatal(err)
		}
		largest := 0.0
		for i := range 8 {
			for j := range i {
				largest = max(largest, math.Abs(c.at(i, j)))
			}
		}
		near(t, "λ max", top, largest, 0)
		n := mustFit(t, c, Penalty{Lambda: top, Diagonal: diagonal}, Options{})
		if len(n.Edges) != 0 || len(n.Components) != 8 || n.Gap != 0 {
			t.Fatalf("%d edges, %d components, gap %v at λ max", len(n.Edges), len(n.Components), n.Gap)
		}
		for i, v := range n.Diagonal {
			want := 1 / c.diag[i]
			if diagonal {
				want = 1 / (c.diag[i] + top)
			}
			near(t, "Θᵢᵢ", v, want, 1e-15/c.diag[i])
		}
		if n := mustFit(t, c, Penalty{Lambda: top * 0.999, Diagonal: diagonal}, Options{}); len(n.Edges) != 1 {
			t.Errorf("%d edges right below λ max, want 1", len(n.Edges))
		}
	}
}

func TestWithoutPenalty(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	c := sampled(t, r, 40, 6, 2)
	n := mustFit(t, c, Penalty{}, Options{})
	checkOptimal(t, c, Penalty{}, n, 1e-12)
	if _, err := Fit(sampled(t, r, 5, 6, 2), Penalty{}, Options{}); err != errUnbounded {
		t.Errorf("a singular covariance without penalty: %v", err)
	}
}
