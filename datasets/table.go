package datasets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"pare/internal/option"
	"pare/internal/table"
)

// Table are the rows of a file as examples.
type Table struct {
	File         string              `yaml:"file" required:"true" empty:"no" doc:"CSV with any separator, or .gz or .zip of one, Parquet (.parquet, .pq), or a .npy matrix"`
	Target       []string            `yaml:"target" required:"true" list:"single" empty:"no" doc:"the column to predict; several: numbers or labels"`
	Task         string              `yaml:"task,omitempty" enum:"classes,numbers,labels" doc:"classes: each value of the target is a class; numbers: it is a number to come near to; labels: each target is 1 where a label of its own applies, else 0; left out: classes where the target is text, or at most 10 different whole numbers that follow each other"`
	Columns      []string            `yaml:"columns,omitempty" empty:"no" doc:"the columns to predict from; left out: all but those that other options name"`
	Drop         []string            `yaml:"drop,omitempty" list:"single" empty:"no" doc:"columns to leave out"`
	Categorical  []string            `yaml:"categorical,omitempty" list:"single" empty:"no" doc:"columns of numbers that are categories, as columns of text are: a column of 0 and 1 for each value"`
	ColumnGroups map[string][]string `yaml:"column_groups,omitempty" empty:"no" doc:"names of variables with their columns, which penalties on input_features keep or remove together; each other column is a variable, with all its columns of 0 and 1"`
	Missing      string              `yaml:"missing" enum:"refuse,drop,mean,indicator" doc:"cells without a value; refuse: an error; drop: leave the row out; mean: the mean of the training rows, or a category of its own; indicator: as mean, with a column more that says so"`
	MissingWords []string            `yaml:"missing_words,omitempty" empty:"no" doc:"cells without a value, besides empty ones; left out: the words of pandas, ? and ."`
	Unseen       string              `yaml:"unseen" enum:"refuse,other" doc:"a category that no training row has; refuse: an error; other: 0 in all columns of the variable"`
	Split        string              `yaml:"split,omitempty" empty:"no" doc:"a column that says train, validation or test for each row; left out: a split at random, of equal shares of classes, by train, validation and test"`
	Weights      string              `yaml:"weights,omitempty" empty:"no" doc:"a column with how much each row counts in the loss of training, at least 0"`
	Groups       string              `yaml:"groups,omitempty" empty:"no" doc:"a column; rows with the same value, such as those of one person, stay in one part"`
	Separator    string              `yaml:"separator,omitempty" empty:"no" doc:"the character between cells, or tab; left out: comma, semicolon or tab, whichever the first line has most of"`
	Decimal      string              `yaml:"decimal,omitempty" enum:"comma,point" doc:"the decimal mark; left out: a point, or a comma where it does not separate cells and no number has a point"`
	NoHeader     bool                `yaml:"no_header,omitempty" doc:"the first row is data, and columns are called x1, x2, …"`
}

func init() {
	Kinds.Register("table", "The rows of a CSV or Parquet file. Columns of numbers get mean 0 and deviation 1 over the training rows, "+
		"columns of text are categories: a column of 0 and 1 for each value.",
		func() Dataset { return &Table{Missing: "refuse", Unseen: "refuse"} })
}

// Paths implements Pathed.
func (d *Table) Paths() []*string { return []*string{&d.File} }

// Validate implements option.Validator.
func (d *Table) Validate() error {
	if n := utf8.RuneCountInString(d.Separator); n > 1 && d.Separator != "tab" {
		return option.Errorf("separator", "must be one character or tab, got %q", d.Separator)
	}
	for _, o := range []struct {
		key, name string
	}{{"split", d.Split}, {"groups", d.Groups}, {"weights", d.Weights}} {
		if o.name != "" && slices.Contains(d.Target, o.name) {
			return option.Errorf(o.key, "names %s, which is the target", o.name)
		}
	}
	seen := map[string]string{}
	for _, name := range d.Target {
		if seen[name] != "" {
			return option.Errorf("target", "names %s twice", name)
		}
		seen[name] = "target"
	}
	for _, name := range d.Columns {
		if seen[name] == "target" {
			return option.Errorf("columns", "names the target, %s", name)
		}
	}
	owner := map[string]string{}
	for variable, columns := range d.ColumnGroups {
		for _, c := range columns {
			if owner[c] != "" {
				return option.Errorf("column_groups", "has column %s in two groups", c)
			}
			owner[c] = variable
		}
	}
	return nil
}

