package train

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"pare/internal/suggest"
)

// Kind describes an optimizer or a schedule for lists and help texts.
type Kind struct {
	Name    string   // as configs write it
	Doc     string   // one line
	Options []string // the keys that mean something to it, beside type
}

// option is a key of a spec and whether the user gave it a value.
type option struct {
	key string
	set bool
}

// checkOptions finds the first option given that the kind does not have.
func checkOptions(what string, k Kind, given []option) error {
	for _, o := range given {
		if o.set && !slices.Contains(k.Options, o.key) {
			return fmt.Errorf("%s: %s is not an option of %s; its options are %s",
				what, o.key, k.Name, strings.Join(k.Options, ", "))
		}
	}
	return nil
}

func unknownKind(what, name string, known []Kind) error {
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = k.Name
	}
	if near := suggest.Nearest(name, names); len(near) > 0 {
		return fmt.Errorf("%s: type: there is no %q; did you mean %s?", what, name, strings.Join(near, " or "))
	}
	return fmt.Errorf("%s: type: there is no %q; known types are %s", what, name, strings.Join(names, ", "))
}

// limit is a number of a spec with the interval [min, max) it must lie in.
type limit struct {
	key             string
	value, min, max float64
}

func checkLimits(what string, limits []limit) error {
	for _, l := range limits {
		if l.value >= l.min && l.value < l.max {
			continue
		}
		if math.IsInf(l.max, 1) {
			return fmt.Errorf("%s: %s is %g, it must be finite and at least %g", what, l.key, l.value, l.min)
		}
		return fmt.Errorf("%s: %s is %g, it must lie in [%g, %g)", what, l.key, l.value, l.min, l.max)
	}
	return nil
}
