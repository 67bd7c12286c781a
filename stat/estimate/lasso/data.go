package lasso

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"pare/internal/table"
	"pare/stat/estimate"
	"pare/stat/linear"
)

// Table names the columns of a table that are the target, weights, groups and folds. The
// features are the other columns that Source selects; the column of Audit may be one.
type Table struct {
	estimate.Source
	Target     string // required, unless there is a TargetFile; of a svmlight file "": its labels
	TargetFile string // of one column, the target
	Weights    string // of observations; "": equal
	Offset     string // added to the linear predictor; "": none
	Together   string // rows of one value stay in one fold; "": every row for itself
	Fold       string // the fold of each row; "": drawn
	Stratify   string // rows of each value are spread evenly over the folds; "": the classes
	Time       string // orders the rows, for folds that are predicted from earlier rows; "": none
	Audit      string // groups of rows to audit; "": none
	// TestSize is the share of rows to leave out of all fits and to measure on; 0: none.
	TestSize float64
	Seed     uint64 // of the rows left out
}

// Data holds a design and the values of its rows.
type Data struct {
	File    string   // without its folder
	Names   []string // of columns
	Of      []string // the column of the table that each stands for
	Rows    int
	X       []float64     // column after column; nil: the design is Sparse
	Sparse  *table.Sparse // the design in place of X, if it has many columns that are mostly zeros
	Target  string
	Y       []float64
	Classes []string // their names; nil for a Gaussian response
	// Row has the number of each row in the file, from 1; nil: all rows are there.
	Row []int
	// Weights and the following lists have a value per row, or are nil.
	Weights, Offset []float64
	Together, Fold  []int
	Strata          []int
	Stratify        string // the column of Strata
	Time            []float64
	FoldNames       []string // by the numbers of Fold
	Groups          []string
	Audit           string   // the column of Groups
	Exposure        string   // the column of Offset
	Notes           []string // oddities of the file, a line each

	// Source has the rules by which the files were read, and Factors the columns of text that
	// became columns of 0 and 1.
	Source  estimate.Source
	Factors []estimate.Factor

	Test *Data // rows left out; nil: none
}

// Read reads the files of the table.
func (c Table) Read(family linear.Family) (*Data, error) {
	cells := c.Cells
	cells.Sparse = true
	t, err := table.Read(c.Path, cells)
	if err != nil {
		return nil, err
	}
	if c.TargetFile != "" {
		y, err := table.Read(c.TargetFile, c.Cells)
		if err != nil {
			return nil, err
		}
		if t, c.Target, err = Join(t, y); err != nil {
			return nil, err
		}
	}
	switch {
	case c.Target != "":
	case !t.Open:
		return nil, errors.New("no -target COLUMN given; see pare help lasso")
	default: // svmlight
		c.Target = table.TargetName
	}
	return Load(t, family, c)
}

// Join appends the only column of target to t. It returns the name of the new column:
// "target", with a prime for each column that already has the name.
func Join(t, target *table.Table) (*table.Table, string, error) {
	columns := target.Names()
	if len(columns) != 1 {
		return nil, "", fmt.Errorf("%s: a target is one column, there are %d", target.Source, len(columns))
	}
	if target.Rows() != t.Rows() {
		return nil, "", fmt.Errorf("%s has %d rows, %s has %d: the target needs one for each", target.Source, target.Rows(), t.Source,
			t.Rows())
	}
	var all []table.Column
	add := func(t *table.Table, name, as string) error {
		c, err := t.Column(name)
		if err == nil {
			all = append(all, *c)
			all[len(all)-1].Name = as
		}
		return err
	}
	for _, name := range t.Names() {
		if err := add(t, name, name); err != nil {
			return nil, "", err
		}
	}
	name := "target"
	for slices.Contains(t.Names(), name) {
		name += "'"
	}
	if err := add(target, columns[0], name); err != nil {
		return nil, "", err
	}
	out, err := table.New(t.Source, all)
	if err == nil {
		out.Notes, out.Open = slices.Concat(t.Notes, target.Notes), t.Open
	}
	return out, name, err
}

