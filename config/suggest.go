package config

import (
	"fmt"
	"slices"
	"strings"
)

// nearest returns the names within a third of the length of word in edits,
// nearest first, at most two.
func nearest(word string, names []string) []string {
	type candidate struct {
		name string
		d    int
	}
	var found []candidate
	limit := max(1, min(3, (len(word)+1)/3))
	for _, n := range names {
		if d := edits(strings.ToLower(word), strings.ToLower(n)); d <= limit {
			found = append(found, candidate{n, d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.d - b.d })
	var out []string
	for _, f := range found[:min(2, len(found))] {
		out = append(out, f.name)
	}
	return out
}

// hint ends a message about an unknown word. prefix comes before the names.
func hint(word, what, prefix string, names []string) string {
	near := nearest(word, names)
	for i := range near {
		near[i] = join(prefix, near[i])
	}
	switch {
	case len(near) > 0:
		return fmt.Sprintf("; did you mean %s?", strings.Join(near, " or "))
	case len(names) == 0:
		return fmt.Sprintf("; there are no %s", what)
	}
	return fmt.Sprintf("; the %s are %s", what, strings.Join(names, ", "))
}

// edits is the number of insertions, deletions, replacements and swaps of
// neighbours that turn a into b (optimal string alignment distance).
func edits(a, b string) int {
	s, t := []rune(a), []rune(b)
	before, last, now := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := range s {
		now[0] = i + 1
		for j := range t {
			change := 1
			if s[i] == t[j] {
				change = 0
			}
			now[j+1] = min(last[j]+change, last[j+1]+1, now[j]+1)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				now[j+1] = min(now[j+1], before[j-1]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(t)]
}
