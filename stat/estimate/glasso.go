package estimate

import (
	"fmt"
	"math"
	"path/filepath"

	"pare/internal/table"
	"pare/stat/graphical"
	"pare/stat/recovery"
)

// Glasso is a request for sparse precision matrices.
type Glasso struct {
	// Data are the observations; or Covariance is a file with a covariance or correlation
	// matrix, of Observations observations (0: unknown, which only eBIC minds).
	Data         Source
	Covariance   string
	Observations int
	// Transform of the data is "", "log" or "npn" (graphical.Nonparanormal).
	Transform   string
	Correlation bool // fit correlations; else covariances
	// Diagonal penalises the diagonal; Weights is a file of penalty weights, "": all 1.
	Diagonal bool
	Weights  string
	// Lambda fits one network; nil: a path of Count λ down to Ratio of the largest, as
	// graphical.PathOptions.
	Lambda *float64
	Count  int
	Ratio  float64
	// Select chooses a network of the path by the rest of graphical.SelectOptions; "": none
	// is chosen. OneSE takes the sparsest within one standard error.
	Select string
	Choice graphical.SelectOptions
	OneSE  bool
	// Relaxed fits the edges of the network again without a penalty.
	Relaxed bool
	// Stability counts how often edges are in networks of subsamples, at one λ.
	Stability bool
	// Reference is a file of edges known from elsewhere, "": none.
	Reference string
	Fit       graphical.Options
	// Progress hears what is done how far; nil: nobody does.
	Progress func(what string, done, total int64)
}

// GlassoResult is what Run found.
type GlassoResult struct {
	File         string
	Variables    []string
	Observations int
	LeftOut      int // rows that are not complete
	Notes        []string
	Request      Glasso
	Networks     []*graphical.Network // one, or a path of falling λ
	Selection    *graphical.Selection // nil: none
	// Chosen is the network of the request's one λ or of the selection, refitted where that
	// was asked for; nil: a path without a choice. ChosenAt is its index in Networks.
	Chosen   *graphical.Network
	ChosenAt int
	// Frequency of pairs in subsamples, nil: not counted.
	Frequency []graphical.Stability
	// Reference are the pairs known, Scores those of Networks.
	Reference [][2]int
	Scores    []recovery.Score
}

// Run reads, fits and scores.
func (g Glasso) Run() (*GlassoResult, error) {
	r := &GlassoResult{Request: g, ChosenAt: -1}
	c, data, err := g.read(r)
	if err != nil {
		return nil, err
	}
	pen := graphical.Penalty{Diagonal: g.Diagonal}
	if g.Weights != "" {
		if pen.Weights, err = squareOf(g.Weights, "a matrix of penalty weights", r.Variables, true); err != nil {
			return nil, err
		}
	}
	if g.Reference != "" {
		if r.Reference, err = readReference(g.Reference, r.Variables, r.Variables); err != nil {
			return nil, err
		}
	}
	if err := g.fit(r, c, data, pen); err != nil {
		return nil, err
	}
	if r.Chosen != nil {
		if err := g.finish(r, c, data, pen); err != nil {
			return nil, err
		}
	}
	if r.Reference != nil {
		for _, n := range r.Networks {
			r.Scores = append(r.Scores, recovery.Pairs(pairs(n), r.Reference, len(r.Variables)))
		}
	}
	return r, nil
}

// read makes the covariance, of data or of a file; data are nil without them.
func (g Glasso) read(r *GlassoResult) (*graphical.Covariance, *Data, error) {
	if g.Covariance != "" {
		return g.readCovariance(r)
	}
	data, err := g.Data.Read()
	if err != nil {
		return nil, nil, err
	}
	n, p := data.Rows, len(data.Names)
	switch g.Transform {
	case "":
	case "log":
		err = data.logarithms()
	case "npn":
		graphical.Nonparanormal(data.X, n, p)
	default:
		err = fmt.Errorf("there is no transform %q; choose log or npn", g.Transform)
	}
	if err != nil {
		return nil, nil, err
	}
	c, err := graphical.FromData(data.X, n, p)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", data.File, err)
	}
	if g.Correlation {
		c = c.Correlation()
	}
	r.File, r.Variables, r.Observations, r.LeftOut, r.Notes = data.File, data.Names, n, data.LeftOut, data.Notes
	return c, data, nil
}

