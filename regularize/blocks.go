package regularize

import (
	"fmt"

	"pare/nn"
)

var blocks = Target{Name: "blocks", Doc: "every residual branch, from where it forks to its sum", Members: []string{"norm", "out"},
	groups: func(t *topology, members string) ([]*group, error) { return t.blockGroups(members), nil }}

// blockGroups makes one group of every residual branch: an operand of a sum with the layers
// that nothing but this operand reads, back to where it forks from the rest. The operand of
// a sum with the fewest layers that have weights (the first of several) is the stream to
// which the others are added. It is not a block, whether it is the identity or a
// projection.
//
// The values of the group make the branch 0: scale and shift of the normalisation that
// closes it, or, when weights follow the last normalisation, the weights and biases that
// compute its output. With members out they are every weight, bias, scale and shift of the
// branch. A gate on the branch does not belong to the group; gates are a target of their
// own.
func (t *topology) blockGroups(members string) []*group {
	readers := t.readers()
	var groups []*group
	for i, node := range t.net.Nodes {
		if !t.sums(i) {
			continue
		}
		branches := make([][]int, len(node.Inputs))
		main := 0
		for k, value := range node.Inputs {
			branches[k] = t.branch(readers, i, value)
			if t.weighted(branches[k]) < t.weighted(branches[main]) {
				main = k
			}
		}
		for k, branch := range branches {
			if k == main || t.weighted(branch) == 0 {
				continue
			}
			g := &group{label: fmt.Sprintf("block %s of %s", t.name(node.Inputs[k]), node.Name),
				layers: append([]string{node.Name}, t.names(branch)...)}
			closing := branch
			if members != "out" {
				closing = t.closing(branch)
			}
			if members == "norm" && !t.normalises(closing) {
				continue
			}
			for _, n := range closing {
				g.slots = append(g.slots, t.whole(n)...)
			}
			for _, n := range branch {
				g.macs += t.macs[n]
			}
			groups = append(groups, g)
		}
	}
	return groups
}

// sums reports whether a node adds the units that it ties: in a sum an operand counts
// though the others are 0, in a product it does not.
func (t *topology) sums(node int) bool {
	n := t.net.Nodes[node]
	layer, ok := n.Layer.(nn.Pruner)
	if !ok || !t.flow(node).ties {
		return false
	}
	output := func(first float32) nn.Known {
		var in []nn.Known
		for k, s := range t.net.InputShapes(n) {
			known := nn.Unknown(s.Units())
			for u := range s.Units() {
				known.Set(u, 0)
				if k == 0 {
					known.Set(u, first)
				}
			}
			in = append(in, known)
		}
		return layer.Constants(in)
	}
	zero, one := output(0), output(1)
	for u := range zero.Const {
		if zero.Const[u] && one.Const[u] && zero.Value[u] != one.Value[u] {
			return true
		}
	}
	return false
}

// readers lists the nodes that read each node; a node that reads it twice is listed twice.
func (t *topology) readers() [][]int {
	out := make([][]int, len(t.net.Nodes))
	for i, node := range t.net.Nodes {
		for _, in := range node.Inputs {
			if in >= 0 {
				out[in] = append(out[in], i)
			}
		}
	}
	return out
}

// branch lists the nodes that reach the rest of the network only through a value
// that a sum reads, from the last to the first; none when others read it too.
func (t *topology) branch(readers [][]int, sum, value int) []int {
	if value < 0 || len(readers[value]) != 1 {
		return nil
	}
	in := map[int]bool{value: true}
	out := []int{value}
	for n := value - 1; n >= 0; n-- {
		inside := len(readers[n]) > 0
		for _, r := range readers[n] {
			inside = inside && in[r]
		}
		if inside {
			in[n] = true
			out = append(out, n)
		}
	}
	return out
}

// weighted counts the nodes that have weights.
func (t *topology) weighted(nodes []int) int {
	count := 0
	for _, n := range nodes {
		if t.weight(n, nn.AxisOut) != nil {
			count++
		}
	}
	return count
}

// closing is the last node of a branch, from its end, whose parameters decide
// whether the branch is 0; all of the branch when the way to it forks.
func (t *topology) closing(branch []int) []int {
	for n := branch[0]; n >= 0; n = t.net.Nodes[n].Inputs[0] {
		if len(t.whole(n)) > 0 {
			return []int{n}
		}
		if len(t.net.Nodes[n].Inputs) != 1 {
			break
		}
	}
	return branch
}

// normalises reports whether the nodes are one normalisation.
func (t *topology) normalises(nodes []int) bool {
	if len(nodes) != 1 {
		return false
	}
	for _, p := range t.net.Nodes[nodes[0]].Layer.Params() {
		if p.Role == nn.RoleScale {
			return true
		}
	}
	return false
}

// whole lists every slice of the parameters of a node, except gates and buffers.
func (t *topology) whole(node int) []nn.Slot {
	var out []nn.Slot
	for _, p := range t.net.Nodes[node].Params() {
		if !p.Trainable() || p.Role == nn.RoleGate {
			continue
		}
		n, _ := p.AxisLen(0)
		for i := range n {
			out = append(out, nn.Slot{Node: node, Param: p, Axis: 0, Index: i})
		}
	}
	return out
}
