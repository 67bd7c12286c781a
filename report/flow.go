package report

import (
	"strconv"
	"strings"

	"pare/nn"
)

// flow is the data flow of a network with chains of layers drawn as one box.
type flow struct {
	boxes []box // in topological order; the first is the input
	edges []edge
}

// box is a layer that multiplies or joins, with the layers fused behind it: a
// convolution with its normalisation and activation.
type box struct {
	name        string // of its first layer
	tip         string // all layers
	kinds       []string
	group       string // name of the block it is drawn in
	state       state
	replacement string // kind of the layer in place of the last one
	from, to    int    // units of its output
	positions   string // "32×32" for images
	heads       string // of attention: "4 → 2 heads"
}

// edge goes from one box to a later one.
type edge struct {
	from, to int
	alive    bool
	gate     string // value of the gate on it; "" for none
	tip      string // name of the gate
}

// newFlow compares a network with its pruned version.
func newFlow(before, after *nn.Network) flow {
	s := survive(before, after)
	units := before.Input.Units()
	f := flow{boxes: []box{{name: nn.InputName, tip: "input " + before.Input.String(), state: alive,
		from: units, to: units, positions: positions(before.Input)}}}
	boxOf := make([]int, len(before.Nodes))
	consumers := before.Consumers()
	var members [][]int
	gates := map[int]bool{} // nodes that are drawn as values on edges
	for i, node := range before.Nodes {
		if onEdge(consumers, node, i) && !gates[node.Inputs[0]] {
			gates[i], boxOf[i] = true, -1
			continue
		}
		if j, ok := chained(before, consumers, node); ok && !gates[j] {
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
	type key struct{ from, to, gate int }
	seen := map[key]int{}
	for i, node := range before.Nodes {
		if gates[i] {
			continue
		}
		for _, j := range node.Inputs {
			k, source := key{to: boxOf[i], gate: -1}, j
			if gates[j] {
				k.gate, source = j, before.Nodes[j].Inputs[0]
			}
			if source >= 0 {
				k.from = boxOf[source]
			}
			if k.from == k.to {
				continue
			}
			if _, ok := seen[k]; !ok {
				seen[k] = len(f.edges)
				e := edge{from: k.from, to: k.to}
				if k.gate >= 0 {
					e.gate, e.tip = gateText(s, j), before.Nodes[j].Name+" ("+before.Nodes[j].Layer.Kind()+")"
				}
				f.edges = append(f.edges, e)
			}
			e := &f.edges[seen[k]]
			e.alive = e.alive || s.edges[[2]int{j, i}]
		}
	}
	return f
}

// chained returns the node whose box a node belongs to: its only input, if nothing else
// reads that, both are in one block, and the node is not a product.
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
		left, ok := s.after.Lookup(node.Name)
		if ok {
			b.to = left.Shape.Units()
		}
		if h, is := node.Layer.(nn.Headed); is {
			b.heads = headText(h, left)
		}
		if s.states[i] != gone {
			b.replacement = s.replaced[i]
		}
	}
	b.tip = strings.Join(names, " → ")
	return b
}

// headText counts the heads of an attention layer before and after pruning; left is
// nil where the layer is gone.
func headText(before nn.Headed, left *nn.Node) string {
	from := strconv.Itoa(len(before.HeadUnits()))
	if left == nil {
		return from + " heads"
	}
	after, ok := left.Layer.(nn.Headed)
	if !ok {
		return from + " heads"
	}
	return arrow(from, strconv.Itoa(len(after.HeadUnits()))) + " heads"
}

// prefix is the name of the block a layer belongs to: its name up to the last dot.
func prefix(name string) string {
	return name[:max(0, strings.LastIndexByte(name, '.'))]
}

// positions writes the axes of a shape behind the units.
func positions(s nn.Shape) string { return s[1:].String() }
