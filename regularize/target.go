package regularize

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"pare/internal/option"
	"pare/internal/suggest"
	"pare/nn"
)

// Target is a sort of groups that a Spec names under "on".
type Target struct {
	Name string // in a Spec: "channels"
	Doc  string // a line for lists
	// Members are the values of Spec.Members that choose between the parameters of
	// a unit, besides auto; nil: there is no choice.
	Members []string

	// single refuses, in a format with the kind, penalties that are not Elementwise: each
	// group is one value. "": any penalty will do.
	single string
	// restrict changes the penalty; nil: it acts unchanged.
	restrict func(Penalty) Penalty
	// groups lists all groups of a network; nil: parts finds the values.
	groups func(t *topology, members string) ([]*group, error)
	// parts finds and lays out the values that a Spec penalises; nil: findGroups and
	// layOut.
	parts func(f *finder, t *topology, s Spec, pen Penalty) ([]part, error)
	// layOut lays the groups out in the parameters; nil: assemble.
	layOut func(t *topology, pen Penalty, groups []*group, scales []float64, partial bool) ([]part, error)
	// derived: another target has the same groups, so lists of the groups of a network
	// leave this one out.
	derived bool
}

// Targets lists all targets. The units of the network's output are in no group.
var Targets = []*Target{&weights, &channels, &neurons, &branches, &blocks, &heads, &gates, &paths,
	&inputFeatures, &positions, &recurrentUnits, &activations}

// TargetNames are the names of the Targets.
func TargetNames() []string {
	out := make([]string, len(Targets))
	for i, t := range Targets {
		out[i] = t.Name
	}
	return out
}

func target(name string) (*Target, error) {
	if i := slices.Index(TargetNames(), name); i >= 0 {
		return Targets[i], nil
	}
	hint := "it is " + option.OneOf(TargetNames())
	if near := suggest.Nearest(name, TargetNames()); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return nil, fmt.Errorf("on: unknown value %q; %s", name, hint)
}

// has reports whether the target has one of the options that not all targets have; members
// is the value of that option.
func (t *Target) has(option, members string) bool {
	onParameters := t != &activations
	switch option {
	case "revive":
		return !onParameters
	case "weights":
		return t == &inputFeatures
	case "members":
		return onParameters && (members == "auto" || slices.Contains(t.Members, members))
	}
	return onParameters
}

// accepts refuses penalties that do not suit the groups; nil stands for one not made yet.
func (t *Target) accepts(k Kind) error {
	p, onParameters := k.(Penalty)
	switch {
	case k == nil:
		return nil
	case t == &activations:
		if _, ok := k.(ActivationPenalty); !ok {
			return fmt.Errorf("type: %s is no penalty of activations; use %s", k.Kind(), option.OneOf(OnActivations()))
		}
	case !onParameters:
		return fmt.Errorf("type: %s is a penalty of activations, not of %s; use on: activations", k.Kind(), t.Name)
	case t.single != "" && !isElementwise(p):
		return fmt.Errorf("on: "+t.single, k.Kind())
	}
	return nil
}

// group is a penalised set of values before it is laid out for speed.
type group struct {
	label  string    // for messages: "channel 3 of conv1"
	of     string    // the variable of the input whose readers it has; "": none has a name
	layers []string  // the layers by which a Spec chooses it
	slots  []nn.Slot // parameter slices
	macs   float64   // multiply-accumulates that go with it
}

// add puts slots into the group, and the layers, each once.
func (g *group) add(slots []nn.Slot, layers []string) {
	g.slots = append(g.slots, slots...)
	for _, l := range layers {
		if !slices.Contains(g.layers, l) {
			g.layers = append(g.layers, l)
		}
	}
}

