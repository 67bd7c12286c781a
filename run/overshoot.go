package run

import (
	"cmp"
	"math"
	"slices"

	"pare/nn"
	"pare/prune"
	"pare/regularize"
)

// overshoot takes a part of a step back. Groups that fell at the same pace reach
// zero in the same step, though fewer were to go: the larger ones among them get
// back the values that they had before it.
type overshoot struct {
	before map[*nn.Param][]float32 // penalised values after the last step
}

// keep remembers the values of all groups.
func (o *overshoot) keep(terms []*regularize.Term) {
	last := o.before
	o.before = map[*nn.Param][]float32{}
	for _, t := range terms {
		for _, p := range t.Governs() {
			o.before[p] = append(last[p][:0], p.Data()...)
		}
	}
}

// fallen is a group that came to zero in the last step.
type fallen struct {
	term, group int
	norm        float64 // before it
	places      []place
}

type place struct {
	p *nn.Param
	i int
}

// undo revives as many groups as can be so that the share that is left does not
// rise above line, and returns that share. Where nothing is known of the step
// before, or all groups are needed, nothing changes.
func (o *overshoot) undo(net *nn.Network, terms []*regularize.Term, line, share float64, measure func(nn.Counts) float64) (float64, error) {
	list := o.fallen(terms)
	set := func(k int, value func(at place) float32) {
		for _, at := range list[k].places {
			at.p.Data()[at.i] = value(at)
		}
	}
	gone := func(place) float32 { return 0 }
	back := func(at place) float32 { return o.before[at.p][at.i] }
	// Find the fewest of the smallest groups that do, then try the others among them
	// one by one: one that takes much along may make smaller ones needless.
	lo, hi := 0, len(list)
	for lo < hi {
		mid := (lo + hi) / 2
		for k := range list {
			if k < mid {
				set(k, gone)
			} else {
				set(k, back)
			}
		}
		// A value of two groups is 0 with either.
		for k := range mid {
			set(k, gone)
		}
		left, err := prune.Remaining(net)
		if err != nil {
			return share, err
		}
		if measure(left) <= line {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	for k := range list {
		if k >= lo {
			set(k, back)
		}
	}
	for k := range lo {
		set(k, gone)
	}
	for k := lo - 1; k >= 0 && k >= lo-tries; k-- {
		set(k, back)
		left, err := prune.Remaining(net)
		if err != nil {
			return share, err
		}
		if measure(left) > line {
			set(k, gone)
		}
	}
	left, err := prune.Remaining(net)
	return measure(left), err
}

// tries is how many groups are tried one by one.
const tries = 64

// fallen lists the groups that came to zero in the last step, the smallest first.
func (o *overshoot) fallen(terms []*regularize.Term) []fallen {
	var list []fallen
	for k, t := range terms {
		now := t.Norms()
		groups := map[int]*fallen{}
		t.Visit(func(g int, p *nn.Param, i int) {
			before := o.before[p]
			if now[g] > 0 || before == nil {
				return
			}
			if groups[g] == nil {
				groups[g] = &fallen{term: k, group: g}
			}
			v := float64(before[i])
			groups[g].norm = math.Hypot(groups[g].norm, v)
			groups[g].places = append(groups[g].places, place{p, i})
		})
		for _, f := range groups {
			if f.norm > 0 {
				list = append(list, *f)
			}
		}
	}
	slices.SortFunc(list, func(a, b fallen) int {
		return cmp.Or(cmp.Compare(a.norm, b.norm), cmp.Compare(a.term, b.term), cmp.Compare(a.group, b.group))
	})
	return list
}
