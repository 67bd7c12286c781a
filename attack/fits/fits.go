// Package fits attacks the models that pare lasso has fitted, at every λ of their path: clean,
// robust and certified accuracy of models of classes, the loss as it is, under attacks and in the
// worst case of models of numbers and counts.
//
// Columns of numbers move; columns of 0 and 1 that stand for the values of a text column stay, unless
// they are named. A linear predictor η of a row moves by at most ε‖w‖ in the dual norm, where w are the
// coefficients of the columns that move, so the worst case has a closed form: the certified
// accuracy is exact, and attacks can come no lower.
package fits

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"sync"

	"pare/attack"
	"pare/internal/kernel/parallel"
	"pare/internal/limit"
	"pare/internal/table"
	"pare/stat/estimate"
	"pare/stat/estimate/lasso"
	"pare/stat/linear"
)

// Units are the units of perturbations.
type Units string

// The units of perturbations.
const (
	// Deviations are standard deviations of each column in the rows that were fitted. Ranges then are
	// of deviations from the mean.
	Deviations Units = "sd"
	// Raw are the units of the cells.
	Raw Units = "raw"
)

// Request says which models to attack, on which rows and how.
type Request struct {
	Model  string // folder or file, as lasso.ReadModel takes it
	Path   string // table of the rows, with the target
	Target string // file of one column, the target; "": the target column of the table
	// Lambda is one λ within the path, between two of which coefficients are interpolated; nil: all.
	// Gamma is the share of the penalised fit in a relaxed one; nil: as lasso.Prediction has it.
	Lambda, Gamma *float64
	// Complete leaves out rows with a missing cell, LeftOut all rows but those that were left out of
	// the fit for testing; Path is then the file of the fit.
	Complete, LeftOut bool
	// Limit is the number of rows, the first ones; 0: all.
	Limit int
	// Move and Fixed are shell patterns of the columns of the table that move, and of those that stay
	// even if Move names them.
	// A column of text stands for its columns of 0 and 1, which then move by fractions. Move nil: all
	// columns of numbers.
	Move, Fixed []string

	Units   Units // "": Deviations
	Norm    attack.Norm
	Eps     []float64 // sizes of perturbations, in any order
	Range   []float64 // the lowest and the highest valid value, in Units; nil: without limits
	Names   []string  // of Attacks
	Attacks []attack.Attack
	Seed    uint64
	// Progress may be nil. It is called by one goroutine at a time.
	Progress func(what string, done, total int64)
}

// Run reads model and table and attacks.
func (q Request) Run(ctx context.Context) (*Result, error) {
	if len(q.Eps) == 0 || len(q.Attacks) == 0 || len(q.Names) != len(q.Attacks) {
		return nil, errors.New("an attack needs a size of perturbations, attacks and their names")
	}
	q.Eps = slices.Sorted(slices.Values(q.Eps))
	m, err := lasso.ReadModel(q.Model)
	if err != nil {
		return nil, err
	}
	if q.LeftOut {
		if err := leftOut(m, q.Path); err != nil {
			return nil, err
		}
	}
	t, err := m.Table(q.Path)
	if err != nil {
		return nil, err
	}
	target := m.Target
	if q.Target != "" {
		y, err := table.Read(q.Target, table.Options{})
		if err != nil {
			return nil, err
		}
		if t, target, err = lasso.Join(t, y); err != nil {
			return nil, err
		}
	}
	return q.attack(ctx, m, t, target)
}

// leftOut refuses a file that cannot have the rows left out of the fit.
func leftOut(m *lasso.Model, path string) error {
	switch {
	case m.LeftOut == nil:
		return errors.New("-left-out takes the rows that the fit left out for testing, and the model names none; fit with -test-size")
	case m.LeftOut.File != filepath.Base(path):
		return fmt.Errorf("-left-out takes rows of the file of the fit, %s, and -data is %s", m.LeftOut.File, path)
	}
	return nil
}

// victims are the rows to attack, with the fits.
type victims struct {
	*Request
	model  *lasso.Model
	family linear.Family
	fits   []*lasso.SavedFit
	moves  []bool         // by Model.Columns
	rows   *lasso.NewRows // all of the table
	at     []int          // the places in rows of those to attack
	y      []float64      // of all rows
	value  [][]float64    // by Model.Features, of those that move: the values of rows at, in Units
}

