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
	return c.checkPrune()
}

func (c *Config) checkData() error {
	d := c.Data
	if d.Dataset == "" {
		return c.root.place("data.dataset").errorf("data.dataset must not be empty")
	}
	switch d.Dataset {
	case "glyphs":
		if !slices.Contains([]string{"", "digits", "letters", "all"}, d.Classes) {
			return c.root.place("data.classes").errorf("data.classes must be digits, letters or all, got %q", d.Classes)
		}
	case "mnist", "fashion-mnist", "cifar10", "digits":
		if d.Color {
			return c.root.place("data.color").errorf("data.color is an option of glyphs, %s has none; remove it", d.Dataset)
		}
		if d.Classes != "" {
			return c.root.place("data.classes").errorf("data.classes is an option of glyphs, %s has none; remove it", d.Dataset)
		}
	}
	return nil
}

func (c *Config) checkPrune() error {
	p, place := c.Prune, c.root.place("prune.budget")
	needed := p.Method == "magnitude" || p.Method == "random"
	switch {
	case needed && p.Budget == nil:
		return c.root.place("prune.method").errorf("prune.method %s needs prune.budget, the share to keep: {macs: 0.5} or {params: 0.1}", p.Method)
	case !needed && p.Budget != nil:
		return place.errorf("prune.budget has no effect with prune.method %s; remove it or use magnitude or random", p.Method)
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
