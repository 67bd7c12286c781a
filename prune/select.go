package prune

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"pare/nn"
)

// Selection zeroes whole units until the network meets a budget: the baselines
// that papers compare with. Prune then removes them.
type Selection struct {
	Method string  // "magnitude" or "random"
	Scope  string  // "global": the lowest scores of the network; "layer": the same share of each layer; "" means global
	MACs   float64 // share of the multiply-accumulates to keep, in (0, 1]; 0: no such budget
	Params float64 // share of the parameters to keep, in (0, 1]; 0: no such budget
	Seed   uint64  // of random scores
}

// Methods lists the selection methods with a line about each.
func Methods() [][2]string {
	return [][2]string{
		{"zeros", "removes the units that training drove to exactly zero"},
		{"magnitude", "zeroes the units of smallest weight norm up to a budget (Li et al. 2017), then removes them"},
		{"random", "zeroes random units up to a budget, then removes them"},
		{"none", "keeps the network whole"},
	}
}

// Validate reports options that make no sense.
func (s Selection) Validate() error {
	if s.Method != "magnitude" && s.Method != "random" {
		return fmt.Errorf("selection method %q is not magnitude or random", s.Method)
	}
	if s.Scope != "" && s.Scope != "global" && s.Scope != "layer" {
		return fmt.Errorf("selection scope %q is not global or layer", s.Scope)
	}
	for name, v := range map[string]float64{"macs": s.MACs, "params": s.Params} {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("budget %s is %g, it must be above 0 and at most 1", name, v)
		}
	}
	if (s.MACs == 0) == (s.Params == 0) {
		return fmt.Errorf("method %s needs exactly one budget: either macs or params", s.Method)
	}
	return nil
}

// candidate is a unit that may go, with all it would take along.
type candidate struct {
	layer int // node that makes it
	slots []nn.Slot
	score float64
}

// Zero sets the parameters of the selected units to 0, in place. Every layer
// keeps at least one unit. A budget that this cannot meet is an error, and then
// the network is unchanged.
func (s Selection) Zero(net *nn.Network) error {
	if err := s.Validate(); err != nil {
		return err
	}
	candidates := s.candidates(net)
	full := net.Count()
	share := func(removed int) (float64, error) {
		trial, err := s.trial(net, candidates[:removed])
		if err != nil {
			return 0, err
		}
		c := trial.Count()
		if s.MACs > 0 {
			return float64(c.MACs) / float64(full.MACs) / s.MACs, nil
		}
		return float64(c.Params) / float64(full.Params) / s.Params, nil
	}
	// The share falls with every unit removed: find the fewest that meet it.
	lo, hi := 0, len(candidates)
	least, err := share(hi)
	if err != nil {
		return err
	}
	if least > 1 {
		return fmt.Errorf("the budget cannot be met: with one unit left in every layer, the network still has %.3g times the budget", least)
	}
	for lo < hi {
		mid := (lo + hi) / 2
		v, err := share(mid)
		if err != nil {
			return err
		}
		if v <= 1 {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	for _, c := range candidates[:lo] {
		zero(c.slots)
	}
	return nil
}

// trial returns the network without the given units.
func (s Selection) trial(net *nn.Network, gone []candidate) (*nn.Network, error) {
	clone, err := net.Clone()
	if err != nil {
		return nil, err
	}
	twin := map[*nn.Param]*nn.Param{}
	params := clone.Params()
	for i, p := range net.Params() {
		twin[p.Param] = params[i].Param
	}
	for _, c := range gone {
		for _, slot := range c.slots {
			slot.Param = twin[slot.Param]
			zero([]nn.Slot{slot})
		}
	}
	return analyse(clone).rewrite()
}

// candidates lists the units in the order in which they go; the last unit of
// each layer is not among them.
func (s Selection) candidates(net *nn.Network) []candidate {
	units := nn.MapUnits(net)
	live := analyse(net).made // units that are dead already are not worth choosing
	fixed := map[int]bool{}
	for _, u := range units.Out(len(net.Nodes) - 1) {
		fixed[u] = true
	}
	rng := rand.New(rand.NewPCG(s.Seed, 0x73656c))
	layers := map[int][]candidate{}
	slots := units.Slots()
	ids := make([]int, 0, len(slots))
	for u := range slots {
		ids = append(ids, u)
	}
	slices.Sort(ids)
	for _, u := range ids {
		if fixed[u] {
			continue
		}
		c := candidate{layer: -1}
		makers := 0.0
		for _, slot := range slots[u] {
			if slot.Param.Axes[slot.Axis] != nn.AxisOut || !slot.Param.Trainable() {
				continue
			}
			c.slots = append(c.slots, slot)
			if slot.Param.Role == nn.RoleWeight && !slot.Reads() && live[slot.Node][slot.Index] {
				if c.layer < 0 {
					c.layer = slot.Node
				}
				c.score += relativeNorm(slot)
				makers++
			}
		}
		if c.layer < 0 {
			continue
		}
		c.score /= makers
		if s.Method == "random" {
			c.score = rng.Float64()
		}
		layers[c.layer] = append(layers[c.layer], c)
	}
	return s.order(layers)
}

func (s Selection) order(layers map[int][]candidate) []candidate {
	var all []candidate
	for _, list := range layers {
		slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(a.score, b.score) })
		if s.Scope == "layer" {
			for i := range list {
				list[i].score = float64(i+1) / float64(len(list))
			}
		}
		all = append(all, list[:len(list)-1]...)
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.layer, b.layer), cmp.Compare(a.slots[0].Index, b.slots[0].Index))
	})
	return all
}

// relativeNorm is the norm of a slice over the mean of its siblings', so that
// layers of different fan-in compare.
func relativeNorm(slot nn.Slot) float64 {
	n, stride := slot.Param.AxisLen(slot.Axis)
	squares := make([]float64, n)
	for i, v := range slot.Param.Data() {
		squares[i/stride%n] += float64(v) * float64(v)
	}
	mean := 0.0
	for _, q := range squares {
		mean += math.Sqrt(q) / float64(n)
	}
	if mean == 0 {
		return 0
	}
	return math.Sqrt(squares[slot.Index]) / mean
}

func zero(slots []nn.Slot) {
	for _, slot := range slots {
		n, stride := slot.Param.AxisLen(slot.Axis)
		d := slot.Param.Data()
		for i := slot.Index * stride; i < len(d); i += n * stride {
			clear(d[i : i+stride])
		}
	}
}