// Load turns a table in memory into data for a family of responses; Path and TargetFile do
// not count.
func Load(t *table.Table, family linear.Family, c Table) (*Data, error) {
	d := &Data{File: t.Source, Target: c.Target, Audit: c.Audit, Source: c.Source}
	features, err := c.features(t)
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, name := range append(slices.Clone(features), c.Target, c.Weights, c.Offset, c.Together, c.Fold, c.Stratify, c.Time, c.Audit) {
		used[name] = true
	}
	if t, err = t.Drop(slices.DeleteFunc(t.Names(), func(name string) bool { return used[name] })...); err != nil {
		return nil, err
	}
	if c.Complete {
		rows, err := t.Complete()
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			d.Row = append(d.Row, row+1)
		}
	}
	tables, err := c.Rows(t)
	if err != nil {
		return nil, err
	}
	t = tables[0]
	d.Rows = t.Rows()
	if err := d.target(t, family); err != nil {
		return nil, err
	}
	c.Source.Sparse = true
	design, err := c.Design(t, features)
	if err != nil {
		return nil, err
	}
	d.Of, d.Factors, d.Notes, d.Sparse = design.Of, design.Factors, design.Notes, design.Cells
	if d.Sparse != nil {
		d.Names = d.Sparse.Names
	} else {
		d.Names, d.X = design.Names, design.Matrix.Data
	}
	if err := d.rows(t, &c); err != nil {
		return nil, err
	}
	if c.TestSize != 0 {
		return d.split(family, &c)
	}
	return d, nil
}

// features returns the columns of the table to use as features.
func (c *Table) features(t *table.Table) ([]string, error) {
	roles := []string{c.Target, c.Weights, c.Offset, c.Together, c.Fold, c.Time}
	for _, name := range slices.Concat(roles, c.Columns, c.Drop, []string{c.Audit, c.Stratify}) {
		if name == "" {
			continue
		}
		if _, err := t.Column(name); err != nil {
			return nil, err
		}
	}
	for i, name := range roles {
		if name != "" && slices.Contains(roles[:i], name) {
			return nil, fmt.Errorf("%s: column %s cannot be two of target, weights, offset, groups, folds and time", t.Source, name)
		}
	}
	var r rules
	r.refuse(c.Fold != "" && c.Together != "", "-foldid and -groups contradict each other: both say which rows are in a fold")
	r.refuse(slices.Contains(c.Columns, c.Target) || slices.Contains(c.Drop, c.Target),
		"%s: column %s is the target; leave it out of -columns and -drop",
		t.Source, c.Target)
	names := slices.DeleteFunc(t.Names(), func(name string) bool {
		return len(c.Columns) > 0 && !slices.Contains(c.Columns, name) || slices.Contains(c.Drop, name) || slices.Contains(roles, name)
	})
	r.refuse(len(names) == 0, "%s: no column is left to explain %s with", t.Source, c.Target)
	return names, r.err
}

// target reads the response.
func (d *Data) target(t *table.Table, family linear.Family) error {
	column, err := t.Column(d.Target)
	if err != nil {
		return err
	}
	if !family.Classes() {
		if !column.Numeric() {
			return d.textTarget(t, column)
		}
		m, err := t.Matrix(d.Target)
		if err != nil {
			return incomplete(err)
		}
		if d.Y = m.Data; len(m.Constant()) > 0 {
			return fmt.Errorf("%s: the target %s is %v in every row: there is nothing to explain", t.Source, d.Target, d.Y[0])
		}
		if i := slices.IndexFunc(d.Y, func(y float64) bool { return y < 0 }); i >= 0 && family == linear.Poisson {
			return fmt.Errorf("%s: row %d, column %s: %v is negative; -family poisson takes counts from 0", t.Source, t.Number(i), d.Target, d.Y[i])
		}
		return t.Range(m)
	}
	codes, levels, err := t.Classes(d.Target)
	switch {
	case err != nil:
		return incomplete(err)
	case len(levels) == 1:
		return fmt.Errorf("%s: the target %s is %s in every row: there is nothing to explain", t.Source, d.Target, levels[0])
	case family == linear.Binomial && len(levels) > 2:
		return fmt.Errorf("%s: the target %s has %d values (%s); -family binomial needs 2, -family multinomial takes more",
			t.Source, d.Target, len(levels), estimate.Few(levels))
	case len(levels) > 2 && 2*len(levels) > d.Rows:
		return fmt.Errorf("%s: the target %s has %d values in %d rows, too many for classes; for numbers use -family gaussian",
			t.Source, d.Target, len(levels), d.Rows)
	}
	d.Classes, d.Y = levels, make([]float64, d.Rows)
	for i, k := range codes {
		d.Y[i] = float64(k)
	}
	return nil
}

