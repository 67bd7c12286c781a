package regularize

import (
	"math"

	"pare/nn"
)

// finder looks for what a Spec penalises.
type finder struct {
	// price is what a multiply-accumulate weighs under scale macs; 0: so much that
	// the mean over the term is 1, and then set to that.
	price  float64
	priced int // groups that have a price
	// partial: the network is what is left of another one, so patterns may match
	// nothing.
	partial bool
}

// findParts finds what a Spec penalises in the network and lays it out.
func (f *finder) findParts(net *nn.Network, s Spec, pen Penalty) ([]part, error) {
	t := newTopology(net)
	if s.On == "weights" {
		return f.findCells(t, s, pen)
	}
	groups, err := f.findGroups(t, s)
	if err != nil {
		return nil, err
	}
	scales := f.scaleGroups(groups, s.scale(pen))
	factors := newFactors(s.Factors)
	var kept []*group
	var weights []float64
	for i, g := range groups {
		factor, err := factors.of(g.label, g.names(net))
		if err != nil {
			return nil, err
		}
		if scales[i]*factor > 0 {
			kept, weights = append(kept, g), append(weights, scales[i]*factor)
		}
	}
	if err := factors.check(); err != nil && !f.partial {
		return nil, err
	}
	switch {
	case len(kept) == 0:
		return nil, nil
	case s.On == "paths":
		return t.junctions(pen, kept, weights, f.partial)
	case s.On == "recurrent_units":
		return []part{newCrossing(pen, kept, weights)}, nil
	}
	return assemble(pen, kept, weights)
}

// scaleGroups returns s_g of every group.
func (f *finder) scaleGroups(groups []*group, scale string) []float64 {
	out := make([]float64, len(groups))
	total := 0.0
	for i, g := range groups {
		out[i] = 1
		total += g.macs
		if scale == "sqrt" {
			out[i] = math.Sqrt(float64(g.size()))
		}
	}
	if scale != "macs" || total == 0 {
		return out
	}
	f.priced = len(groups)
	if f.price == 0 {
		f.price = float64(len(groups)) / total
	}
	for i, g := range groups {
		out[i] = g.macs * f.price
	}
	return out
}

// size is the number of values in the group.
func (g *group) size() int {
	sum := 0
	for i, s := range g.slots {
		n, _ := s.Param.AxisLen(s.Axis)
		sum += s.Param.Size() / n
		for _, o := range g.slots[:i] { // what rows and columns have in common
			if o.Param == s.Param && o.Axis != s.Axis {
				m, _ := o.Param.AxisLen(o.Axis)
				sum -= s.Param.Size() / (n * m)
			}
		}
	}
	return sum
}

// claim is a parameter with the groups its positions along one axis belong to.
type claim struct {
	param *nn.Param
	axis  int
	owner []*group
	root  *claim // union-find: claims that share groups
}

func (c *claim) find() *claim {
	for c.root != c {
		c.root = c.root.root
		c = c.root
	}
	return c
}

// assemble lays the groups out as sets that share no parameter. Groups that
// overlap are an error.
func assemble(pen Penalty, groups []*group, scale []float64) ([]part, error) {
	var claims []*claim
	byParam := map[*nn.Param]*claim{}
	for _, g := range groups {
		var first *claim
		for _, s := range g.slots {
			c := byParam[s.Param]
			if c == nil {
				n, _ := s.Param.AxisLen(s.Axis)
				c = &claim{param: s.Param, axis: s.Axis, owner: make([]*group, n)}
				c.root = c
				byParam[s.Param] = c
				claims = append(claims, c)
			}
			if c.axis != s.Axis { // rows and columns cross
				return nil, overlap(c.anyOwner().label, g.label, "values of "+s.Param.Name)
			}
			if other := c.owner[s.Index]; other != nil {
				return nil, overlap(other.label, g.label, "values of "+s.Param.Name)
			}
			c.owner[s.Index] = g
			if first == nil {
				first = c
			}
			c.find().root = first.find()
		}
	}
	return layOut(pen, claims, groups, scale), nil
}

func (c *claim) anyOwner() *group {
	for _, g := range c.owner {
		if g != nil {
			return g
		}
	}
	return nil
}

// layOut makes one groupSet of the claims that share groups, the groups numbered
// in network order.
func layOut(pen Penalty, claims []*claim, groups []*group, scale []float64) []part {
	setOf := map[*group]*claim{}
	for _, c := range claims {
		for _, g := range c.owner {
			if g != nil {
				setOf[g] = c.find()
			}
		}
	}
	number := map[*group]int{}
	scales := map[*claim][]float64{}
	for i, g := range groups {
		set := setOf[g]
		number[g] = len(scales[set])
		scales[set] = append(scales[set], scale[i])
	}
	blocks := map[*claim][]*block{}
	var order []*claim
	for _, c := range claims {
		set := c.find()
		if blocks[set] == nil {
			order = append(order, set)
		}
		n, stride := c.param.AxisLen(c.axis)
		b := &block{param: c.param, n: n, inner: stride, outer: c.param.Size() / (n * stride), group: make([]int32, n)}
		for j, g := range c.owner {
			b.group[j] = int32(len(scales[set]))
			if g != nil {
				b.group[j] = int32(number[g])
			}
		}
		blocks[set] = append(blocks[set], b)
	}
	var parts []part
	for _, set := range order {
		parts = append(parts, newGroupSet(pen, blocks[set], scales[set]))
	}
	return parts
}
