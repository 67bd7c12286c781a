package table

import (
	"fmt"
	"strings"

	"pare/internal/suggest"
)

// Suggestion ends a message about an unknown name: the nearest names, or all names if they
// are few.
func Suggestion(word, what string, names []string) string {
	near := suggest.Nearest(word, names)
	const few = 40
	switch {
	case len(near) > 0:
		return fmt.Sprintf("; did you mean %s?", strings.Join(near, " or "))
	case len(names) <= few:
		return fmt.Sprintf("; the %s are %s", what, strings.Join(names, ", "))
	}
	return fmt.Sprintf("; there are %d %s, from %s to %s", len(names), what, names[0], names[len(names)-1])
}
