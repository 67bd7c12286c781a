package regularize

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"pare/internal/suggest"
)

// patterns are globs on names as in path.Match, so that * crosses dots: "block*.conv1".
// They remember which of them matched.
type patterns struct {
	list []string
	used map[string]bool
	seen []string // names there were to match, in network order
}

func newPatterns(list []string) patterns { return patterns{list: list, used: map[string]bool{}} }

// matching lists the patterns that match one of the names.
func (p *patterns) matching(names []string) (out []string) {
	for _, pattern := range p.list {
		if slices.ContainsFunc(names, func(n string) bool { ok, _ := path.Match(pattern, n); return ok }) {
			p.used[pattern] = true
			out = append(out, pattern)
		}
	}
	return out
}

// see notes names, each once.
func (p *patterns) see(names []string) {
	for _, n := range names {
		if !slices.Contains(p.seen, n) {
			p.seen = append(p.seen, n)
		}
	}
}

// check returns an error when a pattern of the key matched none of the nouns.
func (p *patterns) check(key, noun string) error {
	for _, pattern := range p.list {
		if !p.used[pattern] {
			return fmt.Errorf("%s: %q matches no %s; there are %s", key, pattern, noun, nearest(pattern, p.seen))
		}
	}
	return nil
}

// nearest lists the few names closest to the wanted one.
func nearest(want string, names []string) string {
	const listed = 5
	sorted := suggest.Sorted(want, names)
	if len(sorted) <= listed {
		return strings.Join(sorted, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(sorted[:listed], ", "), len(sorted)-listed)
}

// chooser picks groups by layer.
type chooser struct{ patterns }

func newChooser(layers []string) *chooser { return &chooser{newPatterns(layers)} }

// take reports whether a group that belongs to the named layers is chosen.
func (c *chooser) take(layers []string) bool {
	c.see(layers)
	return len(c.list) == 0 || len(c.matching(layers)) > 0
}

// check returns an error when there was nothing to choose from or a pattern
// matched nothing.
func (c *chooser) check(noun string) error {
	if len(c.seen) == 0 {
		return fmt.Errorf("on: the network has no %s", noun)
	}
	return c.patterns.check("layers", "layer with "+noun)
}

// factors multiplies λ by layer or parameter name.
type factors struct {
	patterns
	of        map[string]float64
	variables bool // groups are of variables of the input
}

func newFactors(of map[string]float64) *factors {
	return &factors{patterns: newPatterns(sortedKeys(of)), of: of}
}

func sortedKeys(m map[string]float64) []string { return slices.Sorted(maps.Keys(m)) }

// find returns the factor of a group by its names, 1 when no pattern matches. Exact names
// have priority over patterns; two patterns that match with different factors are an error.
func (f *factors) find(label string, names []string) (float64, error) {
	f.see(names[:1])
	all := f.matching(names)
	exact := slices.DeleteFunc(slices.Clone(all), func(p string) bool { return strings.ContainsAny(p, `*?[\`) })
	if len(exact) > 0 {
		all = exact
	}
	for _, p := range all {
		if f.of[p] != f.of[all[0]] {
			return 0, fmt.Errorf("factors: %q and %q both match %s with different values; make them apart", all[0], p, label)
		}
	}
	if len(all) == 0 {
		return 1, nil
	}
	return f.of[all[0]], nil
}

// check returns an error when a pattern matched nothing.
func (f *factors) check() error {
	noun := "layer or parameter of the penalty"
	if f.variables {
		noun = "layer, parameter or variable of the penalty"
	}
	return f.patterns.check("factors", noun)
}
