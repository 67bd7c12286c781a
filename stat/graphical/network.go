package graphical

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Edge is a non-zero Θᵢⱼ.
type Edge struct {
	I       int     `json:"i"` // variables from 0, I < J
	J       int     `json:"j"`
	Weight  float64 `json:"weight"`              // Θᵢⱼ
	Partial float64 `json:"partial_correlation"` // −Θᵢⱼ/√(ΘᵢᵢΘⱼⱼ)
}

// Network is a fitted precision matrix Θ, symmetric and positive definite.
type Network struct {
	Lambda    float64 `json:"lambda"`
	Objective float64 `json:"objective"` // −log det Θ + tr(SΘ) + Σ λᵢⱼ|Θᵢⱼ|
	Gap       float64 `json:"gap"`       // upper bound of the distance of Objective above the optimum, ≥ 0
	Tolerance float64 `json:"tolerance"` // of Gap: Options.Tolerance times the number of variables
	Converged bool    `json:"converged"` // Gap ≤ Tolerance
	// Iterations is the largest number of sweeps and Newton steps of a component.
	Iterations int       `json:"iterations"`
	Edges      []Edge    `json:"edges"` // by I, then J
	Diagonal   []float64 `json:"diagonal"`
	// Components are sets of variables without an edge between them, each sorted, in the
	// order of their smallest members: the components of the pairs with |Sᵢⱼ| > λᵢⱼ, which
	// are the components of the edges up to rounding.
	Components [][]int `json:"components"`
	LogDet     float64 `json:"log_det"` // log det Θ
	Trace      float64 `json:"trace"`   // tr(SΘ)

	stalled bool
}

// MarshalJSON writes an infinite gap as null.
func (n *Network) MarshalJSON() ([]byte, error) {
	type plain Network
	if !math.IsInf(n.Gap, 1) {
		return json.Marshal((*plain)(n))
	}
	return json.Marshal(struct {
		*plain
		Gap *float64 `json:"gap"`
	}{plain: (*plain)(n)})
}

// P is the number of variables.
func (n *Network) P() int { return len(n.Diagonal) }

// Err is nil if the fit converged, and otherwise one line with gap, tolerance and advice.
func (n *Network) Err() error {
	if n.Converged {
		return nil
	}
	advice := "raise the limit of iterations or the tolerance"
	switch {
	case math.IsInf(n.Gap, 1):
		advice = "no dual point was found, so the problem may have no solution: raise lambda or penalise the diagonal"
	case n.stalled:
		advice = "float64 allows no further step: raise the tolerance or lambda, or pass correlations"
	}
	return fmt.Errorf("lambda %.4g did not converge: gap %.3g nats after %d iterations, tolerance %.3g nats; %s",
		n.Lambda, n.Gap, n.Iterations, n.Tolerance, advice)
}

// Theta is Θ as a new p×p matrix, row-major.
func (n *Network) Theta() []float64 {
	p := n.P()
	t := make([]float64, p*p)
	for i, v := range n.Diagonal {
		t[i*p+i] = v
	}
	for _, e := range n.Edges {
		t[e.I*p+e.J], t[e.J*p+e.I] = e.Weight, e.Weight
	}
	return t
}

// add takes in the solution x of one component.
func (n *Network) add(index []int, x []float64) {
	p := len(index)
	for i, vi := range index {
		n.Diagonal[vi] = x[i*p+i]
		for j, vj := range index[:i] {
			if v := x[i*p+j]; v != 0 {
				n.Edges = append(n.Edges, Edge{vj, vi, v, -v / math.Sqrt(x[i*p+i]*x[j*p+j])})
			}
		}
	}
}

func (n *Network) sortEdges() {
	slices.SortFunc(n.Edges, func(a, b Edge) int { return cmp.Or(a.I-b.I, a.J-b.J) })
}

// starts are the parts of Θ that belong to components, nil for single variables.
func (n *Network) starts(components [][]int) [][]float64 {
	out := make([][]float64, len(components))
	set, place := make([]int, n.P()), make([]int, n.P())
	for c, members := range components {
		if len(members) == 1 {
			continue
		}
		p := len(members)
		out[c] = make([]float64, p*p)
		for i, v := range members {
			set[v], place[v] = c, i
			out[c][i*p+i] = n.Diagonal[v]
		}
	}
	for _, e := range n.Edges {
		c := set[e.I]
		if set[e.J] != c || out[c] == nil {
			continue
		}
		p, i, j := len(components[c]), place[e.I], place[e.J]
		out[c][i*p+j], out[c][j*p+i] = e.Weight, e.Weight
	}
	return out
}
