package estimate

import (
	"pare/stat/graphical"
	"pare/stat/recovery"
)

// glassoHead says what was fitted.
type glassoHead struct {
	Format       int      `json:"format"`
	File         string   `json:"file"`
	Variables    []string `json:"variables"`
	Observations int      `json:"observations,omitempty"`
	Transform    string   `json:"transform,omitempty"`
	Correlation  bool     `json:"correlation"`
	Diagonal     bool     `json:"penalize_diagonal"`
	Relaxed      bool     `json:"relaxed,omitempty"`
}

// glassoNetwork is one network; i and j count variables from 0.
type glassoNetwork struct {
	Lambda     float64         `json:"lambda"`
	Objective  float64         `json:"objective"`
	Gap        *float64        `json:"gap"` // null: unbounded
	Tolerance  float64         `json:"tolerance"`
	Converged  bool            `json:"converged"`
	Iterations int             `json:"iterations"`
	Edges      []glassoEdge    `json:"edges"`
	Components [][]int         `json:"components"`
	Diagonal   []float64       `json:"diagonal"`
	LogDet     float64         `json:"log_det"`
	Trace      float64         `json:"trace"`
	Reference  *recovery.Score `json:"reference,omitempty"`
}

type glassoEdge struct {
	I         int      `json:"i"`
	J         int      `json:"j"`
	A         string   `json:"a"`
	B         string   `json:"b"`
	Weight    float64  `json:"weight"`
	Partial   float64  `json:"partial_correlation"`
	Frequency *float64 `json:"frequency,omitempty"`
}

type glassoSelection struct {
	Method  string     `json:"method"`
	Best    int        `json:"best"`
	OneSE   int        `json:"one_se"`
	Lambdas []float64  `json:"lambdas"`
	Edges   []int      `json:"edges"`
	Scores  []*float64 `json:"scores"` // null: none
	StdErr  []float64  `json:"standard_errors,omitempty"`
}

// JSON is the value to encode: one network with its fields at the top, of the request's λ
// or chosen, with the selection; or a path with a list of networks.
func (r *GlassoResult) JSON() any {
	g := r.Request
	head := glassoHead{Format, r.File, r.Variables, r.Observations, g.Transform, g.Correlation, g.Diagonal, g.Relaxed}
	if r.Chosen == nil {
		out := struct {
			glassoHead
			Path []glassoNetwork `json:"path"`
			Area *float64        `json:"area_precision_recall,omitempty"`
		}{glassoHead: head}
		for i, n := range r.Networks {
			out.Path = append(out.Path, r.network(n, i))
		}
		if r.Scores != nil {
			area := recovery.Area(r.Scores)
			out.Area = &area
		}
		return out
	}
	out := struct {
		glassoHead
		glassoNetwork
		Selection *glassoSelection `json:"selection,omitempty"`
	}{glassoHead: head, glassoNetwork: r.network(r.Chosen, r.ChosenAt)}
	if s := r.Selection; s != nil {
		out.Selection = &glassoSelection{Method: g.Select, Best: s.Best, OneSE: s.OneSE, Lambdas: s.Path.Lambdas(), StdErr: s.StdErr}
		for i, n := range s.Path.Networks {
			out.Selection.Edges = append(out.Selection.Edges, len(n.Edges))
			out.Selection.Scores = append(out.Selection.Scores, finite(s.Score[i]))
		}
	}
	return out
}

// network is the JSON of the network whose score is at the index.
func (r *GlassoResult) network(n *graphical.Network, at int) glassoNetwork {
	out := glassoNetwork{Lambda: n.Lambda, Objective: n.Objective, Gap: finite(n.Gap), Tolerance: n.Tolerance, Converged: n.Converged,
		Iterations: n.Iterations, Edges: []glassoEdge{}, Components: n.Components, Diagonal: n.Diagonal, LogDet: n.LogDet, Trace: n.Trace}
	if r.Scores != nil {
		out.Reference = &r.Scores[at]
	}
	frequency := r.frequency()
	for _, e := range n.Edges {
		edge := glassoEdge{I: e.I, J: e.J, A: r.Variables[e.I], B: r.Variables[e.J], Weight: e.Weight, Partial: e.Partial}
		if frequency != nil {
			f := frequency[[2]int{e.I, e.J}]
			edge.Frequency = &f
		}
		out.Edges = append(out.Edges, edge)
	}
	return out
}

// frequency by pair, nil where it was not counted.
func (r *GlassoResult) frequency() map[[2]int]float64 {
	if r.Frequency == nil {
		return nil
	}
	out := make(map[[2]int]float64, len(r.Frequency))
	for _, f := range r.Frequency {
		out[[2]int{f.I, f.J}] = f.Frequency
	}
	return out
}

// Warnings say in a line each which networks did not converge.
func (r *GlassoResult) Warnings() []string {
	var out []string
	for i, n := range r.Networks {
		if i == r.ChosenAt {
			n = r.Chosen
		}
		if err := n.Err(); err != nil {
			out = append(out, err.Error())
		}
	}
	return out
}

// Remarks are what reading found odd, a line each.
func (r *GlassoResult) Remarks() []string { return r.Notes }
