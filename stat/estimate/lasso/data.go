package lasso

import (
	"errors"
	"math"
	"slices"
	"strings"

	"pare/internal/table"
	"pare/stat/linear"
)

// Columns say which columns of a table are what. Those of weights, folds and row
// groups are no features.
type Columns struct {
	Target   string   // required
	Features []string // nil: all that are left
	Drop     []string // no features
	OneHot   bool     // text columns become columns of 0 and 1, one for each value
	// Categorical columns do so without OneHot, be they of text or of numbers.
	Categorical []string
	// DropFirst, with either: the first value of each text column gets none, so that
	// the columns and an intercept are independent.
	DropFirst bool
	// DropConstant leaves constant columns out in place of refusing them, DropMissing
	// rows with a missing cell in place of refusing these.
	DropConstant, DropMissing bool
	Weights                   string // of observations; "": equal
	Together                  string // rows of one value stay in one fold; "": every row for itself
	Fold                      string // the fold of each row; "": drawn
	Audit                     string // groups of rows to audit; "": none
	// TestSize is the share of rows that is left out of all fits, to measure on.
	TestSize float64
	Seed     uint64 // of the rows left out
}

// Data are a design, column after column, and what belongs to its rows.
type Data struct {
	Names   []string // of columns
	Of      []string // the column of the table that each stands for
	Rows    int
	X       []float64
	Target  string
	Y       []float64
	Classes []string // their names; nil for a Gaussian response
	// Weights, Together, Fold and Groups have a value per row, or are nil.
	Weights        []float64
	Together, Fold []int
	FoldNames      []string // by the numbers of Fold
	Groups         []string
	Audit          string // the column of Groups
	Notes          []string

	Test *Data // rows left out; nil: none
}

// Load makes data of a table for a family of responses.
func Load(t *table.Table, family linear.Family, c Columns) (*Data, error) {
	d := &Data{Target: c.Target, Audit: c.Audit, Notes: slices.Clone(t.Notes)}
	names, err := c.features(t)
	if err != nil {
		return nil, err
	}
	if t, err = d.complete(t, names, c); err != nil {
		return nil, err
	}
	if d.Rows = t.Rows(); d.Rows < 2 {
		return nil, inputf("%s: there are %d complete rows, a fit needs at least 2", t.Source, d.Rows)
	}
	if err := d.target(t, family); err != nil {
		return nil, err
	}
	if err := d.design(t, names, c); err != nil {
		return nil, err
	}
	if err := d.rows(t, c); err != nil {
		return nil, err
	}
	if c.TestSize != 0 {
		return d.split(family, c)
	}
	return d, nil
}

