package prune

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"pare/nn"
)

// trial is a network of which a number of units are zeroed, and the network that a removal
// would leave.
type trial struct {
	net    *nn.Network
	list   []candidate // in the order in which they go
	limits *limits     // nil: none
	shares bool        // layers have budgets of their own, so that their other units are not in the list
	values map[*nn.Param][]float32
	slices map[slicing]map[int]int // the candidates by their slices

	step func(done, total int64) error // called after each trial of a search

	gone     []bool    // candidates that are zeroed
	plain    *analysis // with the units at zero; nil: none yet
	analysis *analysis // the same with the marks of the limits
	held     nn.Held
	limited  []Limited // layers that keep units of the zeroed ones
}

// slicing is an axis of a parameter.
type slicing struct {
	param *nn.Param
	axis  int
}

func newTrial(net *nn.Network, list []candidate, keep Keep, round int) (*trial, error) {
	t := &trial{net: net, list: list, gone: make([]bool, len(list)), values: map[*nn.Param][]float32{}, slices: map[slicing]map[int]int{}}
	for k, c := range list {
		for _, slot := range c.slots {
			at := slicing{slot.Param, slot.Axis}
			if t.slices[at] == nil {
				t.slices[at] = map[int]int{}
			}
			t.slices[at][slot.Index] = k
			if t.values[slot.Param] == nil {
				t.values[slot.Param] = slices.Clone(slot.Param.Data())
			}
		}
	}
	var err error
	if t.limits, err = newLimits(net, keep, round); err != nil || t.limits == nil {
		return t, err
	}
	order := map[int]int{}
	for k, c := range list {
		order[c.unit] = k
	}
	t.limits.rank = func(unit int) float64 {
		if k, ok := order[unit]; ok {
			return float64(k)
		}
		return math.Inf(-1)
	}
	return t, nil
}

// restore puts all values back.
func (t *trial) restore() { t.clear(make([]bool, len(t.list))) }

// zero zeroes the first candidates of the list, except those that the limits keep.
func (t *trial) zero(ctx context.Context, n int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	gone := make([]bool, len(t.list))
	for k := range n {
		gone[k] = true
	}
	t.clear(gone)
	t.held, t.limited, t.analysis = nil, nil, t.plain
	if t.limits == nil {
		return nil
	}
	before := t.plain
	for {
		t.held = nn.Held{}
		var limited []Limited
		var err error
		if t.analysis, limited, err = t.limits.analyse(ctx, t.plain, t.held); err != nil {
			return err
		}
		t.limited = merged(t.limited, limited)
		// A unit that stays keeps its values too, which may keep other units.
		kept := false
		for k, c := range t.list {
			if gone[k] && t.made(c) {
				gone[k], kept = false, true
			}
		}
		if !kept {
			break
		}
		t.clear(gone)
	}
	for i, l := range t.limited {
		node := slices.IndexFunc(t.net.Nodes, func(n *nn.Node) bool { return n.Name == l.Layer })
		t.limited[i].Units = countTrue(t.analysis.made[node]) - countTrue(before.made[node])
	}
	// A layer that was short before others got their values back may have lost nothing in the end.
	t.limited = slices.DeleteFunc(t.limited, func(l Limited) bool { return l.Units < 1 })
	return nil
}

// closed reports whether no input changes the output.
func (t *trial) closed() bool { return t.analysis.allConstant(len(t.net.Nodes) - 1) }

// made reports whether a layer still computes the unit.
func (t *trial) made(c candidate) bool {
	for _, slot := range c.slots {
		if slot.Param.Role == nn.RoleWeight && !slot.Reads() {
			units := t.limits.alive(t.analysis, slot.Node, slot.Param, slot.Param.Axes[slot.Axis])
			if units[slot.Index] {
				return true
			}
		}
	}
	return false
}

// merged adds the layers of more that a list lacks.
func merged(list, more []Limited) []Limited {
	for _, l := range more {
		if !slices.ContainsFunc(list, func(m Limited) bool { return m.Layer == l.Layer }) {
			list = append(list, l)
		}
	}
	return list
}

// clear zeroes the candidates that are gone, gives the others their values, and analyses the
// network. Only parameters are written to of which other slices are gone than before.
func (t *trial) clear(gone []bool) {
	changed := map[*nn.Param]bool{}
	for at, places := range t.slices {
		for _, k := range places {
			if gone[k] != t.gone[k] {
				changed[at.param] = true
				break
			}
		}
	}
	copy(t.gone, gone)
	for p := range changed {
		copy(p.Data(), t.values[p])
	}
	for at, places := range t.slices {
		if changed[at.param] {
			at.clear(places, gone)
		}
	}
	if t.plain == nil {
		t.plain = analyse(t.net)
	} else if len(changed) > 0 {
		t.plain = t.plain.after(changed)
	}
}

// clear zeroes the slices whose candidates are gone; places gives the candidates.
func (s slicing) clear(places map[int]int, gone []bool) {
	var zero []int
	for i, k := range places {
		if gone[k] {
			zero = append(zero, i)
		}
	}
	if len(zero) == 0 {
		return
	}
	slices.Sort(zero)
	n, stride := s.param.AxisLen(s.axis)
	values := s.param.Data()
	for first := 0; first < len(values); first += n * stride {
		row := values[first : first+n*stride]
		for _, i := range zero {
			clear(row[i*stride : (i+1)*stride])
		}
	}
}

// smaller is the network that a removal would leave. Its values are copied when they are read.
func (t *trial) smaller() (*nn.Network, error) { return t.analysis.rewriteHeld(t.held) }

// sizes counts the parameters and multiply-accumulates that a removal would leave.
func (t *trial) sizes() (nn.Counts, error) {
	small, err := t.smaller()
	if err != nil {
		return nn.Counts{}, err
	}
	return small.Sizes(), nil
}

// unmet is the error of a budget that the network exceeds with all candidates gone, with the
// options in the way.
func (t *trial) unmet(excess string) error {
	if len(t.limited) == 0 && !t.shares {
		return fmt.Errorf("the budget cannot be met: with one unit left in every layer, %s", excess)
	}
	by := map[string]string{} // option, its layer of the most units
	units := map[string]int{}
	for _, l := range t.limited {
		if l.Units > units[l.By] || by[l.By] == "" {
			by[l.By], units[l.By] = l.Layer, l.Units
		}
	}
	var ways []string
	if t.shares {
		ways = append(ways, "the budgets of layers")
	}
	for _, option := range slices.Sorted(maps.Keys(by)) {
		ways = append(ways, fmt.Sprintf("%s, which keeps %d more units of layer %s", option, units[option], by[option]))
	}
	return fmt.Errorf("the budget cannot be met: with all units gone that may go, %s; loosen %s", excess, strings.Join(ways, ", or "))
}
