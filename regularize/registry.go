package regularize

import (
	"fmt"
	"slices"
	"strings"

	"pare/internal/suggest"
)

type entry struct {
	doc string
	new func() Penalty
}

var registry = map[string]entry{}

// Register makes a penalty known to configs under its kind; doc is one line for
// lists. Call it from an init function; a second registration of a kind panics.
func Register(kind, doc string, newPenalty func() Penalty) {
	if _, ok := registry[kind]; ok {
		panic("regularize: penalty registered twice: " + kind)
	}
	registry[kind] = entry{doc: doc, new: newPenalty}
}

// New returns a penalty of the kind.
func New(kind string) (Penalty, error) {
	e, ok := registry[kind]
	if !ok {
		if near := suggest.Nearest(kind, Kinds()); len(near) > 0 {
			return nil, fmt.Errorf("unknown penalty %q; did you mean %s?", kind, strings.Join(near, " or "))
		}
		return nil, fmt.Errorf("unknown penalty %q; known penalties are %s", kind, strings.Join(Kinds(), ", "))
	}
	return e.new(), nil
}

// Kinds lists the registered penalties in alphabetical order.
func Kinds() []string {
	kinds := make([]string, 0, len(registry))
	for k := range registry {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return kinds
}

// Doc is the line a penalty was registered with, "" for an unknown kind.
func Doc(kind string) string { return registry[kind].doc }
