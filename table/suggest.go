package table

import (
	"fmt"
	"slices"
	"strings"
)

// Suggestion ends a message about an unknown name: the nearest names, or all
// of them where they are few.
func Suggestion(word, what string, names []string) string {
	type candidate struct {
		name  string
		edits int
	}
	var found []candidate
	limit := max(1, min(3, (len(word)+1)/3))
	for _, n := range names {
		if d := edits(strings.ToLower(word), strings.ToLower(n), limit); d <= limit {
			found = append(found, candidate{n, d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.edits - b.edits })
	var near []string
	for _, f := range found[:min(2, len(found))] {
		near = append(near, f.name)
	}
	const few = 40
	switch {
	case len(near) > 0:
		return fmt.Sprintf("; did you mean %s?", strings.Join(near, " or "))
	case len(names) <= few:
		return fmt.Sprintf("; the %s are %s", what, strings.Join(names, ", "))
	}
	return fmt.Sprintf("; there are %d %s, from %s to %s", len(names), what, names[0], names[len(names)-1])
}

// edits is the number of insertions, deletions and replacements that turn a
// into b, or limit+1 where it is more than limit.
func edits(a, b string, limit int) int {
	s, t := []rune(a), []rune(b)
	if len(s)-len(t) > limit || len(t)-len(s) > limit {
		return limit + 1
	}
	row := make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := range s {
		diagonal := row[0]
		row[0] = i + 1
		for j := range t {
			change := diagonal
			if s[i] != t[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return min(row[len(t)], limit+1)
}