func (g Glasso) readCovariance(r *GlassoResult) (*graphical.Covariance, *Data, error) {
	m, err := readMatrix(g.Covariance, false)
	if err != nil {
		return nil, nil, err
	}
	if err := m.square("a covariance"); err != nil {
		return nil, nil, err
	}
	s := m.values
	r.File, r.Variables, r.Observations = filepath.Base(g.Covariance), m.names, g.Observations
	r.Notes = m.notes
	if len(g.Data.Drop) > 0 {
		if r.Variables, err = without(m.names, g.Data.Drop, r.File); err != nil {
			return nil, nil, err
		}
		m.named = true
		if s, err = m.of(r.Variables, r.Variables); err != nil {
			return nil, nil, err
		}
	}
	c, err := graphical.FromMatrix(s, len(r.Variables), g.Observations)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", r.File, err)
	}
	if g.Correlation {
		c = c.Correlation()
	}
	return c, nil, nil
}

// fit finds one network, a path, or the choice of a path.
func (g Glasso) fit(r *GlassoResult, c *graphical.Covariance, data *Data, pen graphical.Penalty) error {
	if g.Lambda != nil {
		pen.Lambda = *g.Lambda
		n, err := graphical.Fit(c, pen, g.Fit)
		r.Networks, r.Chosen, r.ChosenAt = []*graphical.Network{n}, n, 0
		return err
	}
	path := graphical.PathOptions{Options: g.Fit, Count: g.Count, Ratio: g.Ratio, Progress: named(g.Progress, "path")}
	if g.Select == "" {
		found, err := graphical.FitPath(c, pen, path)
		if err != nil {
			return err
		}
		r.Networks = found.Networks
		return nil
	}
	o := g.Choice
	o.Method, o.Penalty, o.Path, o.Correlation = graphical.Method(g.Select), pen, path, g.Correlation
	o.Path.Progress = named(g.Progress, "selection")
	var err error
	if data != nil {
		r.Selection, err = graphical.Select(data.X, data.Rows, len(data.Names), o)
	} else {
		r.Selection, err = graphical.SelectCovariance(c, o)
	}
	if err != nil {
		return err
	}
	r.Networks = r.Selection.Path.Networks
	r.ChosenAt = r.Selection.Best
	if g.OneSE {
		r.ChosenAt = r.Selection.OneSE
	}
	r.Chosen, r.Frequency = r.Networks[r.ChosenAt], r.Selection.Stability
	return nil
}

// finish refits the chosen network and counts how stable its edges are.
func (g Glasso) finish(r *GlassoResult, c *graphical.Covariance, data *Data, pen graphical.Penalty) error {
	lambda := r.Chosen.Lambda
	if g.Relaxed {
		again, err := graphical.Refit(c, r.Chosen, graphical.Options{Tolerance: g.Fit.Tolerance, MaxIterations: g.Fit.MaxIterations})
		if err != nil {
			return fmt.Errorf("the network of lambda %.4g has no fit without a penalty: %w; leave -relaxed out", lambda, err)
		}
		again.Lambda = lambda
		r.Chosen = again
	}
	if g.Stability && r.Frequency == nil {
		if data == nil {
			return fmt.Errorf("stability counts edges of subsamples, which a covariance does not have")
		}
		o := g.Choice
		o.Penalty, o.Correlation, o.Path = pen, g.Correlation, graphical.PathOptions{Options: g.Fit, Progress: named(g.Progress, "stability")}
		var err error
		r.Frequency, err = graphical.EdgeStability(data.X, data.Rows, len(data.Names), lambda, o)
		return err
	}
	return nil
}

func named(progress func(string, int64, int64), what string) func(done, total int) {
	if progress == nil {
		return nil
	}
	return func(done, total int) { progress(what, int64(done), int64(total)) }
}

func squareOf(path, what string, names []string, infinite bool) ([]float64, error) {
	m, err := readMatrix(path, infinite)
	if err != nil {
		return nil, err
	}
	if err := m.square(what); err != nil {
		return nil, err
	}
	return m.of(names, names)
}

// without is names but for some, which have to be there.
func without(names, drop []string, file string) ([]string, error) {
	gone := map[string]bool{}
	for _, d := range drop {
		gone[d] = true
	}
	var out []string
	for _, name := range names {
		if !gone[name] {
			out = append(out, name)
		}
		delete(gone, name)
	}
	for _, d := range drop {
		if gone[d] {
			return nil, fmt.Errorf("%s: no column %q%s", file, d, table.Suggestion(d, "columns", names))
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no column is left", file)
	}
	return out, nil
}

func pairs(n *graphical.Network) [][2]int {
	out := make([][2]int, len(n.Edges))
	for k, e := range n.Edges {
		out[k] = [2]int{e.I, e.J}
	}
	return out
}

// finite is a pointer to v, nil for what JSON cannot hold.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
