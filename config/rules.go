package config

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var namePattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)

// check reports the first thing that is wrong between keys.
func (c *Config) check() error {
	if !namePattern.MatchString(c.Name) {
		return c.root.place("name").errorf("name is %q, it must be letters, digits, points, dashes and underscores, as it names a folder", c.Name)
	}
	if err := c.checkData(); err != nil {
		return err
	}
	if t := c.Thresholds; t != nil && (t.Density == 0) == (t.Loss == 0) {
		return c.root.place("thresholds").errorf("thresholds needs either density, the share of activations to keep, or loss, the share by which the loss may grow")
	}
	if err := c.checkPrune(); err != nil {
		return err
	}
	return c.checkTarget()
}

// builtInData are the datasets whose options are known here; others check their own.
var builtInData = []string{"mnist", "fashion-mnist", "cifar10", "digits", "glyphs", "text", "wordchain", "adding", "copy"}

// dataOptions are the keys of data that only some datasets have.
var dataOptions = []struct {
	key string
	set func(Data) bool
	of  []string
}{
	{"color", func(d Data) bool { return d.Color }, []string{"glyphs"}},
	{"classes", func(d Data) bool { return d.Classes != "" }, []string{"glyphs"}},
	{"file", func(d Data) bool { return d.File != "" }, []string{"text"}},
	{"window", func(d Data) bool { return d.Window != 0 }, []string{"text", "wordchain"}},
	{"vocabulary", func(d Data) bool { return d.Vocabulary != "" }, []string{"text"}},
	{"carry", func(d Data) bool { return d.Carry }, []string{"text", "wordchain"}},
	{"length", func(d Data) bool { return d.Length != 0 }, []string{"adding", "copy"}},
	{"symbols", func(d Data) bool { return d.Symbols != 0 }, []string{"copy"}},
	{"sequence", func(d Data) bool { return d.Sequence != "" }, []string{"mnist", "fashion-mnist"}},
	{"permute", func(d Data) bool { return d.Permute }, []string{"mnist", "fashion-mnist"}},
}

func (c *Config) checkData() error {
	d := c.Data
	if d.Dataset == "" {
		return c.root.place("data.dataset").errorf("data.dataset must not be empty")
	}
	if d.Dataset == "glyphs" && !slices.Contains([]string{"", "digits", "letters", "all"}, d.Classes) {
		return c.root.place("data.classes").errorf("data.classes must be digits, letters or all, got %q", d.Classes)
	}
	if !slices.Contains(builtInData, d.Dataset) {
		return nil
	}
	for _, o := range dataOptions {
		if o.set(d) && !slices.Contains(o.of, d.Dataset) {
			return c.root.place("data."+o.key).errorf("data.%s is an option of %s, %s has none; remove it", o.key, andList(o.of), d.Dataset)
		}
	}
	if d.Permute && d.Sequence == "" {
		return c.root.place("data.permute").errorf("data.permute needs data.sequence, pixels or rows")
	}
	return nil
}

func (c *Config) checkPrune() error {
	p, place := c.Prune, c.root.place("prune.budget")
	needed := p.Method == "least" || p.Method == "magnitude" || p.Method == "random"
	switch {
	case p.Every > 0 && p.Method != "zeros":
		return c.root.place("prune.every").errorf("prune.every has no effect with prune.method %s; remove it or use zeros", p.Method)
	case p.Importance != "" && p.Method != "least":
		return c.root.place("prune.importance").errorf("prune.importance has no effect with prune.method %s; remove it or use least", p.Method)
	case needed && p.Budget == nil:
		return c.root.place("prune.method").errorf("prune.method %s needs prune.budget, the share to keep: {macs: 0.5} or {params: 0.1}", p.Method)
	case !needed && p.Budget != nil:
		return place.errorf("prune.budget has no effect with prune.method %s; remove it or use least, magnitude or random", p.Method)
	case p.Budget == nil:
		return nil
	case p.Budget.MACs == 0 && p.Budget.Params == 0:
		return place.errorf("prune.budget must have macs or params, the share to keep")
	case p.Budget.MACs != 0 && p.Budget.Params != 0:
		return place.errorf("prune.budget has macs and params; remove one of them")
	}
	return nil
}

// runName is the name of a run whose config has none: the name of the file.
func runName(file string) string {
	base := filepath.Base(filepath.ToSlash(file))
	base = strings.TrimSuffix(base, filepath.Ext(base))
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && namePattern.MatchString("_"+string(r)) {
			return r
		}
		return '-'
	}, base)
	name = strings.TrimLeft(name, ".-")
	if name == "" {
		return "run"
	}
	return name
}
