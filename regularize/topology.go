package regularize

import "pare/nn"

// topology answers the questions of the targets about a network. It does not depend on
// layer kinds: it uses the layers' own unit maps.
type topology struct {
	net   *nn.Network
	units *nn.UnitMap
	slots map[int][]nn.Slot
	out   map[int]bool  // unit classes of the network's output
	makes map[int][]int // unit class → nodes whose weights make it
	macs  []float64     // multiply-accumulates of each node
}

func newTopology(net *nn.Network) *topology {
	t := &topology{net: net, units: nn.MapUnits(net), out: map[int]bool{}, makes: map[int][]int{}}
	t.slots = t.units.Slots()
	for _, u := range t.units.Out(len(net.Nodes) - 1) {
		t.out[u] = true
	}
	for i, node := range net.Nodes {
		t.macs = append(t.macs, float64(net.CountNode(node).MACs))
		first := t.weight(i, nn.AxisOut)
		if first == nil || !t.flow(i).fresh {
			continue
		}
		for _, p := range node.Layer.Params() {
			if p != first && (p.Makes == nil || p.Role != nn.RoleWeight) {
				continue
			}
			for _, u := range t.units.Along(i, p, nn.AxisOut) {
				t.makes[u] = append(t.makes[u], i)
			}
		}
	}
	return t
}

func (t *topology) name(node int) string { return t.net.Nodes[node].Name }

func (t *topology) names(nodes []int) []string {
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = t.name(n)
	}
	return out
}

// weight returns the first weight of a node with an axis of that label, or nil.
func (t *topology) weight(node int, label nn.Axis) *nn.Param {
	for _, p := range t.net.Nodes[node].Layer.Params() {
		if p.Role == nn.RoleWeight && p.FindAxis(label) >= 0 {
			return p
		}
	}
	return nil
}

// convolves reports whether a node is a convolution: a weight with two axes
// besides its channels.
func (t *topology) convolves(node int) bool {
	p := t.weight(node, nn.AxisOut)
	return p != nil && len(p.Axes) == 4
}

// flow describes how the units of a layer's output relate to the units of its inputs.
type flow struct {
	fresh   bool // the layer makes new units
	same    bool // its output has the units of its only input, in order
	joins   bool // its output has the units of two or more inputs, one after another
	ties    bool // it makes units of two or more inputs the same
	repeats bool // its output has a unit more than once: a flatten
}

// flow lets the layer map units that are all different.
func (t *topology) flow(node int) flow {
	n := t.net.Nodes[node]
	mapper, ok := n.Layer.(nn.UnitMapper)
	if !ok {
		return flow{fresh: true}
	}
	space := &probe{}
	var in []nn.Units
	for _, s := range t.net.InputShapes(n) {
		in = append(in, space.Fresh(s.Units()))
	}
	given := space.next
	out := mapper.OutUnits(in, space)
	if space.next > given {
		return flow{fresh: true}
	}
	inOrder := len(out) == given && !space.tied
	seen := make([]bool, given)
	var f flow
	for i, u := range out {
		inOrder = inOrder && u == i
		f.repeats = f.repeats || seen[u]
		seen[u] = true
	}
	f.same, f.joins = inOrder && len(in) == 1, inOrder && len(in) > 1
	f.ties = space.tied && len(in) > 1
	return f
}

// probe is a unit space that notes whether units were tied.
type probe struct {
	next int
	tied bool
}

func (p *probe) Fresh(n int) nn.Units {
	u := make(nn.Units, n)
	for i := range u {
		u[i] = p.next
		p.next++
	}
	return u
}

func (p *probe) Tie(a, b int) { p.tied = p.tied || a != b }

// source returns the value that a node's first input comes from, with the layers
// that leave every unit in its place skipped; −1 is the network's input.
func (t *topology) source(node int) int {
	i := t.net.Nodes[node].Inputs[0]
	for i >= 0 && t.flow(i).same {
		i = t.net.Nodes[i].Inputs[0]
	}
	return i
}

// readsInput reports whether the value is the network's input or its units
// rearranged, with no weights in between.
func (t *topology) readsInput(value int) bool {
	for value >= 0 {
		if len(t.net.Nodes[value].Inputs) != 1 || t.flow(value).fresh {
			return false
		}
		value = t.source(value)
	}
	return true
}

// perWeight is the share of one value of a node's weights in the node's
// multiply-accumulates.
func (t *topology) perWeight(node int) float64 {
	values := 0
	for _, p := range t.net.Nodes[node].Layer.Params() {
		if p.Role == nn.RoleWeight {
			values += p.Size()
		}
	}
	return t.macs[node] / float64(max(values, 1))
}

// share is the share of a slice of a weight in its node's multiply-accumulates.
func (t *topology) share(s nn.Slot) float64 {
	n, _ := s.Param.AxisLen(s.Axis)
	return t.perWeight(s.Node) * float64(s.Param.Size()/n)
}

// unitMACs counts the multiply-accumulates that disappear with a unit: its share
// of the layers that compute it and of those that read it. The weights of a recurrent
// layer that do both are counted once.
func (t *topology) unitMACs(unit int) float64 {
	sum := 0.0
	for i, s := range t.slots[unit] {
		if s.Param.Role != nn.RoleWeight {
			continue
		}
		sum += t.share(s)
		for _, o := range t.slots[unit][:i] {
			if o.Param == s.Param && o.Axis != s.Axis {
				n, _ := o.Param.AxisLen(o.Axis)
				sum -= t.share(s) / float64(n)
			}
		}
	}
	return sum
}

// pathMACs counts the multiply-accumulates of the layers that reach the network's
// output only through the node: those that a closed gate switches off.
func (t *topology) pathMACs(gate int) float64 {
	var mark func(node int, seen []bool, skip int)
	mark = func(node int, seen []bool, skip int) {
		if node < 0 || node == skip || seen[node] {
			return
		}
		seen[node] = true
		for _, in := range t.net.Nodes[node].Inputs {
			mark(in, seen, skip)
		}
	}
	behind, others := make([]bool, len(t.net.Nodes)), make([]bool, len(t.net.Nodes))
	mark(gate, behind, -1)
	mark(len(t.net.Nodes)-1, others, gate)
	sum := 0.0
	for i := range behind {
		if behind[i] && !others[i] {
			sum += t.macs[i]
		}
	}
	return sum
}
