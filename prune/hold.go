package prune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"pare/nn"
)

// ErrHeld is wrapped by the error of a pruning that cannot keep as many units as it must.
var ErrHeld = errors.New("the layers around it are gone; keep these too, or loosen the option")

// Limited is a layer that keeps more units than its values alone would keep, and why.
type Limited struct {
	Layer string `json:"layer"` // name of the layer
	By    string `json:"by"`    // option that demands them: keep.layers, keep.least, keep.lose, one in keep.of, or round_to
	Units int    `json:"units"` // more units that the layer keeps
}

// limits are the numbers of units that the layers of a network must end with. A dead unit is
// kept by marks on its values, so that the analyses take them for not zero.
type limits struct {
	net    *nn.Network
	floors []floor // of the layers
	round  int     // 0: any number
	rank   func(unit int) float64

	units *nn.UnitMap
	slots map[int][]nn.Slot

	marked map[*nn.Param]bool // parameters with marks that no analysis has seen
}

// newLimits returns the limits of a network; nil: there are none.
func newLimits(net *nn.Network, keep Keep, round int) (*limits, error) {
	if round < 0 {
		return nil, fmt.Errorf("round_to is %d; it must be at least 1", round)
	}
	if !keep.Demands() && round <= 1 {
		return nil, nil
	}
	floors, err := keep.floors(net)
	if err != nil {
		return nil, err
	}
	units := nn.MapUnits(net)
	return &limits{net: net, floors: floors, round: max(1, round), units: units, slots: units.Slots(),
		rank: func(int) float64 { return 0 }}, nil
}

// want is the number of units that a layer ends with, of which it would keep have. The next
// multiple counts; where the layer has fewer units, all of them do.
func (l *limits) want(node, have int) floor {
	n := l.net.Nodes[node].Shape.Units()
	want := floor{units: have}
	if f := l.floors[node]; f.units > have {
		want = f
	}
	up := want.units
	if over := up % l.round; over > 0 {
		up = min(n-up, l.round-over) + up
	}
	if up > want.units && makesUnits(l.net.Nodes[node]) {
		if want.by == "" {
			want.by = "round_to"
		}
		want.units = up
	}
	return want
}

// analyse is the analysis under which every layer has as many units as it must, with the
// marks that it takes; it begins with the analysis a under the marks held, and adds to these.
func (l *limits) analyse(ctx context.Context, a *analysis, held nn.Held) (*analysis, []Limited, error) {
	before := map[int]Limited{} // layers that were short, with the units they had
	for l.marked = map[*nn.Param]bool{}; ; {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if len(l.marked) > 0 {
			a = a.afterHeld(l.marked, held)
			clear(l.marked)
		}
		var short []int
		progress := false
		for i := range l.net.Nodes {
			have := countTrue(a.made[i])
			want := l.want(i, have)
			if want.units <= have {
				continue
			}
			if _, ok := before[i]; !ok {
				before[i] = Limited{Layer: l.net.Nodes[i].Name, By: want.by, Units: have}
			}
			short = append(short, i)
			if l.revive(a, held, i, want.units-have, true) > 0 {
				progress = true
			}
		}
		if len(short) == 0 {
			return a, l.gains(a, before), nil
		}
		for _, i := range short {
			if progress || l.around(a, held, i) {
				progress = true
				break
			}
		}
		if !progress {
			i := short[0]
			have := countTrue(a.made[i])
			want := l.want(i, have)
			return nil, nil, fmt.Errorf("%s: layer %s has to keep %d units and keeps %d: %w",
				want.by, l.net.Nodes[i].Name, want.units, have, ErrHeld)
		}
	}
}

// gains counts the units that layers have more than before.
func (l *limits) gains(a *analysis, before map[int]Limited) []Limited {
	var out []Limited
	for _, i := range slices.Sorted(maps.Keys(before)) {
		b := before[i]
		b.Units = countTrue(a.made[i]) - b.Units
		out = append(out, b)
	}
	return out
}

