package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"pare/datasets"
	"pare/internal/option"
	"pare/models"
)

// Path is an option that names a file or folder.
type Path struct {
	Key  string // dotted, such as model.weights
	Text string
	// Run is true for the folder of an earlier run, or another place with a network.
	Run bool

	set func(string)
}

// Paths lists the files, and the earlier runs, that the model, the teachers, weights of penalties, groups and
// the audit are read from.
func (c *Config) Paths() []Path {
	var out []Path
	if p, ok := c.Model.Kind.(models.Pathed); ok {
		for _, f := range pathFields(p) {
			_, run := p.(interface{ Kept() (string, error) })
			out = append(out, Path{"model." + f.key, *f.text, run, func(text string) { c.Model.setText(f.key, f.text, text) }})
		}
	}
	teacher := func(section string, d *Distill) {
		if d != nil && d.Run != SelfTeacher {
			out = append(out, Path{section + ".distill.run", d.Run, true, func(text string) { d.Run = text }})
		}
	}
	teacher("train", c.Train.Distill)
	if c.Finetune != nil {
		teacher("finetune", c.Finetune.Distill)
	}
	for i := range c.Penalties {
		if w := c.Penalties[i].Weights; w != nil && w.File != "" {
			out = append(out, Path{fmt.Sprintf("penalties.%d.weights.file", i), w.File, false, func(text string) { w.File = text }})
		}
	}
	if g := c.Train.Groups; g != nil && g.File != "" {
		out = append(out, Path{"train.groups.file", g.File, false, func(text string) { g.File = text }})
	}
	if a := c.Audit; a != nil && a.File != "" {
		out = append(out, Path{"audit.file", a.File, false, func(text string) { a.File = text }})
	}
	if a := c.Audit; a != nil && a.Against != "" {
		out = append(out, Path{"audit.against", a.Against, true, func(text string) { a.Against = text }})
	}
	return out
}

// setText changes a text option of the model, whose section is written as it was read.
func (m *Model) setText(key string, field *string, text string) {
	*field = text
	for i, e := range m.options.entries {
		if e.key == key {
			m.options.entries[i].value = &node{kind: textKind, at: e.value.at, text: text}
		}
	}
}

const textKind = text // the kind, where text is a variable

// dataPaths lists the paths of the data that are given.
func (c *Config) dataPaths() []Path {
	d, ok := c.Data.Kind.(datasets.Pathed)
	if !ok {
		return nil
	}
	var out []Path
	for _, f := range pathFields(d) {
		out = append(out, Path{"data." + f.key, *f.text, false, func(text string) { *f.text = text }})
	}
	return out
}

type pathField struct {
	key  string
	text *string
}

// pathFields lists the options that hold paths which are given.
func pathFields(kind interface{ Paths() []*string }) []pathField {
	var out []pathField
	for _, f := range option.Fields(reflect.ValueOf(kind)) {
		text, ok := f.Value.Addr().Interface().(*string)
		if ok && *text != "" && slices.Contains(kind.Paths(), text) {
			out = append(out, pathField{f.Key, text})
		}
	}
	return out
}

// PathOverrides are overrides that make the paths of the data, the model and the teachers
// absolute.
func (c *Config) PathOverrides() ([]string, error) {
	var out []string
	for _, p := range append(c.dataPaths(), c.Paths()...) {
		whole, err := filepath.Abs(p.Text)
		if err != nil {
			return nil, c.Locate(p.Key, err)
		}
		out = append(out, p.Key+"="+quote(whole))
	}
	return out, nil
}

// AbsolutePaths makes paths absolute: the run may be resumed from another working directory. The
// earlier run of model.run keeps a relative path, so that runs can be moved together.
func (c *Config) AbsolutePaths() error {
	for _, p := range append(c.dataPaths(), c.Paths()...) {
		if p.Key == "model.run" {
			continue
		}
		whole, err := filepath.Abs(p.Text)
		if err != nil {
			return c.Locate(p.Key, err)
		}
		p.set(whole)
	}
	return nil
}

// resolve joins dir and the relative paths that the file itself gives; paths of overrides start
// at the working directory. Paths of the model and of teachers are joined where that is there,
// for they may start at the working directory, too.
func (c *Config) resolve(dir string) {
	for _, p := range c.dataPaths() {
		if !filepath.IsAbs(p.Text) && c.written(p.Key) {
			p.set(filepath.Join(dir, p.Text))
		}
	}
	c.resolvePaths(dir, func(key string) bool { return c.written(key) })
}

// ResolveOverrides joins dir and relative paths of the model and of teachers that come from
// overrides which from accepts, where such a file is there: the overrides of a file in dir.
func (c *Config) ResolveOverrides(dir string, from func(override string) bool) {
	c.resolvePaths(dir, func(key string) bool {
		at := c.root.place(key)
		return at.overridden() && from(strings.TrimPrefix(at.file, overridePrefix))
	})
}

func (c *Config) resolvePaths(dir string, chosen func(key string) bool) {
	for _, p := range c.Paths() {
		whole := filepath.Join(dir, p.Text)
		if filepath.IsAbs(p.Text) || !chosen(p.Key) {
			continue
		}
		if _, err := os.Stat(whole); err == nil {
			p.set(whole)
		}
	}
}

// written reports whether the file itself gives a value.
func (c *Config) written(key string) bool {
	n, _ := c.root.find(key)
	return n != nil && !n.at.overridden()
}
