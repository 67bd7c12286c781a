package datasets

import (
	"context"
	"errors"
	"io/fs"
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
	File           string              `yaml:"file" required:"true" empty:"no" doc:"CSV with any separator, or .gz or .zip of one, Parquet (.parquet, .pq), a .npy matrix or the arrays of an .npz file; a pattern such as part-*.parquet: the rows of all its files"`
	ValidationFile string              `yaml:"validation_file,omitempty" empty:"no" doc:"a file or pattern of validation rows with the same columns; they are encoded as the training rows are"`
	TestFile       string              `yaml:"test_file,omitempty" empty:"no" doc:"a file or pattern of test rows with the same columns"`
	Target         []string            `yaml:"target" required:"true" list:"single" empty:"no" doc:"the column to predict; several: numbers or labels"`
	Task           string              `yaml:"task,omitempty" enum:"classes,numbers,labels" doc:"classes: each value of the target is a class; numbers: it is a number to come near to; labels: each target is 1 where a label of its own applies, else 0; left out: classes where the target is text, or at most 10 different whole numbers that follow each other"`
	Columns        []string            `yaml:"columns,omitempty" empty:"no" doc:"the columns to predict from; left out: all columns that no other option names"`
	Drop           []string            `yaml:"drop,omitempty" list:"single" empty:"no" doc:"columns to leave out"`
	Categorical    []string            `yaml:"categorical,omitempty" list:"single" empty:"no" doc:"columns of numbers that are categories, as columns of text are: a column of 0 and 1 for each value"`
	ColumnGroups   map[string][]string `yaml:"column_groups,omitempty" empty:"no" doc:"names of variables with their columns, which penalties on input_features keep or remove together; each other column is a variable, with all its columns of 0 and 1"`
	Missing        string              `yaml:"missing" enum:"refuse,drop,mean,indicator" doc:"cells without a value; refuse: an error; drop: leave the row out; mean: the mean of the training rows, or a category of its own; indicator: as mean, with a column more that says so"`
	MissingWords   []string            `yaml:"missing_words,omitempty" empty:"no" doc:"cells without a value, besides empty ones; left out: the words of pandas, ? and ."`
	Unseen         string              `yaml:"unseen" enum:"refuse,other" doc:"a category that no training row has; refuse: an error; other: 0 in all columns of the variable"`
	Split          string              `yaml:"split,omitempty" empty:"no" doc:"a column that says train, validation or test for each row; left out: a split at random, of equal shares of classes, by train, validation and test"`
	Weights        string              `yaml:"weights,omitempty" empty:"no" doc:"a column with how much each row counts in the loss of training, at least 0"`
	Groups         string              `yaml:"groups,omitempty" empty:"no" doc:"a column; rows with the same value, such as the rows of one person, stay in one part"`
	Separator      string              `yaml:"separator,omitempty" empty:"no" doc:"the character between cells, or tab; left out: comma, semicolon or tab, whichever the first line has most of"`
	Decimal        string              `yaml:"decimal,omitempty" enum:"comma,point" doc:"the decimal mark; left out: a point, or a comma where it does not separate cells and no number has a point"`
	TargetAsIs     bool                `yaml:"target_as_is,omitempty" doc:"learn numbers to predict as they are; left out: in units of their mean and deviation over the training rows, which makes no difference to measures and predictions"`
	NoHeader       bool                `yaml:"no_header,omitempty" doc:"the first row is data, and columns are called x1, x2, …"`
}

func init() {
	Kinds.Register("table", "The rows of a CSV or Parquet file. Columns of numbers get mean 0 and deviation 1 over the training rows, "+
		"columns of text are categories: a column of 0 and 1 for each value.",
		func() Dataset { return &Table{Missing: "refuse", Unseen: "refuse"} })
}

// Paths implements Pathed.
func (d *Table) Paths() []*string { return []*string{&d.File, &d.ValidationFile, &d.TestFile} }

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
	for _, o := range []struct{ key, path string }{{"validation_file", d.ValidationFile}, {"test_file", d.TestFile}} {
		if o.path != "" && d.Split != "" {
			return option.Errorf(o.key, "has no meaning where the column %s says which rows each part has; remove one of them", d.Split)
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
	set := &Set{}
	main, err := d.open(ctx, o, set, "file", d.File)
	if err != nil {
		return nil, err
	}
	b := &tableBuilder{Table: d, all: main, set: set}
	for _, step := range []func(Options) error{b.chooseFeatures, b.chooseRows, b.targets, b.divide, b.fit, b.parts} {
		if err := step(o); err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	for _, own := range []struct {
		name, key, path string
		amount          Amount
		to              *Part
	}{{"validation", "validation_file", d.ValidationFile, o.Validation, &set.Validation},
		{"test", "test_file", d.TestFile, o.Test, &set.Test}} {
		if own.path == "" {
			continue
		}
		t, err := d.open(ctx, o, set, own.key, own.path)
		if err == nil {
			*own.to, err = b.other(t, own.name, own.amount, o)
		}
		if err != nil {
			return nil, err
		}
	}
	return set, ctx.Err()
}

// open reads the columns that options name of a file, or of all files of a pattern.
func (d *Table) open(ctx context.Context, o Options, set *Set, key, pattern string) (*tableRows, error) {
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
		for _, name := range slices.Concat(d.Columns, d.Target, []string{d.Split, d.Groups, d.Weights}, o.Attributes) {
			needed := key == "file" || d.reads(name) || key == "test_file" && slices.Contains(o.Attributes, name)
			if name != "" && !slices.Contains(cells.Columns, name) && needed {
				cells.Columns = append(cells.Columns, name)
			}
		}
	}
	paths := []string{pattern}
	if _, err := os.Stat(pattern); errors.Is(err, fs.ErrNotExist) {
		if !strings.ContainsAny(pattern, "*?[") {
			return nil, option.Errorf(key, "is %s, and there is no such file", pattern)
		}
		if paths, err = matches(key, pattern); err != nil {
			return nil, err
		}
	}
	var files []*table.Table
	for _, path := range paths {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if o.Progress != nil {
			cells.Progress = func(read, total int64) { o.Progress("reading "+filepath.Base(path), read, total) }
		}
		t, err := table.Read(path, cells)
		if err != nil {
			return nil, d.aboutAttributes(err, path, cells, o)
		}
		files = append(files, t)
	}
	t, err := table.Append(files...)
	if err != nil {
		return nil, err
	}
	set.Notes = append(slices.Clone(set.Notes), t.Notes...)
	rows := &tableRows{Table: t, set: set}
	if key != "validation_file" {
		err = rows.has(o.Attributes)
	}
	return rows, err
}

// aboutAttributes marks an error of reading a file that only the attributes make.
func (d *Table) aboutAttributes(err error, path string, cells table.Options, o Options) error {
	if cells.Columns == nil || len(o.Attributes) == 0 {
		return err
	}
	cells.Columns = slices.DeleteFunc(slices.Clone(cells.Columns), func(name string) bool {
		return slices.Contains(o.Attributes, name) && !d.reads(name)
	})
	if _, without := table.Read(path, cells); without == nil {
		return &AttributeError{err}
	}
	return err
}

// reads reports whether validation and test files need a column that the options name.
func (d *Table) reads(name string) bool {
	return slices.Contains(d.Columns, name) || slices.Contains(d.Target, name)
}
