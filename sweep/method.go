package sweep

import (
	"cmp"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"

	"pare/config"
	"pare/internal/option"
)

// Method is a way to make a network sparse, or to be compared with it. Its options are the
// keys of its section in the sweep file.
type Method interface {
	common() Common
	uses() uses
	// plan adds the runs of the method in a cell, one for each point in their order.
	plan(p *planner, at *cell) ([]*Run, error)
}

// Methods are the methods that a sweep file may name.
var Methods = option.NewKinds[Method]("method")

// Common are the options of all methods.
type Common struct {
	Name string                  `yaml:"name,omitempty" empty:"no" doc:"name in tables and figures, to list a method twice; left out: the word for the method"`
	Set  map[string]config.Value `yaml:"set,omitempty" doc:"overrides of the config for the runs of this method; they apply last"`
}

func (c Common) common() Common { return c }

// label is the name of a method in tables.
func label(m config.Named[Method]) string { return cmp.Or(m.Kind.common().Name, m.Type) }

// namePattern is the form of names that become parts of the names of folders.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)

// override is a key of a config with its value, from a place in the sweep file or from a
// method.
type override struct {
	text  string       // key=value
	place config.Value // zero: not written in the file
}

// overrides are those of a section set, shorter keys first, so that {penalties: …,
// penalties.0.lambda: …} means the same in any order.
func overrides(set map[string]config.Value, place config.Value) []override {
	var out []override
	for _, key := range inOrder(maps.Keys(set)) {
		out = append(out, override{key + "=" + set[key].YAML(), place.At(key)})
	}
	return out
}

// inOrder sorts dotted keys, those of fewer parts first.
func inOrder(keys iter.Seq[string]) []string {
	return slices.SortedFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(a, "."), strings.Count(b, ".")), cmp.Compare(a, b))
	})
}

// fixed are overrides that the sweep itself needs.
func fixed(texts ...string) []override {
	var out []override
	for _, t := range texts {
		out = append(out, override{text: t})
	}
	return out
}
