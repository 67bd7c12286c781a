package estimate

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"pare/stat/diffusion"
	"pare/stat/recovery"
)

// Diffusion is a request for the kernel that took inputs to outputs.
type Diffusion struct {
	Inputs, Outputs Source
	// Lambda fits one kernel; nil: a path of Count λ down to Ratio of the largest; Ratio 0:
	// 1/200, or 1/50 with Relaxed and Folds.
	Lambda *float64
	Count  int
	Ratio  float64
	// Folds of cross-validation choose a kernel of the path; 0: none is chosen. OneSE takes
	// the largest λ within one standard error.
	Folds int
	OneSE bool
	Seed  uint64
	// Relaxed fits the entries found again without a penalty; cross-validation then scores
	// such fits.
	Relaxed                                         bool
	Intercept, Symmetric, NonNegative, FreeDiagonal bool
	// Support is a file with a matrix, outputs × inputs, that is 0 where the kernel has to
	// be; Reference one of edges or a kernel known from elsewhere. "": none.
	Support, Reference string
	Fit                diffusion.Options
	Progress           func(what string, done, total int64)
}

// DiffusionResult is what Run found.
type DiffusionResult struct {
	Request         Diffusion
	InputFile, File string
	Inputs, Nodes   []string // of the columns and rows of kernels
	Observations    int
	LeftOut         int
	Notes           []string
	SameNodes       bool // inputs and outputs are of the same nodes
	Models          []*diffusion.Model
	CV              *diffusion.CV // nil: none
	// Chosen is the kernel of one λ or of the cross-validation, refitted with Relaxed; nil:
	// a path without a choice. ChosenAt is its index in Models.
	Chosen   *diffusion.Model
	ChosenAt int
	// Reference are pairs (input, output), Scores those of Models: of entries, without the
	// diagonal where inputs and outputs are of the same nodes.
	Reference [][2]int
	Scores    []recovery.Score
}

// Run reads, fits and scores.
func (d Diffusion) Run() (*DiffusionResult, error) {
	s, err := readSignals(d.Inputs, d.Outputs)
	if err != nil {
		return nil, err
	}
	r := &DiffusionResult{Request: d, InputFile: s.x.File, File: s.y.File, Inputs: s.inputs, Nodes: s.nodes,
		Observations: s.x.Rows, LeftOut: s.x.LeftOut, Notes: append(s.x.Notes, s.y.Notes...), SameNodes: s.sameNodes, ChosenAt: -1}
	if s.byPosition {
		r.Notes = append(r.Notes, "inputs and outputs have other names and are taken for the same nodes in their order")
	}
	p := diffusion.Problem{X: s.x.dense(), Y: s.y.dense(), Intercept: d.Intercept, Symmetric: d.Symmetric,
		NonNegative: d.NonNegative, FreeDiagonal: d.FreeDiagonal}
	if d.Support != "" {
		if p.Support, err = s.support(d.Support); err != nil {
			return nil, err
		}
	}
	if d.Reference != "" {
		if r.Reference, err = readReference(d.Reference, r.Inputs, r.Nodes); err != nil {
			return nil, err
		}
		if d.Symmetric {
			for _, t := range slices.Clone(r.Reference) {
				r.Reference = append(r.Reference, [2]int{t[1], t[0]})
			}
		}
	}
	if err := d.fit(r, p); err != nil {
		return nil, err
	}
	if d.Relaxed && r.Chosen != nil {
		lambda := r.Chosen.Lambda
		if r.Chosen, err = diffusion.Relax(p, r.Chosen.Kernel, d.Fit); err != nil {
			return nil, fmt.Errorf("the kernel of lambda %.4g has no fit without a penalty: %w; leave -relaxed out", lambda, err)
		}
		r.Chosen.Lambda = lambda
	}
	if r.Reference != nil {
		for _, m := range r.Models {
			r.Scores = append(r.Scores, r.score(m.Kernel))
		}
	}
	return r, nil
}

// fit finds one kernel, a path, or the choice of a path.
func (d Diffusion) fit(r *DiffusionResult, p diffusion.Problem) error {
	o := d.Fit
	var err error
	if d.Lambda != nil {
		o.Progress = named(d.Progress, "rows of the kernel")
		if r.Models, err = diffusion.FitPath(p, []float64{*d.Lambda}, o); err != nil {
			return err
		}
		r.Chosen, r.ChosenAt = r.Models[0], 0
		return nil
	}
	ratio := d.Ratio
	if ratio == 0 {
		ratio = 1.0 / 200
		if d.Relaxed && d.Folds > 0 {
			ratio = 1.0 / 50
		}
	}
	lambdas, err := diffusion.Lambdas(p, d.Count, ratio)
	if err != nil {
		return err
	}
	if d.Folds == 0 {
		o.Progress = named(d.Progress, "path")
		r.Models, err = diffusion.FitPath(p, lambdas, o)
		return err
	}
	o.Progress = named(d.Progress, "cross-validation")
	r.CV, err = diffusion.CrossValidate(p, diffusion.CVOptions{Options: o, Lambdas: lambdas, Folds: d.Folds,
		Rand: rand.New(rand.NewPCG(d.Seed, 0)), Relaxed: d.Relaxed})
	if err != nil {
		return err
	}
	r.Models, r.ChosenAt = r.CV.Path, r.CV.Min
	if d.OneSE {
		r.ChosenAt = r.CV.OneSE
	}
	r.Chosen = r.Models[r.ChosenAt]
	return nil
}

// score compares the entries of a kernel with the reference.
func (r *DiffusionResult) score(k diffusion.Kernel) recovery.Score {
	counts := func(in, out int) bool { return !r.SameNodes || in != out }
	truth := map[[2]int]bool{}
	for _, t := range r.Reference {
		if counts(t[0], t[1]) {
			truth[t] = true
		}
	}
	hits, found := 0, 0
	for i, row := range k.Rows {
		for _, j := range row.Index {
			if counts(j, i) {
				found++
				if truth[[2]int{j, i}] {
					hits++
				}
			}
		}
	}
	all := len(r.Inputs) * len(r.Nodes)
	if r.SameNodes {
		all -= len(r.Nodes)
	}
	return recovery.Of(hits, found-hits, len(truth)-hits, all-found-len(truth)+hits)
}

// Warnings say in a line each which kernels did not converge.
func (r *DiffusionResult) Warnings() []string {
	var out []string
	for i, m := range r.Models {
		if i == r.ChosenAt {
			m = r.Chosen
		}
		if w := m.Warning(); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// Remarks are what reading found odd, a line each.
func (r *DiffusionResult) Remarks() []string { return r.Notes }
