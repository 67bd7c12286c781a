package estimate

import (
	"pare/stat/diffusion"
	"pare/stat/recovery"
)

// diffusionHead says what was fitted.
type diffusionHead struct {
	Format       int      `json:"format"`
	InputFile    string   `json:"input_file"`
	File         string   `json:"output_file"`
	Inputs       []string `json:"inputs"`
	Outputs      []string `json:"outputs"`
	Observations int      `json:"observations"`
	Symmetric    bool     `json:"symmetric"`
	NonNegative  bool     `json:"nonnegative"`
	FreeDiagonal bool     `json:"free_diagonal"`
	Relaxed      bool     `json:"relaxed,omitempty"`
}

// diffusionKernel is one kernel; indices count from 0.
type diffusionKernel struct {
	Lambda     float64          `json:"lambda"`
	Objective  float64          `json:"objective"`
	Gap        float64          `json:"gap"`
	Tolerance  float64          `json:"tolerance"`
	Converged  bool             `json:"converged"`
	Iterations int              `json:"iterations"`
	Intercept  []float64        `json:"intercept,omitempty"`
	Entries    []diffusionEntry `json:"entries"`
	Reference  *recovery.Score  `json:"reference,omitempty"`
}

// diffusionEntry is Hᵢⱼ: what output i takes from input j.
type diffusionEntry struct {
	I      int     `json:"i"`
	J      int     `json:"j"`
	Output string  `json:"output"`
	Input  string  `json:"input"`
	Weight float64 `json:"weight"`
}

type diffusionCV struct {
	Best    int        `json:"best"`
	OneSE   int        `json:"one_se"`
	Lambdas []float64  `json:"lambdas"`
	Entries []int      `json:"entries"`
	Errors  []*float64 `json:"errors"` // null: no refit
	StdErr  []*float64 `json:"standard_errors"`
}

// JSON is the value to encode: one kernel with its fields at the top, or a path with a
// list of kernels.
func (r *DiffusionResult) JSON() any {
	d := r.Request
	head := diffusionHead{Format, r.InputFile, r.File, r.Inputs, r.Nodes, r.Observations, d.Symmetric, d.NonNegative, d.FreeDiagonal, d.Relaxed}
	if r.Chosen == nil {
		out := struct {
			diffusionHead
			Path []diffusionKernel `json:"path"`
		}{diffusionHead: head}
		for i, m := range r.Models {
			out.Path = append(out.Path, r.kernel(m, i))
		}
		return out
	}
	out := struct {
		diffusionHead
		diffusionKernel
		CV *diffusionCV `json:"cross_validation,omitempty"`
	}{diffusionHead: head, diffusionKernel: r.kernel(r.Chosen, r.ChosenAt)}
	if cv := r.CV; cv != nil {
		out.CV = &diffusionCV{Best: cv.Min, OneSE: cv.OneSE, Lambdas: cv.Lambdas}
		for i, m := range cv.Path {
			out.CV.Entries = append(out.CV.Entries, m.Kernel.Nonzeros())
			out.CV.Errors = append(out.CV.Errors, finite(cv.Error[i]))
			out.CV.StdErr = append(out.CV.StdErr, finite(cv.SE[i]))
		}
	}
	return out
}

// kernel is the JSON of a model whose score is at the index.
func (r *DiffusionResult) kernel(m *diffusion.Model, at int) diffusionKernel {
	out := diffusionKernel{Lambda: m.Lambda, Objective: m.Objective, Gap: m.Gap, Tolerance: m.Tolerance, Converged: m.Converged,
		Iterations: m.Iterations, Intercept: m.Intercept, Entries: []diffusionEntry{}}
	if r.Scores != nil {
		out.Reference = &r.Scores[at]
	}
	for i, row := range m.Kernel.Rows {
		for a, j := range row.Index {
			out.Entries = append(out.Entries, diffusionEntry{i, j, r.Nodes[i], r.Inputs[j], row.Value[a]})
		}
	}
	return out
}