// incomplete adds the option that avoids it to an error about a missing cell in a column
// that is not a feature.
func incomplete(err error) error { return fmt.Errorf("%w; leave such rows out with -complete", err) }

// numbers returns a column of numbers that is not a feature.
func numbers(t *table.Table, name string) ([]float64, error) {
	v, err := t.Target(name)
	var stray *table.StrayError
	column, unknown := t.Column(name)
	switch {
	case err == nil || unknown != nil:
		return v, err
	case errors.As(err, &stray):
		return nil, fmt.Errorf("%w; correct the cell, or name it in -missing", err)
	case !column.Numeric():
		return nil, err
	}
	return nil, incomplete(err)
}

// textTarget is the error of a Gaussian model for a target of text.
func (d *Data) textTarget(t *table.Table, column *table.Column) error {
	_, err := t.Target(d.Target)
	var stray *table.StrayError
	switch {
	case errors.As(err, &stray):
		return fmt.Errorf("%w; correct the cell, or name it in -missing", err)
	case len(column.Levels) > 20:
		return err
	}
	family := "multinomial"
	if len(column.Levels) == 2 {
		family = "binomial"
	}
	return fmt.Errorf("%s: the target %s is text (%s); for classes use -family %s", t.Source, d.Target, estimate.Few(column.Levels), family)
}

// rows reads the values of rows: weights, folds, groups.
func (d *Data) rows(t *table.Table, c *Table) error {
	if c.Weights != "" {
		w, err := numbers(t, c.Weights)
		if err != nil {
			return err
		}
		sum := 0.0
		for i, v := range w {
			if v < 0 {
				return fmt.Errorf("%s: row %d, column %s: the weight %v is negative", t.Source, t.Number(i), c.Weights, v)
			}
			sum += v
		}
		if sum == 0 || math.IsInf(sum, 0) {
			return fmt.Errorf("%s: the weights in column %s add up to %v", t.Source, c.Weights, sum)
		}
		d.Weights = w
	}
	if c.Offset != "" {
		values, err := numbers(t, c.Offset)
		if err != nil {
			return err
		}
		d.Offset, d.Exposure = values, c.Offset
	}
	for name, to := range map[string]*[]int{c.Together: &d.Together, c.Fold: &d.Fold} {
		if name == "" {
			continue
		}
		codes, levels, err := t.Classes(name)
		if err != nil {
			return incomplete(err)
		}
		if len(levels) < 2 {
			return fmt.Errorf("%s: column %s has one value, which is one fold; cross-validation needs 2", t.Source, name)
		}
		if *to = codes; name == c.Fold {
			d.FoldNames = levels
		}
	}
	if err := d.order(t, c); err != nil {
		return err
	}
	switch c.Audit {
	case "":
		return nil
	case c.Target:
		return fmt.Errorf("%s: column %s is the target, an audit compares groups of rows whatever the target is", t.Source, c.Audit)
	}
	codes, levels, err := t.Classes(c.Audit)
	const most = 50
	switch {
	case err != nil:
		return incomplete(err)
	case len(levels) > most:
		return fmt.Errorf("%s: column %s has %d values, an audit takes at most %d groups", t.Source, c.Audit, len(levels), most)
	case len(levels) < 2:
		return fmt.Errorf("%s: column %s is %s in every row, an audit compares groups", t.Source, c.Audit, levels[0])
	}
	d.Groups = pick(levels, codes)
	return nil
}

