package config

import (
	"fmt"
	"strings"

	"pare/internal/suggest"
)

// hint ends a message about an unknown word. prefix comes before the names.
func hint(word, what, prefix string, names []string) string {
	near := suggest.Nearest(word, names)
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
