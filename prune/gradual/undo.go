package gradual

import (
	"cmp"
	"math"
	"slices"

	"pare/nn"
)

// undo revives groups that came to zero in the last step, v holding the values before
// it, so that as much as line is left, or the most that is less, and returns the share
// that is left. Groups that fell at the same pace reach zero in the same step, though
// fewer were to go: those that had the longest way come back. A group that takes so much
// along that far less would be left, such as the gate of a path, comes back before
// others. Where nothing is known of the step before nothing changes.
func (v kept) undo(net *nn.Network, ts terms, line, share float64, measure func(nn.Counts) float64) (float64, error) {
	_, share, err := v.choose(net, v.fallen(ts), line, share, measure)
	return share, err
}

// fallen lists the groups that came to zero in the last step, those first that had the
// shortest way: their norm before it, over the weight and λ of their penalty, by which
// norms of different penalties compare.
func (v kept) fallen(ts terms) []group {
	var list []group
	way := make([]map[int]float64, len(ts))
	for k, t := range ts {
		now := t.Norms()
		groups := map[int]*group{}
		norms := map[int]float64{} // before the step
		t.Visit(func(g int, p *nn.Param, i int) {
			before := v[p]
			if now[g] > 0 || before == nil {
				return
			}
			if groups[g] == nil {
				groups[g] = &group{term: k, number: g}
			}
			norms[g] = math.Hypot(norms[g], float64(before[i]))
			groups[g].places = append(groups[g].places, place{p, i})
		})
		scales := t.Scales()
		way[k] = map[int]float64{}
		for g, f := range groups {
			if norms[g] == 0 {
				continue
			}
			way[k][g] = norms[g]
			if pull := scales[g] * t.Lambda(); pull > 0 {
				way[k][g] /= pull
			}
			list = append(list, *f)
		}
	}
	slices.SortFunc(list, func(a, b group) int {
		return cmp.Or(cmp.Compare(way[a.term][a.number], way[b.term][b.number]), a.order(b))
	})
	return list
}