// revive marks values of up to n dead units of a layer, the highest rank first, and
// returns the number of units that got new marks. Marks on values that connect a unit with
// dead ones would bring these back too; with sparing there are none.
func (l *limits) revive(a *analysis, held nn.Held, node, n int, sparing bool) int {
	type ranked struct {
		unit int
		rank float64
	}
	var dead []ranked
	units := l.units.Out(node)
	for u, made := range a.made[node] {
		if !made {
			dead = append(dead, ranked{units[u], l.rank(units[u])})
		}
	}
	slices.SortStableFunc(dead, func(u, v ranked) int { return cmp.Compare(v.rank, u.rank) })
	revived := 0
	for _, d := range dead {
		if revived == n {
			break
		}
		marked := false
		for _, slot := range l.slots[d.unit] {
			marked = l.mark(a, held, slot, sparing) || marked
		}
		if marked {
			revived++
		}
	}
	return revived
}

// around marks values of the layers around one: those that read it, directly or not, then
// those that it reads. It reports whether there were any to mark.
func (l *limits) around(a *analysis, held nn.Held, node int) bool {
	consumers := l.net.Consumers()
	for _, next := range []func(int) []int{
		func(i int) []int { return consumers[i] },
		func(i int) []int { return l.net.Nodes[i].Inputs },
	} {
		seen, queue := map[int]bool{}, []int{node}
		for len(queue) > 0 {
			i := queue[0]
			queue = queue[1:]
			if i < 0 || seen[i] {
				continue
			}
			seen[i] = true
			if l.open(held, i) || l.revive(a, held, i, 1, false) > 0 {
				return true
			}
			queue = append(queue, next(i)...)
		}
	}
	return false
}

// open marks the values of a layer that belong to no unit, such as the gate of a path, and
// reports whether there were any to mark.
func (l *limits) open(held nn.Held, node int) bool {
	opened := false
	for _, p := range l.net.Nodes[node].Layer.Params() {
		if slices.Contains(p.Axes, nn.AxisOut) || slices.Contains(p.Axes, nn.AxisIn) || !p.Trainable() {
			continue
		}
		for i, v := range p.Data() {
			if v == 0 && !held.Holds(p, i) {
				l.marks(held, p)[i] = true
				opened = true
			}
		}
	}
	return opened
}

// mark marks the values of a slice that are 0, and reports whether it marked any. With sparing
// it leaves out values that connect the unit with a dead one.
func (l *limits) mark(a *analysis, held nn.Held, slot nn.Slot, sparing bool) bool {
	p := slot.Param
	var other [][]bool // per axis: the positions that are alive; nil: all
	for axis, label := range p.Axes {
		var live []bool
		if n, _ := p.AxisLen(axis); sparing && axis != slot.Axis {
			live = l.alive(a, slot.Node, p, label)
			if len(live) != n {
				live = nil // a grouped convolution counts its inputs within a group
			}
		}
		other = append(other, live)
	}
	values, set, marked := p.Data(), held[p], false
	eachIn(p, slot, other, func(i int) {
		if values[i] != 0 || set != nil && set[i] {
			return
		}
		if !marked {
			set = l.marks(held, p)
		}
		set[i], marked = true, true
	})
	return marked
}

// alive lists the positions along an axis of a parameter whose units stay.
func (l *limits) alive(a *analysis, node int, p *nn.Param, label nn.Axis) []bool {
	var units []bool
	var part []int
	switch label {
	case nn.AxisOut:
		units, part = a.made[node], p.Makes
	case nn.AxisIn:
		units, part = a.needs[node][0], p.Reads
	}
	if part == nil {
		return units
	}
	out := make([]bool, len(part))
	for k, u := range part {
		out[k] = units[u]
	}
	return out
}

// eachIn calls f for the place of every value of a slice whose position is alive along each
// axis, in ascending order.
func eachIn(p *nn.Param, slot nn.Slot, live [][]bool, f func(i int)) {
	var visit func(axis, first int)
	visit = func(axis, first int) {
		if axis == len(live) {
			f(first)
			return
		}
		n, stride := p.AxisLen(axis)
		if axis == slot.Axis {
			visit(axis+1, first+slot.Index*stride)
			return
		}
		for j := range n {
			if live[axis] == nil || live[axis][j] {
				visit(axis+1, first+j*stride)
			}
		}
	}
	visit(0, 0)
}

// marks are the marks of a parameter, to be added to.
func (l *limits) marks(held nn.Held, p *nn.Param) []bool {
	l.marked[p] = true
	if held[p] == nil {
		held[p] = make([]bool, p.Size())
	}
	return held[p]
}

func countTrue(set []bool) (n int) {
	for _, v := range set {
		if v {
			n++
		}
	}
	return n
}
