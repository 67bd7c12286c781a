package imported

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pare/internal/printable"
	"pare/nn/onnx"
)

// maxNodes bounds graphs, because the translation is recursive.
const maxNodes = 1 << 15

// graph is an ONNX graph by the names of its values.
type graph struct {
	opset     int64
	name      string
	nodes     []onnx.Node
	maker     map[string]*onnx.Node // the node that computes a value
	readers   map[string][]*onnx.Node
	constants map[string]*onnx.Tensor
	modules   map[string]bool // the names in front of the names of constants
	input     onnx.ValueInfo
	output    onnx.ValueInfo
	fixed     map[string]bool // whether values depend on constants and shapes only, as far as known
	shaped    map[string]bool // whether they depend on shapes, as far as known
}

// Operator sets that are read. Set 7 gave sums and products the broadcasting of NumPy.
const (
	oldest = 7
	newest = 26
)

// index inlines the functions of a model and connects its nodes. Values with two makers,
// values without one, cycles and graphs that do not have one input and one output are errors.
func index(m *onnx.Model) (*graph, error) {
	if err := onnx.Inline(m); err != nil {
		return nil, err
	}
	g := &graph{opset: m.Opset, name: m.Graph.Name, nodes: m.Graph.Nodes, maker: map[string]*onnx.Node{},
		readers: map[string][]*onnx.Node{}, constants: map[string]*onnx.Tensor{}, modules: map[string]bool{},
		fixed: map[string]bool{}, shaped: map[string]bool{}}
	if g.opset < oldest || g.opset > newest {
		return nil, fmt.Errorf("the file has operator set %d; sets %d to %d are supported", g.opset, oldest, newest)
	}
	if len(g.nodes) > maxNodes {
		return nil, fmt.Errorf("the graph has %d nodes, at most %d are supported", len(g.nodes), maxNodes)
	}
	for i := range g.nodes {
		if err := checkAttributes(&g.nodes[i]); err != nil {
			return nil, err
		}
	}
	for i := range m.Graph.Initializers {
		t := &m.Graph.Initializers[i]
		if g.constants[t.Name] != nil || t.Name == "" {
			return nil, fmt.Errorf("two initializers are named %q, or one has no name", t.Name)
		}
		g.constants[t.Name] = t
		if !strings.Contains(t.Name, "/") {
			g.modules[ofWeight(t.Name)] = true
		}
	}
	if err := g.ends(&m.Graph); err != nil {
		return nil, err
	}
	return g, cmp.Or(g.connect(), g.sorted())
}

// ends finds the input, which has no initializer, and the output.
func (g *graph) ends(of *onnx.Graph) error {
	inputs := slices.Clone(of.Inputs)
	inputs = slices.DeleteFunc(inputs, func(v onnx.ValueInfo) bool { return g.constants[v.Name] != nil })
	if len(inputs) != 1 {
		return fmt.Errorf("the graph has %s; a network has one", list("input", inputs))
	}
	if len(of.Outputs) != 1 {
		return fmt.Errorf("the graph has %s; a network has one: export the model with the one you need", list("output", of.Outputs))
	}
	g.input, g.output = inputs[0], of.Outputs[0]
	return nil
}

func list(noun string, values []onnx.ValueInfo) string {
	if len(values) == 0 {
		return "no " + noun
	}
	var names []string
	for _, v := range values[:min(5, len(values))] {
		names = append(names, fmt.Sprintf("%q", v.Name))
	}
	return fmt.Sprintf("%d %ss (%s)", len(values), noun, strings.Join(names, ", "))
}

func (g *graph) connect() error {
	for i := range g.nodes {
		n := &g.nodes[i]
		for _, out := range n.Outputs {
			if out == "" {
				continue
			}
			if g.maker[out] != nil || g.constants[out] != nil || out == g.input.Name {
				return fmt.Errorf("node %s: its output %q is also the output of another node, an initializer or an input", describe(n), out)
			}
			g.maker[out] = n
		}
		for _, in := range n.Inputs {
			g.readers[in] = append(g.readers[in], n)
		}
	}
	for i := range g.nodes {
		for _, in := range g.nodes[i].Inputs {
			if in != "" && !g.has(in) {
				return fmt.Errorf("node %s: its input %q is neither an initializer, an input of the graph nor the output of a node",
					describe(&g.nodes[i]), in)
			}
		}
	}
	if !g.has(g.output.Name) {
		return fmt.Errorf("the graph's output %q is not the output of a node", g.output.Name)
	}
	return nil
}

func (g *graph) has(name string) bool {
	return g.maker[name] != nil || g.constants[name] != nil || name == g.input.Name
}

// sorted reports a cycle. Nodes may stand in any order.
func (g *graph) sorted() error {
	waits := map[*onnx.Node]int{}
	var ready []*onnx.Node
	for i := range g.nodes {
		n := &g.nodes[i]
		for _, in := range n.Inputs {
			if g.maker[in] != nil {
				waits[n]++
			}
		}
		if waits[n] == 0 {
			ready = append(ready, n)
		}
	}
	done := 0
	for ; len(ready) > 0; done++ {
		n := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		for _, out := range n.Outputs {
			if out == "" {
				continue
			}
			for _, r := range g.readers[out] {
				if waits[r]--; waits[r] == 0 {
					ready = append(ready, r)
				}
			}
		}
	}
	if done < len(g.nodes) {
		return errors.New("the graph has a cycle")
	}
	return nil
}

// static reports whether a value depends on constants and on shapes alone, so that it can be
// computed before the network runs.
func (g *graph) static(name string) bool {
	if known, ok := g.fixed[name]; ok {
		return known
	}
	n := g.maker[name]
	is := g.constants[name] != nil || n != nil && (n.Op == "Shape" || n.Op == "Size")
	if !is && n != nil && n.Domain == "" && computable[n.Op] != nil {
		is = true
		for _, in := range n.Inputs {
			is = is && (in == "" || g.static(in))
		}
	}
	g.fixed[name] = is
	return is
}

// describe names a node in messages.
func describe(n *onnx.Node) string {
	op := n.Op
	if n.Domain != "" {
		op = n.Domain + "." + op
	}
	name := n.Name
	if name == "" && len(n.Outputs) > 0 {
		name = n.Outputs[0]
	}
	if len(name) > 100 {
		name = name[:100] + "…"
	}
	if len(op) > 100 {
		op = op[:100] + "…"
	}
	return fmt.Sprintf("%q (%s)", name, printable.Text(op))
}

// input is the name of an input of a node; "": it is left out.
func input(n *onnx.Node, i int) string {
	if i < len(n.Inputs) {
		return n.Inputs[i]
	}
	return ""
}
