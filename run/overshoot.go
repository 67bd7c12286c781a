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

// fallen is a group that came to zero in the last step, or that may go.
type fallen struct {
	term, group int
	norm        float64 // what ranks it: its way to zero, or what it is worth to method least
	places      []place
}

type place struct {
	p *nn.Param
	i int
}

// undo revives groups so that as much as line is left, or the most that is less,
// and returns the share that is left. A group that takes so much along that far
// less would be left, such as the gate of a path, comes back before others. Where
// nothing is known of the step before nothing changes.
func (o *overshoot) undo(net *nn.Network, terms []*regularize.Term, line, share float64, measure func(nn.Counts) float64) (float64, error) {
	_, share, err := o.choose(net, o.fallen(terms), line, share, measure)
	return share, err
}

// choose zeroes the first groups of a list so that as much as line is left, or the
// most that is less, and returns those and the share that is left; the others have
// the values that were kept. With all of the list gone it is share.
func (o *overshoot) choose(net *nn.Network, all []fallen, line, share float64, measure func(nn.Counts) float64) ([]fallen, float64, error) {
	list, best, chosen := all, share, all
	for range lumps {
		n, got, err := o.fewest(net, list, line, measure)
		if err != nil {
			return nil, share, err
		}
		if got > line {
			break // without the lumps too much is left
		}
		if got >= best {
			best, chosen = got, slices.Clone(list[:n])
		}
		if n == 0 || got >= line-slack {
			break
		}
		o.put(list[n-1:n], nil)
		list = slices.Delete(slices.Clone(list), n-1, n)
	}
	o.put(all, chosen)
	return chosen, best, nil
}

const (
	lumps = 16   // groups that come back because they take too much along
	slack = 0.02 // of the network: less is not worth another search
)

// fewest finds how many of the first groups of the list have to go so that no more
// than line is left, and what is left then.
func (o *overshoot) fewest(net *nn.Network, list []fallen, line float64, measure func(nn.Counts) float64) (n int, share float64, err error) {
	look := func(gone int) (float64, error) {
		o.put(list, list[:gone])
		left, err := prune.Remaining(net)
		return measure(left), err
	}
	hi := len(list)
	for n < hi {
		mid := (n + hi) / 2
		if share, err = look(mid); err != nil {
			return 0, 0, err
		}
		if share <= line {
			hi = mid
		} else {
			n = mid + 1
		}
	}
	share, err = look(n)
	return n, share, err
}

// spare gives those of the gone groups of a list back without which no more than line
// is left, those that are worth most first, and returns the rest. Groups that bring the
// network little nearer to its target stay so, as long as dearer ones take it beyond.
func (o *overshoot) spare(net *nn.Network, gone []fallen, line float64, measure func(nn.Counts) float64) ([]fallen, error) {
	for n := (len(gone) + 1) / 2; len(gone) > 0; n = (n + 1) / 2 {
		for last := len(gone); last > 0; last -= n {
			part := gone[max(0, last-n):last]
			o.put(part, nil)
			rest := slices.Concat(gone[:max(0, last-n)], gone[last:])
			o.put(nil, rest) // what two groups share
			left, err := prune.Remaining(net)
			if err != nil {
				return nil, err
			}
			if measure(left) <= line {
				gone = rest
			} else {
				o.put(nil, part)
			}
		}
		if n == 1 {
			break
		}
	}
	return gone, nil
}

// put gives groups their values back, but for those that are gone. A value of two
// groups is 0 with either.
func (o *overshoot) put(list, gone []fallen) {
	for _, f := range list {
		for _, at := range f.places {
			at.p.Data()[at.i] = o.before[at.p][at.i]
		}
	}
	for _, f := range gone {
		for _, at := range f.places {
			at.p.Data()[at.i] = 0
		}
	}
}

// fallen lists the groups that came to zero in the last step, those first that had the
// least way to go: their norm before it, over the weight and λ of their penalty, by which
// norms of different penalties compare.
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
		scales := t.Scales()
		for g, f := range groups {
			if f.norm > 0 {
				if pull := scales[g] * t.Lambda(); pull > 0 {
					f.norm /= pull
				}
				list = append(list, *f)
			}
		}
	}
	sortFallen(list)
	return list
}

// sortFallen puts the smallest norm first.
func sortFallen(list []fallen) {
	slices.SortFunc(list, func(a, b fallen) int {
		return cmp.Or(cmp.Compare(a.norm, b.norm), cmp.Compare(a.term, b.term), cmp.Compare(a.group, b.group))
	})
}
