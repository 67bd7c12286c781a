package graph

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"pare/internal/printable"
	"pare/internal/svg"
)

// WriteCSV writes a line "from,to,weight" for each edge, with the names of the
// nodes and, where there is one, the measure, below a line that says so. The columns
// are called a and b where edges have no direction.
func WriteCSV(w io.Writer, g *Graph) error {
	if err := g.Check(); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	head := []string{"a", "b", "weight"}
	if g.Directed {
		head = []string{"from", "to", "weight"}
	}
	if g.Measure != "" {
		head = append(head, g.key())
	}
	if err := out.Write(head); err != nil {
		return err
	}
	for _, e := range g.Edges {
		row := []string{g.Nodes[e.From].Name, g.Nodes[e.To].Name, number(e.Weight)}
		if g.Measure != "" {
			row = append(row, number(e.Value))
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// WriteDOT writes the graph for Graphviz. Weights are in the attribute "value" and
// in the width of the lines: Graphviz takes a "weight" for a force of its layout,
// which cannot be negative.
func WriteDOT(w io.Writer, g *Graph) error {
	if err := g.Check(); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	kind, arrow := "graph", "--"
	if g.Directed {
		kind, arrow = "digraph", "->"
	}
	fmt.Fprintf(out, "%s {\n", kind)
	for i, n := range g.Nodes {
		fmt.Fprintf(out, "  n%d [label=%s];\n", i, dotQuote(n.Name))
	}
	scale := g.strongest()
	for _, e := range g.Edges {
		second := ""
		if g.Measure != "" {
			second = fmt.Sprintf(", %s=%s", g.key(), number(e.Value))
		}
		fmt.Fprintf(out, "  n%d %s n%d [value=%s%s, penwidth=%.2f, color=\"%s\"];\n",
			e.From, arrow, e.To, number(e.Weight), second, strokeWidth(g.drawn(e), scale), svg.Light(sign(g.drawn(e))))
	}
	fmt.Fprintln(out, "}")
	return out.Flush()
}

// dotQuote knows the one escape of DOT strings that a name can break.
func dotQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ", "\r", " ").Replace(printable.Text(s)) + `"`
}

// WriteGraphML writes the graph with the node attribute "name" and the edge
// attributes "weight" and, where there is one, the measure.
func WriteGraphML(w io.Writer, g *Graph) error {
	if err := g.Check(); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	direction := "undirected"
	if g.Directed {
		direction = "directed"
	}
	fmt.Fprint(out, `<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="name" for="node" attr.name="name" attr.type="string"/>
  <key id="weight" for="edge" attr.name="weight" attr.type="double"/>
`)
	if g.Measure != "" {
		fmt.Fprintf(out, "  <key id=\"value\" for=\"edge\" attr.name=\"%s\" attr.type=\"double\"/>\n", svg.Escape(g.key()))
	}
	fmt.Fprintf(out, "  <graph edgedefault=\"%s\">\n", direction)
	for i, n := range g.Nodes {
		fmt.Fprintf(out, "    <node id=\"n%d\"><data key=\"name\">%s</data></node>\n", i, svg.Escape(n.Name))
	}
	for _, e := range g.Edges {
		second := ""
		if g.Measure != "" {
			second = fmt.Sprintf(`<data key="value">%s</data>`, number(e.Value))
		}
		fmt.Fprintf(out, "    <edge source=\"n%d\" target=\"n%d\"><data key=\"weight\">%s</data>%s</edge>\n",
			e.From, e.To, number(e.Weight), second)
	}
	fmt.Fprint(out, "  </graph>\n</graphml>\n")
	return out.Flush()
}

// key is the measure as a name that all formats take.
func (g *Graph) key() string { return strings.ReplaceAll(g.Measure, " ", "_") }

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