// features are the columns of the table to use.
func (c *Columns) features(t *table.Table) ([]string, error) {
	if len(c.Features) > 0 && len(c.Drop) > 0 {
		return nil, inputf("-features and -drop contradict each other: name the columns to use or those not to")
	}
	if c.Fold != "" && c.Together != "" {
		return nil, inputf("-foldid and -groups contradict each other: both say which rows are in a fold")
	}
	roles := []string{c.Target, c.Weights, c.Together, c.Fold}
	for _, name := range slices.Concat(roles, c.Features, c.Drop, []string{c.Audit}) {
		if name == "" {
			continue
		}
		if _, err := t.Column(name); err != nil {
			return nil, input(err)
		}
	}
	for i, name := range roles {
		if name != "" && slices.Contains(roles[:i], name) {
			return nil, inputf("%s: column %s cannot be two of target, weights, groups and folds", t.Source, name)
		}
	}
	if slices.Contains(c.Features, c.Target) || slices.Contains(c.Drop, c.Target) {
		return nil, inputf("%s: column %s is the target; leave it out of -features and -drop", t.Source, c.Target)
	}
	var names []string
	for _, name := range t.Names() {
		use := !slices.Contains(c.Drop, name)
		if len(c.Features) > 0 {
			use = slices.Contains(c.Features, name)
		}
		if use && !slices.Contains(roles, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, inputf("%s: no column is left to explain %s with", t.Source, c.Target)
	}
	return names, nil
}

// complete leaves out rows with missing cells where that is asked for.
func (d *Data) complete(t *table.Table, names []string, c Columns) (*table.Table, error) {
	if !c.DropMissing {
		return t, nil
	}
	used := slices.Clone(names)
	for _, name := range []string{c.Target, c.Weights, c.Together, c.Fold, c.Audit} {
		if name != "" && !slices.Contains(used, name) {
			used = append(used, name)
		}
	}
	rows, err := t.Complete(used...)
	if err != nil {
		return nil, input(err)
	}
	if len(rows) < t.Rows() {
		d.notef("%d of %d rows with a missing cell are left out", t.Rows()-len(rows), t.Rows())
	}
	out, err := t.Take(rows)
	return out, input(err)
}

// target reads the response.
func (d *Data) target(t *table.Table, family linear.Family) error {
	column, err := t.Column(d.Target)
	if err != nil {
		return input(err)
	}
	if family == linear.Gaussian {
		if !column.Numeric() {
			return d.textTarget(t, column)
		}
		m, err := t.Matrix(d.Target)
		if err != nil {
			return input(err)
		}
		if err := t.Range(m); err != nil {
			return input(err)
		}
		d.Y = m.Data
		if i := slices.IndexFunc(d.Y, func(v float64) bool { return v != d.Y[0] }); i < 0 {
			return inputf("%s: the target %s is %v in every row: there is nothing to explain", t.Source, d.Target, d.Y[0])
		}
		return nil
	}
	codes, levels, err := t.Classes(d.Target)
	switch {
	case err != nil:
		return input(err)
	case len(levels) == 1:
		return inputf("%s: the target %s is %s in every row: there is nothing to explain", t.Source, d.Target, levels[0])
	case family == linear.Binomial && len(levels) > 2:
		return inputf("%s: the target %s has %d values (%s); -family binomial needs 2, -family multinomial takes more",
			t.Source, d.Target, len(levels), few(levels))
	case len(levels) > 2 && 2*len(levels) > d.Rows:
		return inputf("%s: the target %s has %d values in %d rows, too many for classes; for numbers use -family gaussian",
			t.Source, d.Target, len(levels), d.Rows)
	}
	d.Classes, d.Y = levels, make([]float64, d.Rows)
	for i, k := range codes {
		d.Y[i] = float64(k)
	}
	return nil
}

// textTarget says why text is no target of a Gaussian model.
func (d *Data) textTarget(t *table.Table, column *table.Column) error {
	_, err := t.Target(d.Target)
	if stray := remedy(err); err != nil && (stray.Error() != err.Error() || len(column.Levels) > 20) {
		return stray
	}
	family := "multinomial"
	if len(column.Levels) == 2 {
		family = "binomial"
	}
	return inputf("%s: the target %s is text (%s); for classes use -family %s", t.Source, d.Target, few(column.Levels), family)
}

// design reads the features.
func (d *Data) design(t *table.Table, names []string, c Columns) error {
	raw := map[string]bool{}
	for _, name := range names {
		raw[name] = true
	}
	for _, name := range c.Categorical {
		if !raw[name] {
			return inputf("-categorical names %q, which is no feature%s", name, table.Suggestion(name, "features", names))
		}
	}
	if c.OneHot || c.Categorical != nil {
		encoded, err := t.Encode(table.Encoding{Text: c.OneHot, Categorical: c.Categorical, Reference: c.DropFirst,
			But: slices.DeleteFunc(t.Names(), func(n string) bool { return raw[n] })})
		if err != nil {
			return remedy(err)
		}
		names = nil
		for _, name := range encoded.Names() {
			if raw[table.Feature(name, raw)] {
				names = append(names, name)
			}
		}
		t = encoded
	}
	m, err := t.Matrix(names...)
	if err != nil {
		return d.explain(t, names, err)
	}
	if constant := m.Constant(); len(constant) > 0 {
		if m, err = d.constant(t, m, constant, c); err != nil {
			return err
		}
	}
	if err := t.Range(m); err != nil {
		return input(err)
	}
	d.Names, d.X = m.Names, m.Data
	for _, name := range d.Names {
		d.Of = append(d.Of, table.Feature(name, raw))
	}
	return nil
}

// explain adds to an error of a table what can be done about it.
func (d *Data) explain(t *table.Table, names []string, err error) error {
	for _, name := range names {
		column, e := t.Column(name)
		if e != nil {
			return input(e)
		}
		_, bad := t.Matrix(name)
		if bad == nil || bad.Error() != err.Error() {
			continue
		}
		if !column.Numeric() {
			if stray := remedy(err); stray.Error() != err.Error() {
				return stray
			}
			return inputf("%w; -one-hot replaces it by a column of 0 and 1 for each value, -drop %s leaves it out", err, name)
		}
		missing := slices.ContainsFunc(column.Numbers, math.IsNaN)
		if missing {
			return inputf("%w; -drop-missing leaves such rows out, -drop %s the column", err, name)
		}
		return inputf("%w; correct the cell, or leave the column out with -drop %s", err, name)
	}
	return input(err)
}

// remedy adds to an error about a text column that is hardly meant what can be done.
func remedy(err error) error {
	var stray *table.StrayError
	var identifier *table.IdentifierError
	switch {
	case errors.As(err, &stray):
		return inputf("%w; correct the cell, name it in -missing, or, of a feature, take every value as a category with -categorical %s", err, stray.Column)
	case errors.As(err, &identifier):
		return inputf("%w; leave the column out with -drop %s, or keep it with -categorical %s", err, identifier.Column, identifier.Column)
	}
	return input(err)
}

// constant refuses constant columns or leaves them out.
func (d *Data) constant(t *table.Table, m *table.Matrix, at []int, c Columns) (*table.Matrix, error) {
	var gone, kept []string
	for j, name := range m.Names {
		if _, is := slices.BinarySearch(at, j); is {
			gone = append(gone, name)
		} else {
			kept = append(kept, name)
		}
	}
	if !c.DropConstant {
		what := "column " + gone[0] + " is"
		if len(gone) > 1 {
			what = "columns " + few(gone) + " are"
		}
		return nil, inputf("%s: %s constant and can explain nothing; -drop-constant leaves such columns out", t.Source, what)
	}
	if len(kept) == 0 {
		return nil, inputf("%s: all columns are constant", t.Source)
	}
	d.notef("constant, left out: %s", few(gone))
	out, err := t.Matrix(kept...)
	return out, input(err)
}

// few are the first of some texts.
func few(texts []string) string {
	const most = 8
	if len(texts) > most {
		return strings.Join(texts[:most], ", ") + ", …"
	}
	return strings.Join(texts, ", ")
}
