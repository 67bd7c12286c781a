package nn

import "slices"

// UnitMap resolves which parameters belong to which unit, over the whole
// network: a residual sum ties channels of several convolutions into one unit,
// a flatten repeats each channel for every position.
type UnitMap struct {
	net    *Network
	values []Units // per node; the network's input last
	parent []int
}

// MapUnits follows the units through the network.
func MapUnits(net *Network) *UnitMap {
	m := &UnitMap{net: net, values: make([]Units, len(net.Nodes)+1)}
	m.values[len(net.Nodes)] = m.Fresh(net.Input.Units())
	for i, node := range net.Nodes {
		in := make([]Units, len(node.Inputs))
		for k, j := range node.Inputs {
			in[k] = m.value(j)
		}
		if mapper, ok := node.Layer.(UnitMapper); ok {
			m.values[i] = mapper.OutUnits(in, m)
		} else {
			m.values[i] = m.Fresh(node.Shape.Units())
		}
		if node.repeats {
			m.tieUses(i, net.byName[node.Tied])
		}
	}
	return m
}

// tieUses makes the units that two nodes of one layer make the same, and those that its
// parameters weigh.
func (m *UnitMap) tieUses(i, root int) {
	for k, u := range m.values[i] {
		m.Tie(u, m.values[root][k])
	}
	for _, p := range m.net.Nodes[root].Layer.Params() {
		axis := p.FindAxis(AxisIn)
		if axis < 0 {
			continue
		}
		in, first := m.value(m.net.Nodes[i].Inputs[0]), m.value(m.net.Nodes[root].Inputs[0])
		if n, _ := p.AxisLen(axis); n != len(in) && p.Reads == nil {
			continue
		}
		for k, u := range in {
			m.Tie(u, first[k])
		}
	}
}

func (m *UnitMap) value(i int) Units {
	if i < 0 {
		i = len(m.net.Nodes)
	}
	return m.values[i]
}

// Fresh implements UnitSpace.
func (m *UnitMap) Fresh(n int) Units {
	u := make(Units, n)
	for i := range u {
		u[i] = len(m.parent)
		m.parent = append(m.parent, u[i])
	}
	return u
}

// Tie implements UnitSpace.
func (m *UnitMap) Tie(a, b int) {
	a, b = m.Find(a), m.Find(b)
	if a != b {
		m.parent[max(a, b)] = min(a, b)
	}
}

// Find returns the representative of a unit's class.
func (m *UnitMap) Find(u int) int {
	for m.parent[u] != u {
		m.parent[u] = m.parent[m.parent[u]]
		u = m.parent[u]
	}
	return u
}

// Out returns the representatives of the units of a node's output.
func (m *UnitMap) Out(node int) Units { return m.resolve(m.value(node)) }

// In returns the representatives of the units of a node's first input.
func (m *UnitMap) In(node int) Units {
	inputs := m.net.Nodes[node].Inputs
	if len(inputs) == 0 {
		return nil
	}
	return m.resolve(m.value(inputs[0]))
}

func (m *UnitMap) resolve(u Units) Units {
	out := make(Units, len(u))
	for i, v := range u {
		out[i] = m.Find(v)
	}
	return out
}

// Slot is one slice of a parameter: position Index along axis Axis.
type Slot struct {
	Node  int
	Param *Param
	Axis  int
	Index int
}

// Reads reports whether the slice weighs the unit for others; else it computes
// the unit. A recurrent weight has two axes of the layer's own units: the last
// one is those it computes, the other one those it reads, one position earlier.
func (s Slot) Reads() bool {
	axes := s.Param.Axes
	switch axes[s.Axis] {
	case AxisIn:
		return true
	case AxisOut:
		return slices.Contains(axes[s.Axis+1:], AxisOut)
	}
	return false
}

// Along returns the representatives of the units along the axis of a parameter of a node; nil
// where the axis has none.
func (m *UnitMap) Along(node int, p *Param, label Axis) Units {
	var units Units
	var part []int
	switch label {
	case AxisOut:
		units, part = m.Out(node), p.Makes
	case AxisIn:
		units, part = m.In(node), p.Reads
	}
	if part == nil {
		return units
	}
	out := make(Units, len(part))
	for k, u := range part {
		out[k] = units[u]
	}
	return out
}

// Slots returns, for every unit class, the parameter slices that the unit
// indexes, in network order.
func (m *UnitMap) Slots() map[int][]Slot {
	slots := map[int][]Slot{}
	for i, node := range m.net.Nodes {
		for _, p := range node.Params() {
			for axis, label := range p.Axes {
				units := m.Along(i, p, label)
				// A grouped convolution's input axis counts within a group only.
				if n, _ := p.AxisLen(axis); n != len(units) {
					continue
				}
				for j, u := range units {
					slots[u] = append(slots[u], Slot{Node: i, Param: p, Axis: axis, Index: j})
				}
			}
		}
	}
	return slots
}
