// Package glasso estimates networks of partial correlations from files of observations or
// covariances by graphical lasso.
package glasso

import (
	"errors"
	"fmt"
	"path/filepath"

	"pare/stat/estimate"
	"pare/stat/graphical"
	"pare/stat/recovery"
)

// Request asks for sparse precision matrices.
type Request struct {
	// Source names the observations. Covariance, in its place, is a file with a covariance or
	// correlation matrix of Observations observations (0: unknown; eBIC needs them).
	estimate.Source
	Covariance   string
	Observations int
	// Transform of the data is "", "log" or "npn" (graphical.Nonparanormal).
	Transform   string
	Correlation bool // fit correlations; else covariances
	// Diagonal penalises the diagonal. PenaltyFactor is a file with a factor of λ for each
	// pair; "": all 1.
	Diagonal      bool
	PenaltyFactor string
	// Tolerance is in nats a variable. Zeros mean the same as in graphical.Options and
	// graphical.PathOptions; Threads is not used.
	estimate.Search
	// Method chooses a network of the path, with its own options in Choice; "": none is
	// chosen, unless Folds asks for cross-validation.
	Method graphical.Method
	Choice graphical.SelectOptions
	// Relaxed refits the edges of the chosen network without a penalty.
	Relaxed bool
	// Stability counts the subsamples in which each edge is found at the chosen λ.
	Stability bool
	// Reference is a file with known edges; "": none.
	Reference string
}

// Result holds the networks of a request.
type Result struct {
	estimate.Head
	Request   Request
	Variables []string
	Networks  []*graphical.Network // one, or a path of falling λ
	Selection *graphical.Selection // nil: none
	// Chosen is the network at the one λ or at the λ of the selection, refitted with Relaxed;
	// nil: a path without a choice. ChosenAt is its index in Networks.
	Chosen   *graphical.Network
	ChosenAt int
	// Frequency of pairs in subsamples; nil: not counted.
	Frequency []graphical.Stability
	// Reference lists the known pairs; Scores rates each of Networks.
	Reference [][2]int
	Scores    []recovery.Score

	data *estimate.Data // nil: of a covariance
}

// Run reads, fits and scores.
func (q Request) Run() (*Result, error) {
	switch err := q.Check(); {
	case err != nil:
		return nil, err
	case q.Lambda != nil && q.Method != "":
		return nil, errors.New("-select chooses a λ of a path, and -lambda gives it; leave one of them out")
	case q.Folds > 0 && q.Method != "" && q.Method != graphical.CV:
		return nil, fmt.Errorf("-cv goes with -select cv, not with -select %s; leave one of them out", q.Method)
	case q.Folds > 0:
		q.Method = graphical.CV
	}
	r := &Result{Request: q, ChosenAt: -1, Head: estimate.Head{Command: "glasso"}}
	c, err := r.read()
	if err != nil {
		return nil, err
	}
	if q.Correlation {
		c = c.Correlation()
	}
	pen := graphical.Penalty{Diagonal: q.Diagonal}
	if q.PenaltyFactor != "" {
		m, err := estimate.ReadSquare(q.PenaltyFactor, "a matrix of penalty weights", true)
		if err != nil {
			return nil, err
		}
		if pen.Weights, err = m.Of(r.Variables, r.Variables); err != nil {
			return nil, err
		}
	}
	if q.Reference != "" {
		if r.Reference, err = estimate.ReadReference(q.Reference, r.Variables, r.Variables); err != nil {
			return nil, err
		}
	}
	if err := r.fit(c, pen); err != nil {
		return nil, err
	}
	if r.Reference != nil {
		for _, n := range r.Networks {
			found := make([][2]int, len(n.Edges))
			for k, e := range n.Edges {
				found[k] = [2]int{e.I, e.J}
			}
			r.Scores = append(r.Scores, recovery.Pairs(found, r.Reference, len(r.Variables)))
		}
	}
	return r, nil
}

