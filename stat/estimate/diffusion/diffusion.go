// Package diffusion estimates, from files of signals, the kernel or the graph that spread
// them. Request maps inputs to outputs, Templates uses outputs alone, and Simulation draws
// signals with a known truth.
package diffusion

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"

	"pare/stat/diffusion"
	"pare/stat/estimate"
	"pare/stat/recovery"
)

// Request asks for the kernel that maps inputs to outputs.
type Request struct {
	estimate.Source        // of the inputs; the outputs are read in the same way
	Outputs         string // a file
	// Tolerance is relative to the objective of the empty kernel; 0: 1e-8. Count 0 is 30,
	// Ratio 0 is 1/200, or 1/50 with Relaxed and Folds.
	estimate.Search
	// Relaxed refits the entries found without a penalty; cross-validation then scores the
	// refits.
	Relaxed                           bool
	Intercept, Symmetric, NonNegative bool
	FreeDiagonal                      bool // do not penalise the diagonal
	// Support is a file with a matrix, outputs × inputs, whose zeros the kernel must share;
	// Reference is a file with known edges or a known kernel. "": none.
	Support, Reference string
}

// Result holds the kernels of a request. Its File is the file of outputs.
type Result struct {
	estimate.Head
	Request       Request
	InputFile     string
	Inputs, Nodes []string // of the columns and rows of kernels
	SameNodes     bool     // inputs and outputs belong to the same nodes
	Models        []*diffusion.Model
	CV            *diffusion.CV // nil: none
	// Chosen is the kernel at the one λ or at the λ of cross-validation, refitted with
	// Relaxed; nil: a path without a choice. ChosenAt is its index in Models.
	Chosen   *diffusion.Model
	ChosenAt int
	// Reference lists pairs (input, output). Scores rates each of Models by its entries,
	// without the diagonal if inputs and outputs belong to the same nodes.
	Reference [][2]int
	Scores    []recovery.Score
}

// Run reads, fits and scores.
func (q Request) Run() (*Result, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	s, err := readSignals(q.Source, q.Outputs)
	if err != nil {
		return nil, err
	}
	r := &Result{Head: estimate.Head{Command: "diffusion", File: s.y.File, Observations: s.x.Rows,
		Notes: slices.Concat(s.x.Notes, s.y.Notes)},
		Request: q, InputFile: filepath.Base(q.Path), Inputs: s.inputs, Nodes: s.nodes, SameNodes: s.sameNodes, ChosenAt: -1}
	if s.byPosition {
		r.Notes = append(r.Notes, "inputs and outputs have other names and are taken for the same nodes in their order")
	}
	p := diffusion.Problem{X: dense(s.x), Y: dense(s.y), Intercept: q.Intercept, Symmetric: q.Symmetric, NonNegative: q.NonNegative,
		FreeDiagonal: q.FreeDiagonal}
	if q.Support != "" {
		if p.Support, err = s.support(q.Support); err != nil {
			return nil, err
		}
	}
	if q.Reference != "" {
		if r.Reference, err = estimate.ReadReference(q.Reference, r.Inputs, r.Nodes); err != nil {
			return nil, err
		}
		if q.Symmetric {
			for _, t := range slices.Clone(r.Reference) {
				r.Reference = append(r.Reference, [2]int{t[1], t[0]})
			}
		}
	}
	if err := r.fit(p); err != nil {
		return nil, err
	}
	if r.Reference != nil {
		for _, m := range r.Models {
			r.Scores = append(r.Scores, r.score(m.Kernel))
		}
	}
	return r, nil
}

// fit finds one kernel, a path, or the choice of a path.
func (r *Result) fit(p diffusion.Problem) (err error) {
	q := &r.Request
	o := diffusion.Options{Tolerance: q.Tolerance, MaxIterations: q.MaxIterations, Threads: q.Threads}
	if q.Lambda != nil {
		o.Progress = q.Tell("rows of the kernel")
		if r.Models, err = diffusion.FitPath(p, []float64{*q.Lambda}, o); err != nil {
			return err
		}
		r.ChosenAt = 0
	} else {
		count, ratio := 30, 1.0/200
		if q.Relaxed && q.Folds > 0 {
			ratio = 1.0 / 50
		}
		if q.Count != 0 {
			count = q.Count
		}
		if q.Ratio != 0 {
			ratio = q.Ratio
		}
		lambdas, err := diffusion.Lambdas(p, count, ratio)
		if err != nil {
			return err
		}
		if q.Folds == 0 {
			o.Progress = q.Tell("path")
			r.Models, err = diffusion.FitPath(p, lambdas, o)
			return err
		}
		o.Progress = q.Tell("cross-validation")
		if r.CV, err = diffusion.CrossValidate(p, diffusion.CVOptions{Options: o, Lambdas: lambdas, Folds: q.Folds,
			Rand: rand.New(rand.NewPCG(q.Seed, 0)), Relaxed: q.Relaxed}); err != nil {
			return err
		}
		r.Models, r.ChosenAt = r.CV.Path, r.CV.Min
		if q.OneSE {
			r.ChosenAt = r.CV.OneSE
		}
	}
	r.Chosen = r.Models[r.ChosenAt]
	if q.Relaxed {
		lambda := r.Chosen.Lambda
		o.Progress = nil
		if r.Chosen, err = diffusion.Relax(p, r.Chosen.Kernel, o); err != nil {
			return fmt.Errorf("the kernel of lambda %.4g has no fit without a penalty: %w; leave -relaxed out", lambda, err)
		}
		r.Chosen.Lambda = lambda
	}
	return nil
}

// score compares the entries of a kernel with the reference.
func (r *Result) score(k diffusion.Kernel) recovery.Score {
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

// Warnings returns a line for each kernel that did not converge.
func (r *Result) Warnings() []string {
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
