package regularize

import (
	"fmt"
	"strings"
)

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