// order reads the columns of strata and of time.
func (d *Data) order(t *table.Table, c *Table) error {
	if c.Stratify != "" {
		codes, _, err := t.Classes(c.Stratify)
		if err != nil {
			return incomplete(err)
		}
		d.Strata, d.Stratify = codes, c.Stratify
	}
	if c.Time == "" {
		return nil
	}
	codes, levels, err := t.Classes(c.Time)
	if err != nil {
		return incomplete(err)
	}
	if len(levels) < 2 {
		return fmt.Errorf("%s: column %s is %s in every row, it orders no rows in time", t.Source, c.Time, levels[0])
	}
	d.Time = make([]float64, len(codes))
	for i, k := range codes {
		d.Time[i] = float64(k)
	}
	return nil
}

// arranged reports whether strata or time say how rows are divided into folds.
func (d *Data) arranged() bool { return d.Strata != nil || d.Time != nil }

// split leaves out a share of the rows, of the groups that stay together, or the last rows
// in time.
func (d *Data) split(family linear.Family, c *Table) (*Data, error) {
	if !(c.TestSize > 0 && c.TestSize < 1) {
		return nil, fmt.Errorf("-test-size is %v, it must be between 0 and 1", c.TestSize)
	}
	unit := d.Together
	if unit == nil {
		unit = all(d.Rows)
	}
	units := slices.Max(unit) + 1
	order := rand.New(rand.NewPCG(c.Seed, 0x7e57)).Perm(units)
	if d.Time != nil {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(d.Time[b], d.Time[a]) })
	}
	share := int(math.Round(c.TestSize * float64(units)))
	if d.Time != nil {
		share = wholeTimes(pick(d.Time, order), share)
	}
	out := make([]bool, units)
	for _, u := range order[:share] {
		out[u] = true
	}
	var kept, left []int
	for i, u := range unit {
		if out[u] {
			left = append(left, i)
		} else {
			kept = append(kept, i)
		}
	}
	if len(left) < 1 || len(kept) < 2 {
		return nil, fmt.Errorf("-test-size %v leaves %d rows to fit and %d to measure on", c.TestSize, len(kept), len(left))
	}
	train := d.take(kept)
	train.Test = d.take(left)
	seen, need := map[float64]bool{}, 2
	for _, v := range train.Y {
		seen[v] = true
	}
	if family == linear.Multinomial {
		need = len(d.Classes)
	}
	if len(seen) < need {
		return nil, fmt.Errorf("of the target %s the rows left to fit have %d values, %d are needed; choose another -test-size or -seed",
			d.Target, len(seen), need)
	}
	return train, nil
}

// wholeTimes returns the number of rows nearest to share whose removal parts no rows of one time;
// rows are sorted by time. Without such a number it is share.
func wholeTimes(time []float64, share int) int {
	best, distance := share, len(time)
	if share < 1 {
		return share
	}
	for at := 1; at < len(time); at++ {
		if away := max(at-share, share-at); time[at] != time[at-1] && away < distance {
			best, distance = at, away
		}
	}
	return best
}

// take returns the data of some rows.
func (d *Data) take(rows []int) *Data {
	out := *d
	out.Rows = len(rows)
	if d.Sparse != nil {
		out.Sparse = d.Sparse.Take(rows)
	} else {
		out.X = make([]float64, 0, len(rows)*len(d.Names))
		for j := range d.Names {
			out.X = append(out.X, pick(d.X[j*d.Rows:(j+1)*d.Rows], rows)...)
		}
	}
	out.Y, out.Weights, out.Offset = pick(d.Y, rows), pick(d.Weights, rows), pick(d.Offset, rows)
	out.Together, out.Fold, out.Groups = pick(d.Together, rows), pick(d.Fold, rows), pick(d.Groups, rows)
	out.Strata, out.Time, out.Row = pick(d.Strata, rows), pick(d.Time, rows), make([]int, len(rows))
	for k, i := range rows {
		out.Row[k] = d.number(i)
	}
	return &out
}

// number returns the number of row i in the file, from 1.
func (d *Data) number(i int) int {
	if d.Row != nil {
		return d.Row[i]
	}
	return i + 1
}

// all returns the numbers below n.
func all(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// pick returns the values of a list at some places; nil for nil.
func pick[T any](from []T, at []int) []T {
	if from == nil {
		return nil
	}
	to := make([]T, len(at))
	for k, i := range at {
		to[k] = from[i]
	}
	return to
}
