package gradual

import "pare/regularize"

// terms are the penalties on the parameters of a network, in the order in which they
// were given; nil stands for one that is on something else, or not meant.
type terms []*regularize.Term

// where keeps the terms that f accepts, each at its place.
func (ts terms) where(f func(*regularize.Term) bool) terms {
	out := make(terms, len(ts))
	for k, t := range ts {
		if t != nil && f(t) {
			out[k] = t
		}
	}
	return out
}

// grouped lists, without gaps, those on groups of several values. Single weights say
// little of when a unit goes.
func (ts terms) grouped() terms {
	var out terms
	for _, t := range ts {
		if t != nil && t.Grouped() {
			out = append(out, t)
		}
	}
	return out
}

// count counts the groups and those that are zero.
func (ts terms) count() (total, zero int) {
	for _, t := range ts {
		if t == nil {
			continue
		}
		n, z := t.Groups()
		total, zero = total+n, zero+z
	}
	return total, zero
}

// norms are those of all groups.
func (ts terms) norms() []float64 {
	var out []float64
	for _, t := range ts {
		if t != nil {
			out = append(out, t.Norms()...)
		}
	}
	return out
}

// zeroes reports whether proximal steps of the term give exact zeros.
func zeroes(t *regularize.Term) bool { return t.Proximal() && t.FullLambda() != 0 }
