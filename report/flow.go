package report

import (
	"strings"

	"pare/nn"
)

// flow is the data flow of a network with chains of layers drawn as one box.
type flow struct {
	boxes []box // in topological order; the first is the input
	edges []edge
}

// box is a layer that multiplies or joins, with what follows it: a convolution
// with its normalisation and activation.
type box struct {
	name        string // of its first layer
	tip         string // all layers
	kinds       []string
	group       string // name of the block it is drawn in
	state       state
	replacement string // kind of the layer in place of the last one
	from, to    int    // units of its output
	positions   string // "32×32" for images
}

// edge goes from one box to a later one.
type edge struct {
	from, to int
	alive    bool
}

// newFlow compares a network with what is left of it.
func newFlow(before, after *nn.Network) flow {
	s := survive(before, after)
	units := before.Input.Units()
	f := flow{boxes: []box{{name: nn.InputName, tip: "input " + before.Input.String(), state: alive,
		from: units, to: units, positions: positions(before.Input)}}}
	boxOf := make([]int, len(before.Nodes))
	consumers := before.Consumers()
	var members [][]int
	for i, node := range before.Nodes {
		if j, ok := chained(before, consumers, node); ok {
			boxOf[i] = boxOf[j]
			members[boxOf[i]-1] = append(members[boxOf[i]-1], i)
			continue
		}
		members = append(members, []int{i})
		boxOf[i] = len(members)
	}
	for _, m := range members {
		f.boxes = append(f.boxes, newBox(s, m))
	}
	seen := map[[2]int]int{}
	for i, node := range before.Nodes {
		for _, j := range node.Inputs {
			from := 0
			if j >= 0 {
				from = boxOf[j]
			}
			if from == boxOf[i] {
				continue
			}
			key := [2]int{from, boxOf[i]}
			if _, ok := seen[key]; !ok {
				seen[key] = len(f.edges)
				f.edges = append(f.edges, edge{from: from, to: boxOf[i]})
			}
			e := &f.edges[seen[key]]
			e.alive = e.alive || s.edges[[2]int{j, i}]
		}
	}
	return f
}

// chained returns the node whose box a node belongs to: the only one it reads,
// when nothing else does, both are of one block and it multiplies nothing.
func chained(net *nn.Network, consumers [][]int, node *nn.Node) (int, bool) {
	if len(node.Inputs) != 1 || node.Inputs[0] < 0 {
		return 0, false
	}
	j := node.Inputs[0]
	if len(consumers[j]) != 1 || prefix(net.Nodes[j].Name) != prefix(node.Name) {
		return 0, false
	}
	if l, ok := node.Layer.(nn.Coster); ok && l.MACs(net.InputShapes(node)) > 0 {
		return 0, false
	}
	return j, true
}

func newBox(s survival, members []int) box {
	first, last := s.before.Nodes[members[0]], s.before.Nodes[members[len(members)-1]]
	b := box{name: first.Name, group: prefix(first.Name), from: last.Shape.Units(), positions: positions(last.Shape)}
	var names []string
	for _, i := range members {
		node := s.before.Nodes[i]
		b.kinds = append(b.kinds, node.Layer.Kind())
		names = append(names, node.Name+" ("+node.Layer.Kind()+")")
		b.state = max(b.state, s.states[i])
		if left, ok := s.after.Lookup(node.Name); ok {
			b.to = left.Shape.Units()
		}
		if s.states[i] != gone {
			b.replacement = s.replaced[i]
		}
	}
	b.tip = strings.Join(names, " → ")
	return b
}

// prefix is the name of the block a layer belongs to: what stands before the
// last dot.
func prefix(name string) string {
	return name[:max(0, strings.LastIndexByte(name, '.'))]
}

// positions writes the axes of a shape behind the units.
func positions(s nn.Shape) string { return s[1:].String() }
