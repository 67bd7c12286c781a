package layers

import (
	"slices"

	"pare/nn"
)

// channelGroups is a number of groups that the inputs and the outputs of a convolution are
// divided into.
//
// Pruning leaves groups with unequal numbers of channels. They are made equal again in one
// of two ways, or both: neighbouring groups that stay are merged into parts, in which
// weights between groups are 0, and parts with fewer channels than others keep more than
// are read.
type channelGroups int

// of is the group of channel u in a set of n.
func (g channelGroups) of(u, n int) int { return u / (n / int(g)) }

// live lists the groups with an output that is kept.
func (g channelGroups) live(keep []bool) (live []int) {
	for i := range int(g) {
		if count(g.members(keep, i)) > 0 {
			live = append(live, i)
		}
	}
	return live
}

// members are the channels of one group.
func (g channelGroups) members(set []bool, group int) []bool {
	size := len(set) / int(g)
	return set[group*size : (group+1)*size]
}

// partitions lists the numbers of parts that n groups are merged into: n, then each time
// divided by its least prime factor, down to 1. A merged convolution has the rest of the
// list of the original one, so that pruning it again finds the same.
func partitions(n int) []int {
	list := []int{n}
	for f := 2; n > 1; {
		if n%f > 0 {
			f++
			continue
		}
		n /= f
		list = append(list, n)
	}
	return list
}

// channelsOf counts the channels of a set, of inputs or of outputs, in each part.
func (g channelGroups) channelsOf(set []bool, live []int, parts int) []int {
	each := len(live) / parts
	counts := make([]int, parts)
	for i, group := range live {
		counts[i/each] += count(g.members(set, group))
	}
	return counts
}

// cheapest returns the number of parts with the fewest weights for outputs that are kept
// and inputs that they need.
func (g channelGroups) cheapest(keep, need []bool, live []int) int {
	best, least := 0, 0
	for _, parts := range partitions(len(live)) {
		cost := parts * max(1, slices.Max(g.channelsOf(need, live, parts))) * slices.Max(g.channelsOf(keep, live, parts))
		if best == 0 || cost < least {
			best, least = parts, cost
		}
	}
	return best
}

// finest returns the largest number of parts in which all have equally many channels of
// each set.
func (g channelGroups) finest(live []int, sets ...[]bool) int {
	for _, parts := range partitions(len(live)) {
		equal := true
		for _, set := range sets {
			counts := g.channelsOf(set, live, parts)
			equal = equal && sum(counts) == slices.Max(counts)*parts
		}
		if equal {
			return parts
		}
	}
	return 1
}

// fill adds channels of live groups so that every part has as many as the fullest one,
// and at least least.
func (g channelGroups) fill(set []bool, live []int, parts, least int) {
	each := len(live) / parts
	counts := g.channelsOf(set, live, parts)
	full := max(least, slices.Max(counts))
	for i, group := range live {
		members := g.members(set, group)
		for u := 0; u < len(members) && counts[i/each] < full; u++ {
			if !members[u] {
				members[u] = true
				counts[i/each]++
			}
		}
	}
}

// closeOutputs adds outputs to keep until the parts that need the fewest weights have
// equally many. need are the inputs of those kept.
func (g channelGroups) closeOutputs(keep, need []bool) {
	if live := g.live(keep); g > 1 && len(live) > 0 {
		g.fill(keep, live, g.cheapest(keep, need, live), 0)
	}
}

// closeInputs adds inputs to need until the parts of closed outputs have equally many.
func (g channelGroups) closeInputs(keep, need []bool) {
	if live := g.live(keep); g > 1 && len(live) > 0 {
		g.fill(need, live, g.finest(live, keep), 1)
	}
}

// regrouped are the channels of a grouped convolution that stay, in equal parts.
type regrouped struct {
	inputs, outputs []int // of the original convolution
	parts           int
}

// regroup merges the groups of a convolution of ins inputs and outs outputs.
func (g channelGroups) regroup(s nn.Slicing, ins, outs int) regrouped {
	keep, fed := marked(s.Out, outs), marked(s.In[0], ins)
	live := g.live(keep)
	r := regrouped{outputs: s.Out, parts: g.finest(live, keep, fed)}
	for _, i := range s.In[0] {
		if slices.Contains(live, g.of(i, ins)) {
			r.inputs = append(r.inputs, i)
		}
	}
	return r
}

// each calls f for every pair of the k-th output and the j-th input that are in one part.
func (r regrouped) each(f func(k, j int)) {
	ins, outs := len(r.inputs)/r.parts, len(r.outputs)/r.parts
	for k := range r.outputs {
		for j := k / outs * ins; j < (k/outs+1)*ins; j++ {
			f(k, j)
		}
	}
}

// marked is the set of n of which list has the members.
func marked(list []int, n int) []bool {
	set := make([]bool, n)
	for _, i := range list {
		set[i] = true
	}
	return set
}

func count(set []bool) int {
	n := 0
	for _, v := range set {
		if v {
			n++
		}
	}
	return n
}
