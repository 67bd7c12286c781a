package datasets

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"pare/internal/option"
	"pare/internal/table"
)

// tableBuilder makes a set of a table, step by step.
type tableBuilder struct {
	*Table
	all      *tableRows // of the file with the training rows
	set      *Set
	features []string // columns to predict from
	class    []int    // of each row that is used; nil: numbers
	weights  []float32
	part     [3][]int // train, validation and test: places in all.rows
	recipe   *TableRecipe
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
func (b *tableBuilder) chooseFeatures(o Options) error {
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
	if b.Columns != nil {
		for _, name := range o.Attributes {
			if !slices.Contains(b.Columns, name) {
				out = append(out, name)
			}
		}
	}
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
func (b *tableBuilder) chooseRows(Options) error { return b.all.complete(b.Table, b.features) }

// mostClasses is the number of different whole numbers up to which a target that is not
// told to be numbers has classes.
const mostClasses = 10

// classes reports whether a target has classes.
func (b *tableBuilder) classes(c *table.Column) bool {
	if b.Task != "" || !c.Numeric() {
		return b.Task == "classes" || b.Task == ""
	}
	seen := map[float64]bool{}
	for _, i := range b.all.rows {
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
	used, err := b.all.Take(b.all.rows)
	if err != nil {
		return err
	}
	b.all.y = make([]float32, len(b.all.rows)*task.Targets)
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
			if k := len(names); k > 20 && 2*k > len(b.all.rows) {
				return option.Errorf("target", "%s has %d different values in %d rows, which are hardly classes", name, len(names), len(b.all.rows))
			}
			task.Classes, b.class, b.set.ClassNames = len(names), codes, names
			for i, code := range codes {
				b.all.y[i] = float32(code)
			}
		default:
			if err := b.all.numbers(task, j, name); err != nil {
				return err
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
	for _, row := range b.all.rows {
		if all[row] < 0 {
			return b.all.errorf(row, b.Weights, "the weight is %g; it must be at least 0", all[row])
		}
		b.weights = append(b.weights, float32(all[row]))
	}
	return nil
}

// checkWeights refuses weights of which training can make no mean.
func (b *tableBuilder) checkWeights() error {
	if b.weights == nil {
		return nil
	}
	sum := float32(0)
	for _, i := range b.part[0] {
		sum += b.weights[i]
	}
	switch {
	case sum == 0:
		return option.Errorf("weights", "names %s, which is 0 in every training row", b.Weights)
	case math.IsInf(float64(sum), 0):
		return option.Errorf("weights", "names %s, whose numbers are too large: those of the training rows add up to more than %.3g; "+
			"divide all by one number", b.Weights, math.MaxFloat32)
	}
	return nil
}

// divide makes the parts: places in rows.
func (b *tableBuilder) divide(o Options) error {
	if b.Split != "" {
		return b.bySplit(o)
	}
	for _, own := range []struct {
		path   string
		amount *Amount
	}{{b.ValidationFile, &o.Validation}, {b.TestFile, &o.Test}} {
		if own.path != "" {
			*own.amount = 0
		}
	}
	if o.Test == 0 && b.TestFile == "" {
		return option.Errorf("test",
			"is 0, and neither test_file nor split says which rows are for test; give a share, such as test: 0.2")
	}
	var group []int
	if b.Groups != "" {
		c, err := b.column("groups", b.Groups)
		if err != nil {
			return err
		}
		named, err := b.all.Complete(b.Groups)
		if err != nil {
			return err
		}
		_, codes := c.Values()
		for _, row := range b.all.rows {
			if _, ok := slices.BinarySearch(named, row); !ok {
				return b.all.errorf(row, b.Groups, "the group is missing; name each row's group, or remove groups")
			}
			group = append(group, codes[row])
		}
	}
	var err error
	b.part[0], b.part[1], b.part[2], err = o.split(len(b.all.rows), b.class, group)
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
	for i, row := range b.all.rows {
		p := slices.Index(partNames[:], c.Text(row))
		if p < 0 {
			return b.all.errorf(row, b.Split, "the part is %q; it must be train, validation or test", c.Text(row))
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

// fit chooses how columns become inputs, by the training rows, and names the inputs.
func (b *tableBuilder) fit(Options) error {
	features, err := b.all.Take(b.all.rows)
	if err != nil {
		return err
	}
	read := map[string]bool{}
	for _, name := range b.features {
		read[name] = true
	}
	rest := slices.DeleteFunc(b.all.Names(), func(n string) bool { return read[n] })
	categories, err := features.Categories(table.Encoding{Text: true, Categorical: b.Categorical, But: rest})
	if err != nil {
		return b.remedy(err)
	}
	owner := map[string]string{}
	for variable, columns := range b.ColumnGroups {
		for _, c := range columns {
			owner[c] = variable
		}
	}
	b.recipe = &TableRecipe{NoHeader: b.NoHeader, MissingWords: b.MissingWords, Missing: b.Missing, Unseen: b.Unseen}
	for _, name := range b.features {
		c, err := features.Column(name)
		if err != nil {
			return err
		}
		column := TableColumn{Name: name}
		if slices.Contains(categories, name) {
			column.Values = trainingValues(c, b.part[0])
		} else {
			column.Indicator = b.Missing == "indicator" &&
				slices.ContainsFunc(b.part[0], func(i int) bool { return math.IsNaN(c.Numbers[i]) })
		}
		b.recipe.Columns = append(b.recipe.Columns, column)
		b.set.Features = append(b.set.Features, column.features(owner[name])...)
	}
	b.set.Task.Input, b.set.Recipe = []int{len(b.set.Features)}, b.recipe
	return nil
}

// trainingValues are the values of a categorical variable in some rows.
func trainingValues(c *table.Column, rows []int) []string {
	values, codes := c.Values()
	seen := make([]bool, len(values))
	for _, i := range rows {
		seen[codes[i]] = true
	}
	var out []string
	for k, v := range values {
		if seen[k] {
			out = append(out, v)
		}
	}
	return out
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
func (b *tableBuilder) parts(o Options) error {
	x, err := b.recipe.encode(b.all.Table, b.all.rows)
	if err != nil {
		return err
	}
	f := len(b.set.Features)
	norm := Unit(f)
	var constant []string
	for j, feature := range b.set.Features {
		if !b.recipe.isNumber(j) {
			continue
		}
		m := momentsOf(x[j:], f, b.part[0])
		mean, deviation := m.mean(), m.deviation()
		switch {
		case m.n == 0:
			return fmt.Errorf("%s: column %s has no value in the training rows; leave it out with drop", b.all.Source, feature.Name)
		case math.IsInf(deviation, 0) || deviation != 0 && float32(deviation) == 0 || math.Abs(mean) > math.MaxFloat32:
			return fmt.Errorf("%s: column %s: its numbers, of mean %g and deviation %g, are too large or too small",
				b.all.Source, feature.Name, mean, deviation)
		case deviation == 0:
			constant, deviation = append(constant, feature.Name), 1
		}
		norm.Mean[j], norm.Std[j] = float32(mean), float32(deviation)
	}
	switch n := len(constant); {
	case n == 1:
		b.all.note("column %s is constant in the training rows", constant[0])
	case n > 1:
		b.all.note("%d columns are constant in the training rows: %s", n, fewNames(constant))
	}
	b.set.Normalization = norm
	if err := b.checkWeights(); err != nil {
		return err
	}
	if note := untaught(b.set.ClassNames, b.class, b.part[0]); note != "" {
		b.all.note("%s", note)
	}
	if !b.TargetAsIs {
		b.set.TargetScale = targetScale(b.set.Task, b.all.y, b.part[0])
	}
	for p, to := range []*Part{&b.set.Train, &b.set.Validation, &b.set.Test} {
		if len(b.part[p]) == 0 {
			continue
		}
		rows := &tablePart{x: x, y: b.all.y, rows: b.part[p], width: f, targets: b.set.Task.Targets, norm: norm,
			cells: b.all.cellsOf(o.Attributes), origin: b.all.rows}
		*to = rows
		if b.weights != nil {
			*to = &weightedPart{rows, b.weights}
		}
	}
	return nil
}

// other makes a part of rows of a file of its own: as many as the amount says.
func (b *tableBuilder) other(t *tableRows, name string, amount Amount, o Options) (Part, error) {
	if err := t.complete(b.Table, b.features); err != nil {
		return nil, err
	}
	task := b.set.Task
	t.y = make([]float32, len(t.rows)*task.Targets)
	for j, name := range b.Target {
		var err error
		if task.Classes > 0 {
			err = t.classes(name, b.set.ClassNames)
		} else {
			err = t.numbers(task, j, name)
		}
		if err != nil {
			return nil, err
		}
	}
	x, err := b.recipe.encode(t.Table, t.rows)
	if err != nil {
		return nil, err
	}
	var class []int
	if task.Classes > 0 {
		class = whole(t.y)
	}
	rows, err := amount.some(name, len(t.rows), class, o.Seed)
	if err != nil {
		return nil, err
	}
	return &tablePart{x: x, y: t.y, rows: rows, width: task.Size(), targets: task.Targets, norm: b.set.Normalization,
		cells: t.cellsOf(o.Attributes), origin: t.rows}, nil
}