func (q *Request) attack(ctx context.Context, m *lasso.Model, t *table.Table, target string) (*Result, error) {
	v := &victims{Request: q, model: m}
	var err error
	if v.family, err = m.Distribution(); err != nil {
		return nil, err
	}
	if err := v.choose(); err != nil {
		return nil, err
	}
	if err := v.columns(t); err != nil {
		return nil, err
	}
	notes, err := v.read(t, target)
	if err != nil {
		return nil, err
	}
	r := v.result(t, target)
	r.Notes = append(r.Notes, notes...)
	r.Fits = make([]Fit, len(v.fits))
	failed := make([]error, len(v.fits))
	var lock sync.Mutex
	done := 0
	parallel.Run(len(v.fits), func(k int) {
		if ctx.Err() == nil {
			r.Fits[k], failed[k] = v.fit(ctx, v.fits[k])
		}
		if q.Progress != nil {
			lock.Lock()
			defer lock.Unlock()
			done++
			q.Progress("attacking the models of the path", int64(done), int64(len(v.fits)))
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if at := slices.IndexFunc(failed, func(err error) bool { return err != nil }); at >= 0 {
		return nil, failed[at]
	}
	return r, nil
}

// choose finds the fits.
func (v *victims) choose() error {
	if v.Lambda == nil {
		for k := range v.model.Fits {
			f, err := v.model.At(&v.model.Fits[k].Lambda, v.Gamma)
			if err != nil {
				return err
			}
			v.fits = append(v.fits, f)
		}
		return nil
	}
	// A λ may be a rounded one.
	const near = 1e-3
	first, last := v.model.Fits[0].Lambda, v.model.Fits[len(v.model.Fits)-1].Lambda
	if l := *v.Lambda; !(l >= last*(1-near) && l <= first*(1+near)) {
		if first == last {
			return fmt.Errorf("-lambda is %v, and the model has only λ = %.6g", l, first)
		}
		return fmt.Errorf("-lambda is %v, and the path of the model goes from λ = %.6g down to %.6g", l, first, last)
	}
	f, err := v.model.At(v.Lambda, v.Gamma)
	v.fits = []*lasso.SavedFit{f}
	return err
}

// columns finds the columns that move.
func (v *victims) columns(t *table.Table) error {
	moves, err := matching("-move", v.Move, v.model, t)
	if err != nil {
		return err
	}
	fixed, err := matching("-fixed", v.Fixed, v.model, t)
	if err != nil {
		return err
	}
	v.moves = make([]bool, len(v.model.Columns))
	for c, column := range v.model.Columns {
		if v.Move == nil {
			moves[c] = column.Levels == nil
		}
		v.moves[c] = moves[c] && !fixed[c]
	}
	return v.movable()
}

// matching marks the columns of the model that match a pattern. A pattern that matches no column of
// the table either is an error.
func matching(option string, patterns []string, m *lasso.Model, t *table.Table) ([]bool, error) {
	out := make([]bool, len(m.Columns))
	for _, pattern := range patterns {
		found := false
		for c, column := range m.Columns {
			is, err := filepath.Match(pattern, column.Name)
			if err != nil {
				return nil, fmt.Errorf("%s: the pattern %q is malformed", option, pattern)
			}
			out[c] = out[c] || is
			found = found || is
		}
		for _, name := range t.Names() {
			is, _ := filepath.Match(pattern, name)
			found = found || is
		}
		switch {
		case m.Offset != "" && pattern == m.Offset && option == "-move":
			return nil, fmt.Errorf("-move names %s, the offset of the model, which stays", pattern)
		case !found:
			return nil, fmt.Errorf("%s names %q, which is no column of %s%s", option, pattern, t.Source,
				table.Suggestion(pattern, "columns", t.Names()))
		}
	}
	return out, nil
}

// movable refuses models in which no column moves, or one moves that is multiplied with another.
func (v *victims) movable() error {
	features, moving := 0, 0
	seen := map[int]bool{}
	for _, f := range v.fits {
		for _, terms := range f.Terms {
			for i, k := range terms.Feature {
				if terms.Value[i] == 0 || seen[k] {
					continue
				}
				seen[k] = true
				features++
				moves, err := v.moving(&v.model.Features[k])
				if err != nil {
					return err
				}
				if moves {
					moving++
				}
			}
		}
	}
	switch {
	case features == 0 && len(v.fits) == 1:
		return fmt.Errorf("at λ = %.6g the model has no features, and one prediction for all rows; take a smaller λ", v.fits[0].Lambda)
	case features == 0:
		return errors.New("the model has no features at any λ, and one prediction for all rows")
	case moving == 0:
		return fmt.Errorf("none of the columns that the model uses moves (%s): columns of text stay unless -move names them, "+
			"columns of -fixed always", estimate.Few(v.names(false)))
	}
	return nil
}

// moving reports whether a feature moves.
func (v *victims) moving(f *lasso.Feature) (bool, error) {
	name := v.model.Columns[f.Column].Name
	if f.Times == nil {
		return v.moves[f.Column], nil
	}
	for _, c := range []*lasso.Cell{&f.Cell, f.Times} {
		if v.moves[c.Column] {
			return false, fmt.Errorf("the model has the product of %s and %s, and attacks move columns alone; keep %s with -fixed",
				name, v.model.Columns[f.Times.Column].Name, v.model.Columns[c.Column].Name)
		}
	}
	return false, nil
}

// names lists the columns that some fit uses and that move, or stay.
func (v *victims) names(moving bool) []string {
	uses := make([]bool, len(v.model.Columns))
	for _, f := range v.fits {
		for _, terms := range f.Terms {
			for i, k := range terms.Feature {
				if f := &v.model.Features[k]; terms.Value[i] != 0 {
					uses[f.Column] = true
					if f.Times != nil {
						uses[f.Times.Column] = true
					}
				}
			}
		}
	}
	out := []string{}
	for c, column := range v.model.Columns {
		if uses[c] && v.moves[c] == moving {
			out = append(out, column.Name)
		}
	}
	return out
}

// read reads the rows, their targets and the values that move.
func (v *victims) read(t *table.Table, target string) (notes []string, err error) {
	if v.rows, err = v.model.Read(t, v.fits, v.Complete); err != nil {
		return nil, err
	}
	var there []int
	if v.y, there, err = v.rows.Responses(t, target); err != nil {
		return nil, err
	}
	notes = append(slices.Clone(t.Notes), v.rows.Notes...)
	if without := len(v.rows.Row) - len(there); without > 0 {
		notes = append(notes, fmt.Sprintf("%d rows without a target are left out", without))
	}
	for _, i := range there {
		if v.LeftOut {
			if _, is := slices.BinarySearch(v.model.LeftOut.Row, v.rows.Row[i]); !is {
				continue
			}
		}
		v.at = append(v.at, i)
	}
	switch {
	case len(v.at) == 0:
		return nil, fmt.Errorf("%s: no row has a target, and an attack needs the true one", t.Source)
	case v.Limit > 0 && v.Limit < len(v.at):
		notes = append(notes, fmt.Sprintf("the first %d of %d rows; -limit 0 takes all", v.Limit, len(v.at)))
		v.at = v.at[:v.Limit]
	}
	return notes, v.values(t)
}

// values fills in value.
func (v *victims) values(t *table.Table) error {
	v.value = make([][]float64, len(v.model.Features))
	used, moving := make([]bool, len(v.model.Features)), 0
	for _, fit := range v.fits {
		for _, terms := range fit.Terms {
			for _, k := range terms.Feature {
				if f := &v.model.Features[k]; !used[k] && f.Times == nil && v.moves[f.Column] {
					used[k] = true
					moving++
				}
			}
		}
	}
	name := fmt.Sprintf("an attack on %d rows of %d columns", len(v.at), moving)
	if err := limit.Check(name, int64(len(v.at))*int64(moving), 8); err != nil {
		return fmt.Errorf("%w; give a smaller -limit", err)
	}
	for k := range v.model.Features {
		f := &v.model.Features[k]
		if !used[k] {
			continue
		}
		mean, unit, err := v.unit(f)
		if err != nil {
			return err
		}
		v.value[k] = make([]float64, len(v.at))
		for i, row := range v.at {
			u := (v.rows.Value(row, f) - mean) / unit
			if r := v.Range; r != nil && !(u >= r[0] && u <= r[1]) {
				return fmt.Errorf("%s: row %d, column %s: %.6g is outside -range %g,%g%s", t.Source, v.rows.Row[row], v.model.Columns[f.Column].Name,
					u, r[0], r[1], v.unitText(" (%s)"))
			}
			v.value[k][i] = u
		}
	}
	return nil
}

// unit is the place of 0 and the size of a unit on the scale of a feature.
func (v *victims) unit(f *lasso.Feature) (mean, unit float64, err error) {
	if v.Units == Raw {
		return 0, 1, nil
	}
	if f.Deviation == 0 {
		return 0, 0, fmt.Errorf("the model is of an earlier version and has no standard deviation of column %s; fit again, or give -units raw",
			v.model.Columns[f.Column].Name)
	}
	return f.Mean, f.Deviation, nil
}

// unitText is the unit of ranges in words.
func (v *victims) unitText(format string) string {
	if v.Units == Raw {
		return ""
	}
	return fmt.Sprintf(format, "standard deviations from the mean")
}

// threat is the threat of a size.
func (v *victims) threat(eps float64) attack.Threat {
	t := attack.Threat{Norm: v.Norm, Eps: eps, Range: attack.Unbounded}
	if t.Norm == "" {
		t.Norm = attack.Linf
	}
	if v.Range != nil {
		t.Range.Lower, t.Range.Upper = v.Range[0], v.Range[1]
	}
	return t
}

// bounded reports whether values have limits.
func (v *victims) bounded() bool {
	return v.Range != nil && !(math.IsInf(v.Range[0], -1) && math.IsInf(v.Range[1], 1))
}
