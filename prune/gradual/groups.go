package gradual

import (
	"cmp"
	"iter"

	"pare/nn"
	"pare/regularize"
)

// group is one group of a penalty with its values.
type group struct {
	term, number int     // of the penalty, and in it
	rank         float64 // groups of a lower rank go first
	places       []place
}

type place struct {
	p *nn.Param
	i int
}

// order compares groups by rank, and groups of the same rank by number.
func (g group) order(h group) int {
	return cmp.Or(cmp.Compare(g.rank, h.rank), cmp.Compare(g.term, h.term), cmp.Compare(g.number, h.number))
}

// kept are the penalised values at one moment, for groups to get back.
type kept map[*nn.Param][]float32

// keep returns the values of all groups now; it may use the storage of the earlier ones.
func (v kept) keep(ts terms) kept {
	now := kept{}
	for _, t := range ts.all() {
		for _, p := range t.Governs() {
			now[p] = append(v[p][:0], p.Data()...)
		}
	}
	return now
}

// put gives the groups of a list their values back and zeroes those that are gone. A value
// of two groups is 0 if either is gone.
func (v kept) put(list, gone []group) {
	for _, g := range list {
		for _, at := range g.places {
			at.p.Data()[at.i] = v[at.p][at.i]
		}
	}
	for _, g := range gone {
		for _, at := range g.places {
			at.p.Data()[at.i] = 0
		}
	}
}

// terms are the penalties on the parameters of a network, in the order in which they were
// given; nil stands for a penalty on activations, or one that does not take part.
type terms []*regularize.Term

// all yields the terms that take part, each with its place.
func (ts terms) all() iter.Seq2[int, *regularize.Term] {
	return func(yield func(int, *regularize.Term) bool) {
		for k, t := range ts {
			if t != nil && !yield(k, t) {
				return
			}
		}
	}
}

// where keeps the terms that f accepts, each at its place.
func (ts terms) where(f func(*regularize.Term) bool) terms {
	out := make(terms, len(ts))
	for k, t := range ts.all() {
		if f(t) {
			out[k] = t
		}
	}
	return out
}

// grouped lists, without gaps, the terms on groups of several values. Single weights say
// little about when a unit goes.
func (ts terms) grouped() terms {
	var out terms
	for _, t := range ts.all() {
		if t.Grouped() {
			out = append(out, t)
		}
	}
	return out
}

// count counts the groups and those that are zero.
func (ts terms) count() (total, zero int) {
	for _, t := range ts.all() {
		n, z := t.Groups()
		total, zero = total+n, zero+z
	}
	return total, zero
}

// norms are the norms of all groups.
func (ts terms) norms() []float64 {
	var out []float64
	for _, t := range ts.all() {
		out = append(out, t.Norms()...)
	}
	return out
}

// zeroes reports whether proximal steps of the term give exact zeros.
func zeroes(t *regularize.Term) bool { return t.Proximal() && t.FullLambda() != 0 }