// names lists all names that a factor may match: the layers, the layers of the members,
// their parameters and the variable.
func (g *group) names(net *nn.Network) []string {
	names := slices.Clone(g.layers)
	for _, s := range g.slots {
		layer := net.Nodes[s.Node].Name
		for _, n := range []string{layer, layer + "." + s.Param.Name} {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	if g.of != "" {
		names = append(names, g.of)
	}
	return names
}

// size is the number of values in the group.
func (g *group) size() int {
	sum := 0
	for i, s := range g.slots {
		n, _ := s.Param.AxisLen(s.Axis)
		sum += s.Param.Size() / n
		for _, o := range g.slots[:i] { // a row and a column share values
			if o.Param == s.Param && o.Axis != s.Axis {
				m, _ := o.Param.AxisLen(o.Axis)
				sum -= s.Param.Size() / (n * m)
			}
		}
	}
	return sum
}

// finder looks for the values that a Spec penalises.
type finder struct {
	// price is the weight of a multiply-accumulate under scale macs; 0: it is set so that
	// the mean over the term is 1.
	price  float64
	priced int // groups that have a price
	// partial: the network is the rest of another one, so patterns may match
	// nothing.
	partial bool
}

// findParts finds the values that a Spec penalises in the network and lays them out.
func (f *finder) findParts(net *nn.Network, s Spec, pen Penalty) ([]part, error) {
	t := newTopology(net)
	on, err := target(s.On)
	if err != nil {
		return nil, err
	}
	if on.parts != nil {
		return on.parts(f, t, s, pen)
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
		if g.of != "" {
			factors.variables = true
			factors.see([]string{g.of})
		}
		factor, err := factors.find(g.label, g.names(net))
		if err != nil {
			return nil, err
		}
		if own, weighted := s.Variables[g.of]; weighted {
			factor *= own
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
	case on.layOut != nil:
		return on.layOut(t, pen, kept, weights, f.partial)
	}
	return assemble(pen, kept, weights)
}

// findGroups lists the groups that a Spec chooses, in network order.
func (f *finder) findGroups(t *topology, s Spec) ([]*group, error) {
	on, err := target(s.On)
	if err != nil {
		return nil, err
	}
	all, err := on.groups(t, s.Members)
	if err != nil {
		return nil, err
	}
	noun := s.On
	if s.Members != "" && s.Members != "auto" {
		noun = fmt.Sprintf("%s with members: %s", s.On, s.Members)
	}
	c := newChooser(s.Layers)
	var chosen []*group
	for _, g := range all {
		if c.take(g.layers) {
			chosen = append(chosen, g)
		}
	}
	switch {
	case f.partial:
		return chosen, nil
	case len(all) == 0:
		return nil, t.lacks(noun)
	}
	return chosen, c.check(noun)
}

// lacks is the error for a target that has no groups in the network: it names the targets
// that have.
func (t *topology) lacks(noun string) error {
	var has []string
	for _, on := range Targets {
		if !on.derived && t.has(on) {
			has = append(has, on.Name)
		}
	}
	return fmt.Errorf("on: the network has no %s; it has %s", noun, strings.Join(has, ", "))
}

// has reports whether the network has groups of a target.
func (t *topology) has(on *Target) bool {
	switch {
	case on.groups != nil:
		groups, err := on.groups(t, "")
		return err != nil || len(groups) > 0
	case on.parts != nil:
		parts, err := on.parts(&finder{}, t, Spec{On: on.Name}, L1{})
		return err == nil && len(parts) > 0
	}
	return false
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
	price := f.priceOf(len(groups), total)
	for i, g := range groups {
		out[i] = g.macs * price
	}
	return out
}

// priceOf is the weight of a multiply-accumulate for the given number of groups, which have
// macs of them in all.
func (f *finder) priceOf(groups int, macs float64) float64 {
	f.priced = groups
	if f.price == 0 {
		f.price = float64(groups) / macs
	}
	return f.price
}

// assemble lays the groups out as sets that share no parameter, the groups of each
// numbered in network order. Groups that overlap are an error.
func assemble(pen Penalty, groups []*group, scale []float64) ([]part, error) {
	var order []*block
	byParam := map[*nn.Param]*block{}
	first := map[*block]int{} // the first group of each
	root := make([]int, len(groups))
	for g := range root {
		root[g] = g
	}
	find := func(g int) int { // union-find: groups that share parameters
		for root[g] != g {
			root[g] = root[root[g]]
			g = root[g]
		}
		return g
	}
	for g, group := range groups {
		for _, s := range group.slots {
			b := byParam[s.Param]
			if b == nil {
				b = newBlock(s, -1)
				byParam[s.Param], first[b] = b, g
				order = append(order, b)
			}
			owner := int(b.group[s.Index])
			if b.axis != s.Axis { // rows and columns cross
				owner = first[b]
			}
			if owner >= 0 {
				return nil, overlap(groups[owner].label, group.label, "values of "+s.Param.Name)
			}
			b.group[s.Index] = int32(g)
			root[find(g)] = find(first[b])
		}
	}
	number := make([]int32, len(groups)) // of each group in its set
	scales, sets := map[int][]float64{}, map[int][]*block{}
	for g := range groups {
		set := find(g)
		number[g] = int32(len(scales[set]))
		scales[set] = append(scales[set], scale[g])
	}
	var roots []int
	for _, b := range order {
		set := find(first[b])
		if sets[set] == nil {
			roots = append(roots, set)
		}
		sets[set] = append(sets[set], b)
		for i, g := range b.group {
			b.group[i] = int32(len(scales[set]))
			if g >= 0 {
				b.group[i] = number[g]
			}
		}
	}
	var parts []part
	for _, set := range roots {
		parts = append(parts, newGroupSet(pen, sets[set], scales[set]))
	}
	return parts, nil
}

func overlap(a, b, shared string) error {
	return fmt.Errorf("groups %q and %q share %s; a value may be in one group of a penalty only, "+
		"so choose other layers or members", a, b, shared)
}
