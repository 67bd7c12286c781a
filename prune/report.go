package prune

import (
	"math/rand/v2"
	"strings"

	"pare/nn"
)

// Report is the record of a pruning.
type Report struct {
	Before      nn.Counts   `json:"before"`
	After       nn.Counts   `json:"after"`
	Removed     Removed     `json:"removed"`
	Layers      []LayerDiff `json:"layers"`
	Limited     []Limited   `json:"limited,omitempty"` // layers that keep units on demand; none where the demands took no effect
	Certificate Certificate `json:"certificate"`
}

// Removed counts the parts that are gone.
type Removed struct {
	Channels int `json:"channels"` // outputs of convolutions
	Units    int `json:"units"`    // outputs of linear and recurrent layers
	Branches int `json:"branches"` // operands of sums and concatenations
	Gates    int `json:"gates"`    // gate values
	Blocks   int `json:"blocks"`   // groups of layers of one name prefix that lost all their weights
	Inputs   int `json:"inputs"`   // variables of the input, or units where it has no names, that no layer reads any more
	// Pixels are the values that flattened images lost, besides the values of whole channels.
	Pixels int `json:"pixels,omitempty"`
}

// LayerDiff compares a layer of the original network with the same layer of the pruned
// one.
type LayerDiff struct {
	Name        string `json:"name"`
	Kind        string `json:"kind"`
	Before      string `json:"before"` // output shape
	After       string `json:"after"`  // "" when the layer is gone
	ParamsFrom  int64  `json:"params_before"`
	ParamsTo    int64  `json:"params_after"`
	MACsFrom    int64  `json:"macs_before"`
	MACsTo      int64  `json:"macs_after"`
	UnitsFrom   int    `json:"units_before"`
	UnitsTo     int    `json:"units_after"`
	InputsLost  int    `json:"inputs_lost,omitempty"`
	Replacement string `json:"replacement,omitempty"` // kind of the layer in its place
}

// Compare reports the differences between a network and a pruned form of it, after one
// pruning or several. The report has no certificate.
func Compare(large, small *nn.Network) *Report {
	r := &Report{Before: large.Count(), After: small.Count()}
	r.Removed.Inputs = lostInputs(large, small)
	for _, node := range large.Nodes {
		d := LayerDiff{Name: node.Name, Kind: node.Layer.Kind(), Before: node.Shape.String(), UnitsFrom: node.Shape.Units()}
		k := large.CountNode(node)
		d.ParamsFrom, d.MACsFrom = k.Params, k.MACs
		if left, ok := small.Lookup(node.Name); ok {
			k := small.CountNode(left)
			d.ParamsTo, d.MACsTo = k.Params, k.MACs
			d.After, d.UnitsTo = left.Shape.String(), left.Shape.Units()
			if left.Layer.Kind() != d.Kind {
				d.Replacement = left.Layer.Kind()
				d.UnitsTo = 0
			} else {
				d.InputsLost = len(node.Inputs) - len(left.Inputs)
			}
		} else if len(node.Inputs) > 1 {
			d.InputsLost = len(node.Inputs) - 1
		}
		r.Layers = append(r.Layers, d)
		r.Removed.count(node, small, d)
		r.Removed.countPixels(node, large, small)
	}
	r.Removed.Gates = gates(large) - gates(small)
	r.Removed.Blocks = vanished(large, small)
	return r
}

// count adds the losses of one layer. A layer whose weights have four axes is a
// convolution.
func (r *Removed) count(node *nn.Node, small *nn.Network, d LayerDiff) {
	lost := d.UnitsFrom - d.UnitsTo
	for _, p := range node.Params() {
		if p.Role != nn.RoleWeight || p.FindAxis(nn.AxisOut) < 0 {
			continue
		}
		if p.Makes != nil { // other units of the layer are those of its input
			lost = made(node)
			if left, ok := small.Lookup(node.Name); ok && d.Replacement == "" {
				lost -= made(left)
			}
		}
		if len(p.Axes) == 4 {
			r.Channels += lost
		} else {
			r.Units += lost
		}
		break
	}
	if len(node.Inputs) > 1 {
		r.Branches += d.InputsLost
	}
}

// countPixels adds the values of an image that a layer turns into units of their own and the
// smaller network does not read, in channels that it reads.
func (r *Removed) countPixels(node *nn.Node, large, small *nn.Network) {
	left, ok := small.Lookup(node.Name)
	from := large.ShapeOf(node.Inputs[0])
	if !ok || !nn.TraitsOf(node.Layer).Gathers || from.Positions() == 1 || len(node.Shape) > 1 || len(left.Shape) > 1 {
		return
	}
	to := small.ShapeOf(left.Inputs[0])
	channels := from.Units() - to.Units()
	if node.Inputs[0] < 0 {
		channels = r.Inputs
	}
	if to.Positions() == from.Positions() {
		r.Pixels += node.Shape.Units() - left.Shape.Units() - channels*from.Positions()
	}
}

// made is the number of units that a layer makes by weights of a part of its units each.
func made(node *nn.Node) (n int) {
	for _, p := range node.Layer.Params() {
		n += len(p.Makes)
	}
	return n
}

// lostInputs counts the inputs that the smaller network does not read and the larger one would
// read with weights that are not 0.
func lostInputs(large, small *nn.Network) int {
	gone := ignoredInputs(small)
	if gone == 0 {
		return 0
	}
	a, err := large.Architecture()
	if err != nil {
		return gone
	}
	drawn, err := a.Network(rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		return gone
	}
	return max(0, gone-ignoredInputs(drawn))
}

// ignoredInputs counts the variables of the input that a network does not read, or the units
// where they have no names.
func ignoredInputs(net *nn.Network) int {
	if net.Features != nil {
		_, ignored := Variables(net)
		return len(ignored)
	}
	n := 0
	for _, read := range analyse(net).readsInput() {
		if !read {
			n++
		}
	}
	return n
}

func gates(net *nn.Network) int {
	n := 0
	for _, p := range net.Params() {
		if p.Role == nn.RoleGate {
			n += p.Size()
		}
	}
	return n
}

// vanished counts the blocks that had weights and have none left. The layers of a block
// have names with a common part before the last dot.
func vanished(large, small *nn.Network) int {
	left := blocks(small)
	n := 0
	for name := range blocks(large) {
		if !left[name] {
			n++
		}
	}
	return n
}

func blocks(net *nn.Network) map[string]bool {
	out := map[string]bool{}
	for _, p := range net.Params() {
		if dot := strings.LastIndexByte(p.Node.Name, '.'); p.Role == nn.RoleWeight && dot > 0 {
			out[p.Node.Name[:dot]] = true
		}
	}
	return out
}
