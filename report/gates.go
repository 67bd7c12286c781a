package report

import (
	"slices"
	"strconv"

	"pare/internal/svg"
	"pare/nn"
)

// onEdge reports whether a node can be drawn as a value on an edge: a gate with
// one reader.
func onEdge(consumers [][]int, node *nn.Node, i int) bool {
	return nn.TraitsOf(node.Layer).Factor != nil && len(node.Inputs) == 1 && len(consumers[i]) == 1
}

// gateText writes the value of a gate after pruning or, if the gate is gone, before:
// "×0.83"; for a gate with several values, the smallest and largest.
func gateText(s survival, i int) string {
	node := s.before.Nodes[i]
	if left, ok := s.after.Lookup(node.Name); ok {
		node = left
	}
	gate := nn.TraitsOf(node.Layer).Factor
	if gate == nil { // another layer stands in its place
		gate = nn.TraitsOf(s.before.Nodes[i].Layer).Factor
	}
	values := gate.Data()
	lo, hi := gateValue(slices.Min(values)), gateValue(slices.Max(values))
	if lo == hi {
		return "×" + lo
	}
	return "×" + lo + "…" + hi
}

func gateValue(v float32) string {
	if v == 0 {
		return "0"
	}
	return strconv.FormatFloat(float64(v), 'g', 2, 32)
}

// gate writes the value of a gate on its edge: where that crosses the first row,
// or halfway down to the next.
func (d *drawing) gate(path []int, e edge) {
	from, to := d.place[path[0]], d.place[path[1]]
	x, y := (from.x+to.x)/2, (d.y[from.row]+boxHeight+d.y[to.row])/2
	if len(path) > 2 {
		x, y = to.x, d.y[to.row]+boxHeight/2
	}
	class := "gate"
	if !e.alive {
		class += " gone"
	}
	d.Haloed(class, x, y+4, svg.Middle, e.gate, e.tip)
}
