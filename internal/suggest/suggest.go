// Package suggest finds the names that a misspelt one may have stood for.
package suggest

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Nearest returns the names within a third of the length of word in edits,
// nearest first, at most two. Upper and lower case are the same.
func Nearest(word string, names []string) []string {
	limit := max(1, min(3, (len(word)+1)/3))
	var near []string
	for _, f := range rank(word, names, limit) {
		if f.edits <= limit && len(near) < 2 {
			near = append(near, f.name)
		}
	}
	return near
}

// Phrase ends a message about an unknown name: "; did you mean race?", or all names, which are called
// by the noun, if they are few.
func Phrase(word, noun string, names []string) string {
	near := Nearest(word, names)
	const few = 40
	switch {
	case len(near) > 0:
		return fmt.Sprintf("; did you mean %s?", strings.Join(near, " or "))
	case len(names) <= few:
		return fmt.Sprintf("; the %s are %s", noun, strings.Join(names, ", "))
	}
	return fmt.Sprintf("; there are %d %s, from %s to %s", len(names), noun, names[0], names[len(names)-1])
}

// Sorted returns all names, nearest first.
func Sorted(word string, names []string) []string {
	var all []string
	for _, f := range rank(word, names, math.MaxInt) {
		all = append(all, f.name)
	}
	return all
}

// candidate is a name with its distance.
type candidate struct {
	name  string
	edits int
}

func rank(word string, names []string, limit int) []candidate {
	var found []candidate
	for _, n := range names {
		found = append(found, candidate{n, edits(strings.ToLower(word), strings.ToLower(n), limit)})
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.edits - b.edits })
	return found
}

// edits is the number of insertions, deletions, replacements and swaps of
// neighbours that turn a into b (optimal string alignment distance); limit+1 or more
// where the lengths alone differ by more than limit.
func edits(a, b string, limit int) int {
	s, t := []rune(a), []rune(b)
	if len(s)-len(t) > limit || len(t)-len(s) > limit {
		return limit + 1
	}
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
