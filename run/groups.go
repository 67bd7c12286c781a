package run

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"

	"pare/config"
	"pare/datasets"
	"pare/internal/option"
	"pare/internal/table"
	"pare/stat/audit"
)

// Kinds of examples, in errors.
const (
	forTraining = "training"
	forTest     = "test"
)

// groupColumns are the columns that spec names, for the examples of a part, cut into intervals as
// spec says; joined makes groups of them. Errors name keys of spec (option.Error).
func groupColumns(d *Data, part datasets.Part, kind string, spec config.Audit) ([]audit.Column, error) {
	texts, err := attributes(d, part, kind, spec)
	if err != nil {
		return nil, err
	}
	for name := range spec.Cut {
		if !slices.Contains(spec.By, name) {
			return nil, option.Errorf("cut", "names %s, which is none of the columns by%s", name, table.Suggestion(name, "columns", spec.By))
		}
	}
	var out []audit.Column
	for k, name := range spec.By {
		if slices.Contains(spec.By[:k], name) {
			return nil, option.Errorf("by", "names %s twice", name)
		}
		c, err := audit.NewColumn(name, texts[k])
		if err != nil {
			return nil, option.Errorf("by", "cannot be used: %s", err)
		}
		if points := spec.Cut[name]; points != nil {
			if c, err = c.Cut(points); err != nil {
				return nil, option.Errorf("cut", "cannot be used: %s", err)
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// joined are columns with their rare values joined as spec says. Columns whose groups cannot be
// compared are an error.
func joined(columns []audit.Column, spec config.Audit) ([]audit.Column, error) {
	var out []audit.Column
	for _, c := range columns {
		c = c.Join(spec.Rare)
		if err := c.Check(); err != nil {
			return nil, option.Errorf("by", "cannot be used: %s", err)
		}
		out = append(out, c)
	}
	return out, nil
}

// attributes are the texts of the columns that spec names for the examples of a part, which are training or
// test examples, as kind says.
func attributes(d *Data, part datasets.Part, kind string, spec config.Audit) ([][]string, error) {
	if spec.File != "" {
		return datasets.ReadAttributes(spec.File, spec.By, part)
	}
	of, ok := part.(datasets.Attributed)
	if !ok {
		return nil, option.Errorf("file", "is missing: the examples of %s have no columns; give a table with a row for each %s example",
			d.Set.Name, kind)
	}
	var out [][]string
	for _, name := range spec.By {
		if slices.Contains(d.targets, name) {
			return nil, option.Errorf("by", "names %s, which is the target; groups are of rows whatever the target is", name)
		}
		texts, err := of.Attribute(name)
		if err != nil {
			return nil, option.Errorf("by", "cannot be used: %s", err)
		}
		out = append(out, texts)
	}
	return out, nil
}

// groupsPrint is a hash of the groups that columns of the data make, which need not be inputs; groups of
// files have digests of these. Empty: the config names no such columns.
func (r *runner) groupsPrint() (string, error) {
	h, some := sha256.New(), false
	add := func(part datasets.Part, kind string, by []string, file string) error {
		if file != "" {
			return nil
		}
		texts, err := attributes(r.data, part, kind, config.Audit{By: by})
		fmt.Fprintf(h, "%q\n", texts)
		some = true
		return err
	}
	if g := r.c.Train.Groups; g != nil {
		if err := add(r.data.Set.Train, forTraining, g.By, g.File); err != nil {
			return "", r.c.Locate("train.groups", err)
		}
	}
	if a := r.c.Audit; a != nil {
		if err := add(r.data.Set.Test, forTest, a.By, a.File); err != nil {
			return "", r.c.Locate("audit", err)
		}
	}
	if !some {
		return "", nil
	}
	return fmt.Sprintf("%x", h.Sum(nil))[:32], nil
}

// auditTask is the meaning of the predictions of a network for data. Errors name keys of the
// audit.
func auditTask(set *datasets.Set, positive string) (audit.Task, error) {
	t := set.Task
	switch {
	case t.Classes > 0 && t.Targets > 1:
		return audit.Task{}, option.Errorf("by", "compares examples with one target each; examples of %s have one for each of %d positions", set.Name, t.Targets)
	case t.Classes == 0 && positive != "":
		return audit.Task{}, option.Errorf("positive", "names a class, but targets of %s are %s", set.Name, targetForm(t).Noun())
	case t.Labels:
		return audit.Task{Labels: t.Targets, Names: set.ClassNames, Positive: -1}, nil
	case t.Classes == 0:
		return audit.Task{Numbers: t.Targets, Names: set.TargetNames, Positive: -1}, nil
	}
	out := audit.Task{Classes: t.Classes, Names: set.ClassNames, Positive: -1}
	if out.Names == nil {
		for k := range t.Classes {
			out.Names = append(out.Names, strconv.Itoa(k))
		}
	}
	switch {
	case positive != "":
		if out.Positive = slices.Index(out.Names, positive); out.Positive < 0 {
			return out, option.Errorf("positive", "is %q, which is no class%s", positive, table.Suggestion(positive, "classes", out.Names))
		}
	case t.Classes == 2:
		out.Positive = 1
	}
	return out, nil
}
