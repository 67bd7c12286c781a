package gradual

import (
	"cmp"

	"pare/nn"
)

// group is one group of a penalty with its values.
type group struct {
	term, number int // of the penalty, and in it
	places       []place
}

type place struct {
	p *nn.Param
	i int
}

// order compares groups that rank the same.
func (g group) order(h group) int {
	return cmp.Or(cmp.Compare(g.term, h.term), cmp.Compare(g.number, h.number))
}

// kept are the penalised values of a moment, to which groups can be put back.
type kept map[*nn.Param][]float32

// keep returns the values of all groups; it may use the storage of the ones before.
func (v kept) keep(ts terms) kept {
	now := kept{}
	for _, t := range ts {
		if t == nil {
			continue
		}
		for _, p := range t.Governs() {
			now[p] = append(v[p][:0], p.Data()...)
		}
	}
	return now
}

// put gives groups their values back, but for those that are gone. A value of two
// groups is 0 with either.
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
