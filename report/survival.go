package report

import "pare/nn"

// state reports whether a layer or a box is whole, smaller or gone.
type state int

const (
	gone     state = iota
	through        // passes its input through: a sum of one operand
	constant       // another layer stands in its place
	alive
)

// survival holds the state of each node and each edge of a network after pruning.
type survival struct {
	before, after *nn.Network
	states        []state
	edges         map[[2]int]bool // {producer, reader}; the input is −1
	replaced      map[int]string  // kind of the layer in place of a constant one
}

// survive compares the networks by the names of their layers. A surviving edge
// that skips layers of the network before goes through those that became the
// identity and were dropped: they pass it on.
func survive(before, after *nn.Network) survival {
	s := survival{before: before, after: after, states: make([]state, len(before.Nodes)), edges: map[[2]int]bool{},
		replaced: map[int]string{}}
	index := map[string]int{}
	for i, node := range before.Nodes {
		index[node.Name] = i
		if left, ok := after.Lookup(node.Name); ok {
			s.states[i] = alive
			if kind := left.Layer.Kind(); kind != node.Layer.Kind() {
				s.states[i], s.replaced[i] = constant, kind
			}
		}
	}
	for _, node := range after.Nodes {
		i, ok := index[node.Name]
		if !ok {
			continue
		}
		for k, j := range node.Inputs {
			found := false
			for _, source := range s.sources(index, j) {
				found = s.mark(source, i) || found
			}
			if old := before.Nodes[i].Inputs; !found && j >= 0 && len(old) == len(node.Inputs) {
				s.stand(old[k], i, after.Nodes[j].Layer.Kind())
			}
		}
	}
	return s
}

// sources returns the nodes of the network before that a value of the network
// after comes from, through the layers that pruning inserted.
func (s survival) sources(index map[string]int, j int) []int {
	if j < 0 {
		return []int{-1}
	}
	if i, ok := index[s.after.Nodes[j].Name]; ok {
		return []int{i}
	}
	var out []int
	for _, k := range s.after.Nodes[j].Inputs {
		out = append(out, s.sources(index, k)...)
	}
	return out
}

// mark marks the shortest way from a producer to a reader through dropped
// identities, if there is one: a constant nominally reads the input.
func (s survival) mark(source, reader int) bool {
	reads := map[int]int{} // value to the node that reads it on the way
	queue := []int{reader}
	for len(queue) > 0 {
		v := queue[0]
		queue = queue[1:]
		for _, j := range s.before.Nodes[v].Inputs {
			if _, seen := reads[j]; seen {
				continue
			}
			reads[j] = v
			if j == source {
				s.follow(reads, source, reader)
				return true
			}
			if j < 0 || s.states[j] == alive || s.states[j] == constant {
				continue
			}
			if nn.TraitsOf(s.before.Nodes[j].Layer).Wires {
				queue = append(queue, j)
			}
		}
	}
	return false
}

// stand notes that an inserted layer of some kind stands where a removed one was.
func (s survival) stand(removed, reader int, kind string) {
	if removed >= 0 && s.states[removed] == gone {
		s.states[removed], s.replaced[removed] = constant, kind
		s.edges[[2]int{removed, reader}] = true
	}
}

func (s survival) follow(reads map[int]int, v, reader int) {
	for v != reader {
		next := reads[v]
		s.edges[[2]int{v, next}] = true
		if next != reader {
			s.states[next] = through
		}
		v = next
	}
}
