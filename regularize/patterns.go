package regularize

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"pare/internal/suggest"
)

// Patterns are globs on names as in path.Match, so that * crosses dots:
// "block*.conv1". A config gives one string or a list.
type Patterns []string

// UnmarshalYAML reads a string or a list of strings.
func (p *Patterns) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if unmarshal(&one) == nil {
		*p = Patterns{one}
		return nil
	}
	return unmarshal((*[]string)(p))
}

// UnmarshalJSON reads a string or a list of strings.
func (p *Patterns) UnmarshalJSON(data []byte) error {
	return p.UnmarshalYAML(func(v any) error { return json.Unmarshal(data, v) })
}

// matches reports whether the valid pattern matches one of the names.
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
	patterns Patterns
	used     []bool
	seen     []string // candidate layers in network order
	known    map[string]bool
}

func newChooser(p Patterns) *chooser {
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
func (c *chooser) check(what string) error {
	if len(c.seen) == 0 {
		return fmt.Errorf("on: the network has no %s", what)
	}
	for i, used := range c.used {
		if !used {
			return fmt.Errorf("layers: %q matches no layer with %s; there are %s",
				c.patterns[i], what, nearest(c.patterns[i], c.seen))
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