// Load implements Dataset.
func (d *Table) Load(ctx context.Context, o Options) (*Set, error) {
	t, err := d.read(ctx, o)
	if err != nil {
		return nil, err
	}
	set := &Set{Notes: t.Notes}
	b := &tableBuilder{Table: d, all: t, set: set}
	for _, step := range []func(Options) error{b.chooseFeatures, b.chooseRows, b.targets, b.divide, b.encode, b.parts} {
		if err := step(o); err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return set, nil
}

// read reads the columns that options name.
func (d *Table) read(ctx context.Context, o Options) (*table.Table, error) {
	cells := table.Options{NoHeader: d.NoHeader, Missing: d.MissingWords}
	if d.Separator == "tab" {
		cells.Comma = '\t'
	} else if d.Separator != "" {
		cells.Comma, _ = utf8.DecodeRuneInString(d.Separator)
	}
	switch d.Decimal {
	case "comma":
		cells.Decimal = ','
	case "point":
		cells.Decimal = '.'
	}
	if d.Columns != nil {
		for _, name := range slices.Concat(d.Columns, d.Target, []string{d.Split, d.Groups, d.Weights}) {
			if name != "" && !slices.Contains(cells.Columns, name) {
				cells.Columns = append(cells.Columns, name)
			}
		}
	}
	if o.Progress != nil {
		cells.Progress = func(read, total int64) { o.Progress("reading "+filepath.Base(d.File), read, total) }
	}
	if _, err := os.Stat(d.File); errors.Is(err, fs.ErrNotExist) {
		return nil, option.Errorf("file", "is %s, and there is no such file", d.File)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	switch strings.ToLower(filepath.Ext(d.File)) {
	case ".parquet", ".pq":
		return table.ReadParquet(d.File, cells)
	}
	return table.Read(d.File, cells)
}

// tableBuilder makes a set of a table, step by step. Rows are counted from 0, as in the file.
type tableBuilder struct {
	*Table
	all      *table.Table
	set      *Set
	features []string // columns to predict from
	rows     []int    // that are used
	y        []float32
	class    []int // of each row of y; nil: numbers
	weights  []float32
	part     [3][]int // train, validation and test: rows
	x        *table.Matrix
	encoded  []bool // columns of x of 0 and 1
}

// note adds a warning about the file.
func (b *tableBuilder) note(format string, args ...any) {
	b.set.Notes = append(slices.Clone(b.set.Notes), b.all.Source+": "+fmt.Sprintf(format, args...))
}

// column is the column that an option names.
func (b *tableBuilder) column(key, name string) (*table.Column, error) {
	c, err := b.all.Column(name)
	if err != nil {
		return nil, option.Errorf(key, "names a column that is not there: %s", err)
	}
	return c, nil
}

// chooseFeatures lists the columns to predict from.
func (b *tableBuilder) chooseFeatures(Options) error {
	for _, named := range []struct {
		key   string
		names []string
	}{{"target", b.Target}, {"drop", b.Drop}, {"categorical", b.Categorical}} {
		for _, name := range named.names {
			if _, err := b.column(named.key, name); err != nil {
				return err
			}
		}
	}
	out := slices.Concat(b.Target, b.Drop)
	for key, name := range map[string]string{"split": b.Split, "groups": b.Groups, "weights": b.Weights} {
		if name == "" {
			continue
		}
		if _, err := b.column(key, name); err != nil {
			return err
		}
		out = append(out, name)
	}
	for _, name := range b.all.Names() {
		if !slices.Contains(out, name) {
			b.features = append(b.features, name)
		}
	}
	if len(b.features) == 0 {
		return fmt.Errorf("%s: there is no column to predict from", b.all.Source)
	}
	grouped := slices.Concat(slices.Collect(maps.Values(b.ColumnGroups))...)
	for key, names := range map[string][]string{"categorical": b.Categorical, "column_groups": grouped} {
		for _, name := range names {
			if !slices.Contains(b.features, name) {
				return option.Errorf(key, "names %s, which is no column to predict from%s", name, table.Suggestion(name, "columns", b.features))
			}
		}
	}
	return nil
}

// chooseRows applies the rule for missing cells.
func (b *tableBuilder) chooseRows(Options) error {
	for _, name := range slices.Concat(b.features, b.Target) {
		c, err := b.all.Column(name)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(c.Numbers, func(v float64) bool { return math.IsInf(v, 0) }); i >= 0 {
			return fmt.Errorf("%s: row %d, column %s: %+v is not finite", b.all.Source, i+1, name, c.Numbers[i])
		}
	}
	needed := slices.Clone(b.Target)
	if b.Missing == "refuse" || b.Missing == "drop" {
		needed = slices.Concat(b.features, b.Target)
	}
	rows, err := b.all.Complete(needed...)
	if err != nil {
		return err
	}
	b.rows = rows
	gone := b.all.Rows() - len(rows)
	switch {
	case gone == 0:
		return nil
	case b.Missing == "drop":
		b.note("%d of %d rows have a missing cell and are left out", gone, b.all.Rows())
		return nil
	}
	row := 0
	for row < len(rows) && rows[row] == row {
		row++
	}
	for _, name := range needed {
		complete, err := b.all.Complete(name)
		if err != nil {
			return err
		}
		if _, ok := slices.BinarySearch(complete, row); ok {
			continue
		}
		if slices.Contains(b.Target, name) {
			return fmt.Errorf("%s: row %d, column %s: the target is missing; missing: drop leaves such rows out", b.all.Source, row+1, name)
		}
		return fmt.Errorf("%s: row %d, column %s: the cell has no value (%d of %d rows have such a cell); "+
			"choose missing: drop, mean or indicator, or leave the column out with drop",
			b.all.Source, row+1, name, gone, b.all.Rows())
	}
	return nil
}

// mostClasses is the number of different whole numbers up to which a target that is not
// told to be numbers has classes.
const mostClasses = 10

// classes reports whether a target has classes.
func (b *tableBuilder) classes(c *table.Column) bool {
	if b.Task != "" || !c.Numeric() {
		return b.Task == "classes" || b.Task == ""
	}
	seen := map[float64]bool{}
	for _, i := range b.rows {
		v := c.Numbers[i]
		if seen[v] = true; v != math.Floor(v) || len(seen) > mostClasses {
			return false
		}
	}
	least, most := math.Inf(1), math.Inf(-1)
	for v := range seen {
		least, most = min(least, v), max(most, v)
	}
	return most-least+1 == float64(len(seen))
}

// targets reads the columns to predict.
func (b *tableBuilder) targets(Options) error {
	task := Task{Targets: len(b.Target), Labels: b.Task == "labels"}
	used, err := b.all.Take(b.rows)
	if err != nil {
		return err
	}
	b.y = make([]float32, len(b.rows)*task.Targets)
	for j, name := range b.Target {
		c, err := b.all.Column(name)
		if err != nil {
			return err
		}
		classes := b.classes(c)
		switch {
		case classes && len(b.Target) > 1 && (b.Task == "classes" || !c.Numeric()):
			return option.Errorf("target", "has several columns, so they are numbers, but %s has classes", name)
		case classes && len(b.Target) == 1:
			codes, names, err := used.Classes(name)
			if err != nil {
				return err
			}
			if len(names) < 2 {
				return option.Errorf("target", "%s has one value alone, %s", name, names[0])
			}
			if k := len(names); k > 20 && 2*k > len(b.rows) {
				return option.Errorf("target", "%s has %d different values in %d rows, which are hardly classes", name, len(names), len(b.rows))
			}
			task.Classes, b.class, b.set.ClassNames = len(names), codes, names
			for i, code := range codes {
				b.y[i] = float32(code)
			}
		default:
			if !c.Numeric() {
				_, err := b.all.Target(name)
				return err
			}
			for i, row := range b.rows {
				v := c.Numbers[row]
				if task.Labels && v != 0 && v != 1 {
					return fmt.Errorf("%s: row %d, column %s: the label is %g; it must be 0 or 1", b.all.Source, row+1, name, v)
				}
				b.y[i*task.Targets+j] = float32(v)
			}
		}
	}
	switch {
	case task.Labels:
		b.set.ClassNames = b.Target
	case task.Classes == 0:
		b.set.TargetNames = b.Target
	}
	b.set.Task = task
	return b.weigh()
}

// weigh reads the weights of the rows.
func (b *tableBuilder) weigh() error {
	if b.Weights == "" {
		return nil
	}
	all, err := b.all.Target(b.Weights)
	if err != nil {
		return err
	}
	for _, row := range b.rows {
		if all[row] < 0 {
			return fmt.Errorf("%s: row %d, column %s: the weight is %g; it must be at least 0", b.all.Source, row+1, b.Weights, all[row])
		}
		b.weights = append(b.weights, float32(all[row]))
	}
	return nil
}

// divide makes the parts: places in rows.
func (b *tableBuilder) divide(o Options) error {
	if b.Split != "" {
		return b.bySplit(o)
	}
	if o.Test == 0 {
		return option.Errorf("test",
			"is 0, and no option split names a column that says which rows are for test; give a share, such as test: 0.2")
	}
	var group []int
	if b.Groups != "" {
		codes, _, err := b.all.Classes(b.Groups)
		if err != nil {
			return err
		}
		for _, row := range b.rows {
			group = append(group, codes[row])
		}
	}
	var err error
	b.part[0], b.part[1], b.part[2], err = o.split(len(b.rows), b.class, group)
	return err
}

// bySplit goes by a column that names the parts.
func (b *tableBuilder) bySplit(o Options) error {
	for i, amount := range []Amount{o.Train, o.Validation, o.Test} {
		if amount != 0 {
			return option.Errorf(partNames[i], "has no meaning where the column %s says which rows each part has; remove it", b.Split)
		}
	}
	if b.Groups != "" {
		return option.Errorf("groups", "has no meaning where the column %s says which rows each part has; remove it", b.Split)
	}
	c, err := b.column("split", b.Split)
	if err != nil {
		return err
	}
	for i, row := range b.rows {
		p := slices.Index(partNames[:], c.Text(row))
		if p < 0 {
			return fmt.Errorf("%s: row %d, column %s: the part is %q; it must be train, validation or test",
				b.all.Source, row+1, b.Split, c.Text(row))
		}
		b.part[p] = append(b.part[p], i)
	}
	for _, p := range []int{0, 2} {
		if len(b.part[p]) == 0 {
			return option.Errorf("split", "names %s, in which no row is for %s", b.Split, partNames[p])
		}
	}
	return nil
}

// encode makes the inputs, with columns of 0 and 1 for categories, and names them.
func (b *tableBuilder) encode(Options) error {
	read := map[string]bool{}
	for _, name := range b.features {
		read[name] = true
	}
	rest := slices.DeleteFunc(b.all.Names(), func(n string) bool { return read[n] })
	features, err := b.all.Drop(rest...)
	if err == nil {
		features, err = features.Take(b.rows)
	}
	if err != nil {
		return err
	}
	encoded, err := features.Encode(table.Encoding{Text: true, Categorical: b.Categorical})
	if err != nil {
		return b.remedy(err)
	}
	owner := map[string]string{}
	for variable, columns := range b.ColumnGroups {
		for _, c := range columns {
			owner[c] = variable
		}
	}
	b.x = &table.Matrix{Rows: len(b.rows)}
	add := func(name, column string, values []float64, category bool) {
		f := Feature{Name: name, Variable: owner[column]}
		if f.Variable == "" && name != column {
			f.Variable = column
		}
		b.set.Features = append(b.set.Features, f)
		b.x.Names, b.x.Data, b.encoded = append(b.x.Names, name), append(b.x.Data, values...), append(b.encoded, category)
	}
	for _, name := range encoded.Names() {
		c, err := encoded.Column(name)
		if err != nil {
			return err
		}
		column := table.Feature(name, read)
		if column != name {
			seen := slices.ContainsFunc(b.part[0], func(i int) bool { return c.Numbers[i] == 1 })
			if seen {
				add(name, column, c.Numbers, true)
				continue
			}
			if i := slices.Index(c.Numbers, 1); b.Unseen == "refuse" && i >= 0 {
				return fmt.Errorf("%s: row %d, column %s: no training row has the value %q; unseen: other accepts such rows",
					b.all.Source, b.rows[i]+1, column, strings.TrimPrefix(name, column+"="))
			}
			continue
		}
		add(name, name, c.Numbers, false)
		if b.Missing == "indicator" && slices.ContainsFunc(b.part[0], func(i int) bool { return math.IsNaN(c.Numbers[i]) }) {
			missing := make([]float64, len(c.Numbers))
			for i, v := range c.Numbers {
				if math.IsNaN(v) {
					missing[i] = 1
				}
			}
			add(name+"=(missing)", name, missing, true)
		}
	}
	b.set.Task.Input = []int{len(b.x.Names)}
	return nil
}

// remedy adds to an error about a column of text the option that avoids it.
func (b *tableBuilder) remedy(err error) error {
	var stray *table.StrayError
	var identifier *table.IdentifierError
	switch {
	case errors.As(err, &stray):
		return fmt.Errorf("%w; correct the cell, name it in missing_words, or name %s in categorical, "+
			"which takes every value as a category", err, stray.Column)
	case errors.As(err, &identifier):
		return fmt.Errorf("%w; name it in drop, or in categorical to keep it", err)
	}
	return err
}

// parts standardises and makes the parts of the set.
func (b *tableBuilder) parts(Options) error {
	f := len(b.x.Names)
	norm := Unit(f)
	for j := range f {
		if b.encoded[j] {
			continue
		}
		var m moments
		column := b.x.Column(j)
		for _, i := range b.part[0] {
			if v := column[i]; !math.IsNaN(v) {
				m.add(v)
			}
		}
		mean, deviation := m.mean(), m.deviation()
		switch {
		case m.n == 0:
			return fmt.Errorf("%s: column %s has no value in the training rows; leave it out with drop", b.all.Source, b.x.Names[j])
		case math.IsInf(deviation, 0) || deviation != 0 && float32(deviation) == 0 || math.Abs(mean) > math.MaxFloat32:
			return fmt.Errorf("%s: column %s: its numbers, of mean %g and deviation %g, are too large or too small",
				b.all.Source, b.x.Names[j], mean, deviation)
		case deviation == 0:
			b.note("column %s is constant in the training rows", b.x.Names[j])
			deviation = 1
		}
		norm.Mean[j], norm.Std[j] = float32(mean), float32(deviation)
	}
	b.set.Normalization = norm
	x := b.x.RowMajor()
	for p, to := range []*Part{&b.set.Train, &b.set.Validation, &b.set.Test} {
		if len(b.part[p]) == 0 {
			continue
		}
		rows := &tablePart{x: x, y: b.y, rows: b.part[p], width: f, targets: b.set.Task.Targets, norm: norm}
		*to = rows
		if b.weights != nil {
			*to = &weightedPart{rows, b.weights}
		}
	}
	return nil
}

// tablePart are some rows of a table.
type tablePart struct {
	x              []float64 // row after row; NaN: no value
	y              []float32
	rows           []int
	width, targets int
	norm           Normalization
}

var _ Part = (*tablePart)(nil)

// Len implements Part.
func (p *tablePart) Len() int { return len(p.rows) }

// Fill implements Part. A value that is missing becomes the mean, which is 0.
func (p *tablePart) Fill(x, y []float32, idx []int, _ Draw) error {
	if err := checkFill(x, y, idx, len(p.rows), p.width, p.targets); err != nil {
		return err
	}
	for k, i := range idx {
		row := p.rows[i]
		to, from := x[k*p.width:][:p.width], p.x[row*p.width:][:p.width]
		for j, v := range from {
			to[j] = 0
			if v == v {
				to[j] = float32((v - float64(p.norm.Mean[j])) / float64(p.norm.Std[j]))
			}
		}
		copy(y[k*p.targets:][:p.targets], p.y[row*p.targets:])
	}
	return nil
}

// normalized implements renormalizer.
func (p *tablePart) normalized(norm Normalization) (Part, error) {
	if len(norm.Mean) != p.width || len(norm.Std) != p.width {
		return nil, fmt.Errorf("%d means and %d deviations for %d features", len(norm.Mean), len(norm.Std), p.width)
	}
	out := *p
	out.norm = norm
	return &out, nil
}

// weightedPart are rows that do not count the same in training.
type weightedPart struct {
	*tablePart
	weights []float32 // of each row
}

var _ Weigher = (*weightedPart)(nil)

// Weights implements Weigher.
func (p *weightedPart) Weights(dst []float32, idx []int) error {
	for k, i := range idx {
		dst[k] = p.weights[p.rows[i]]
	}
	return nil
}

// normalized implements renormalizer.
func (p *weightedPart) normalized(norm Normalization) (Part, error) {
	rows, err := p.tablePart.normalized(norm)
	if err != nil {
		return nil, err
	}
	return &weightedPart{rows.(*tablePart), p.weights}, nil
}