// read returns the covariance of the data or of the file.
func (r *Result) read() (*graphical.Covariance, error) {
	q := &r.Request
	if q.Covariance != "" {
		m, err := estimate.ReadSquare(q.Covariance, "a covariance", false)
		if err == nil && len(q.Drop) > 0 {
			err = m.Drop(q.Drop)
		}
		if err != nil {
			return nil, err
		}
		r.File, r.Variables, r.Head.Observations, r.Notes = filepath.Base(q.Covariance), m.Names, q.Observations, m.Notes
		c, err := graphical.FromMatrix(m.Values, len(r.Variables), q.Observations)
		return c, within(r.File, err)
	}
	q.DropFirst = true
	data, err := q.Read()
	if err != nil {
		return nil, err
	}
	r.data, r.File, r.Variables, r.Head.Observations, r.Notes = data, data.File, data.Names, data.Rows, data.Notes
	switch q.Transform {
	case "":
	case "log":
		err = data.Log()
	case "npn":
		graphical.Nonparanormal(data.X, data.Rows, len(data.Names))
	default:
		err = fmt.Errorf("there is no transform %q; choose log or npn", q.Transform)
	}
	if err != nil {
		return nil, err
	}
	c, err := graphical.FromData(data.X, data.Rows, len(data.Names))
	return c, within(r.File, err)
}

func within(file string, err error) error {
	if err != nil {
		err = fmt.Errorf("%s: %w", file, err)
	}
	return err
}

// fit fits one network or a path, and chooses a network of the path if a method asks for
// it.
func (r *Result) fit(c *graphical.Covariance, pen graphical.Penalty) (err error) {
	q := &r.Request
	o := q.Choice
	o.Method, o.Penalty, o.Correlation, o.Folds, o.Seed = q.Method, pen, q.Correlation, q.Folds, q.Seed
	fit := graphical.Options{Tolerance: q.Tolerance, MaxIterations: q.MaxIterations}
	o.Path = graphical.PathOptions{Options: fit, Count: q.Count, Ratio: q.Ratio, Progress: q.Tell("path")}
	switch {
	case q.Lambda != nil:
		one := pen
		one.Lambda = *q.Lambda
		if r.Chosen, err = graphical.Fit(c, one, fit); err != nil {
			return err
		}
		r.Networks, r.ChosenAt = []*graphical.Network{r.Chosen}, 0
	case q.Method == "":
		found, err := graphical.FitPath(c, pen, o.Path)
		if err == nil {
			r.Networks = found.Networks
		}
		return err
	default:
		o.Path.Progress = q.Tell("selection")
		if r.data != nil {
			r.Selection, err = graphical.Select(r.data.X, r.data.Rows, len(r.Variables), o)
		} else {
			r.Selection, err = graphical.SelectCovariance(c, o)
		}
		if err != nil {
			return err
		}
		r.Networks, r.ChosenAt, r.Frequency = r.Selection.Path.Networks, r.Selection.Best, r.Selection.Stability
		if q.OneSE {
			r.ChosenAt = r.Selection.OneSE
		}
		r.Chosen = r.Networks[r.ChosenAt]
	}
	lambda := r.Chosen.Lambda
	if q.Relaxed {
		if r.Chosen, err = graphical.Refit(c, r.Chosen, fit); err != nil {
			return fmt.Errorf("the network of lambda %.4g has no fit without a penalty: %w; leave -relaxed out", lambda, err)
		}
		r.Chosen.Lambda = lambda
	}
	if q.Stability && r.Frequency == nil {
		if r.data == nil {
			return errors.New("stability counts edges of subsamples, which a covariance does not have")
		}
		o.Path = graphical.PathOptions{Options: fit, Progress: q.Tell("stability")}
		r.Frequency, err = graphical.EdgeStability(r.data.X, r.data.Rows, len(r.Variables), lambda, o)
	}
	return err
}

// Warnings returns a line for each network that did not converge.
func (r *Result) Warnings() []string {
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
