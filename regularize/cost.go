package regularize

import "pare/nn"

// perWeight is what one value of a node's weights has of its
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

// share is what a slice of a weight has of its node's multiply-accumulates.
func (t *topology) share(s nn.Slot) float64 {
	n, _ := s.Param.AxisLen(s.Axis)
	return t.perWeight(s.Node) * float64(s.Param.Size()/n)
}

// unitMACs counts the multiply-accumulates that disappear with a unit: its share
// of the layers that compute it and of those that read it. What a recurrent layer
// has of the unit in both is counted once.
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

// pathMACs counts the layers that reach the network's output only through the
// node: what a closed gate switches off.
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
