package regularize

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"pare/internal/suggest"
)

// matches reports whether a valid pattern, as in path.Match, matches one of the names.
// Its * crosses dots: "block*.conv1".
func matches(pattern string, names []string) bool {
	for _, n := range names {
		if ok, _ := path.Match(pattern, n); ok {
			return true
		}
	}
	return false
}

// chooser picks groups by layer and remembers which patterns were of use.
type chooser struct {
	patterns []string
	used     []bool
	seen     []string // candidate layers in network order
	known    map[string]bool
}

func newChooser(p []string) *chooser {
	return &chooser{patterns: p, used: make([]bool, len(p)), known: map[string]bool{}}
}

// take reports whether a group that belongs to the named layers is chosen.
func (c *chooser) take(layers []string) bool {
	for _, l := range layers {
		if !c.known[l] {
			c.known[l] = true
			c.seen = append(c.seen, l)
		}
	}
	chosen := len(c.patterns) == 0
	for i, p := range c.patterns {
		if matches(p, layers) {
			c.used[i], chosen = true, true
		}
	}
	return chosen
}

// check returns an error when there was nothing to choose from or a pattern
// matched nothing.
func (c *chooser) check(noun string) error {
	if len(c.seen) == 0 {
		return fmt.Errorf("on: the network has no %s", noun)
	}
	for i, used := range c.used {
		if !used {
			return fmt.Errorf("layers: %q matches no layer with %s; there are %s",
				c.patterns[i], noun, nearest(c.patterns[i], c.seen))
		}
	}
	return nil
}

// listed is how many names a message gives.
const listed = 5

// nearest lists the names closest to the wanted one.
func nearest(want string, names []string) string {
	sorted := suggest.Sorted(want, names)
	if len(sorted) <= listed {
		return strings.Join(sorted, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(sorted[:listed], ", "), len(sorted)-listed)
}

func sortedKeys(m map[string]float64) []string { return slices.Sorted(maps.Keys(m)) }

// factors multiplies λ by layer or parameter name and remembers which patterns
// were of use.
type factors struct {
	byPattern map[string]float64
	patterns  []string // in a fixed order
	used      map[string]bool
	seen      []string
}

func newFactors(byPattern map[string]float64) *factors {
	return &factors{byPattern: byPattern, patterns: sortedKeys(byPattern), used: map[string]bool{}}
}

// of returns the factor of a group by its names, 1 when no pattern matches.
// Exact names go before patterns; of two that match and differ neither is meant.
func (f *factors) of(label string, names []string) (float64, error) {
	if len(f.patterns) == 0 {
		return 1, nil
	}
	f.seen = append(f.seen, names[0])
	for _, exact := range []bool{true, false} {
		by := ""
		for _, p := range f.patterns {
			if isExact(p) != exact || !matches(p, names) {
				continue
			}
			f.used[p] = true
			if by != "" && f.byPattern[by] != f.byPattern[p] {
				return 0, fmt.Errorf("factors: %q and %q both match %s with different values; make them apart", by, p, label)
			}
			by = p
		}
		if by != "" {
			f.useRest(names)
			return f.byPattern[by], nil
		}
	}
	return 1, nil
}

// useRest marks patterns that an exact name went before.
func (f *factors) useRest(names []string) {
	for _, p := range f.patterns {
		if matches(p, names) {
			f.used[p] = true
		}
	}
}

func isExact(pattern string) bool { return !strings.ContainsAny(pattern, `*?[\`) }

// check returns an error when a pattern matched nothing.
func (f *factors) check() error {
	for _, p := range f.patterns {
		if !f.used[p] {
			return fmt.Errorf("factors: %q matches no layer or parameter of the penalty; there are %s", p, nearest(p, f.seen))
		}
	}
	return nil
}
