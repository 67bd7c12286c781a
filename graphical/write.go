package graphical

import (
	"bufio"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// labels are the names of p variables, or x1, x2 … for nil.
func labels(names []string, p int) ([]string, error) {
	if names == nil {
		names = make([]string, p)
		for i := range names {
			names[i] = "x" + strconv.Itoa(i+1)
		}
	}
	if len(names) != p {
		return nil, fmt.Errorf("%d names for %d variables", len(names), p)
	}
	return names, nil
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// WriteCSV writes a row for each edge: from, to, weight (Θᵢⱼ) and partial correlation. nil
// names are x1, x2 …
func (n *Network) WriteCSV(w io.Writer, names []string) error {
	names, err := labels(names, n.P())
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write([]string{"from", "to", "weight", "partial"}); err != nil {
		return err
	}
	for _, e := range n.Edges {
		if err := out.Write([]string{names[e.I], names[e.J], number(e.Weight), number(e.Partial)}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// WriteDOT writes an undirected graph for Graphviz; edges have the attributes weight
// (|partial correlation|), partial, penwidth and color (by sign).
func (n *Network) WriteDOT(w io.Writer, names []string) error {
	names, err := labels(names, n.P())
	if err != nil {
		return err
	}
	quote := func(s string) string {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
	}
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "graph network {\n")
	for _, name := range names {
		fmt.Fprintf(out, "  %s;\n", quote(name))
	}
	for _, e := range n.Edges {
		fmt.Fprintf(out, "  %s -- %s [weight=%s, partial=%s, penwidth=%s, color=%s];\n", quote(names[e.I]), quote(names[e.J]),
			number(math.Abs(e.Partial)), number(e.Partial), strconv.FormatFloat(strokeWidth(e), 'f', 2, 64), quote(strokeColor(e)))
	}
	fmt.Fprintf(out, "}\n")
	return out.Flush()
}

// WriteGraphML writes an undirected graph with the data weight (Θᵢⱼ) and partial of edges,
// and name and diagonal (Θᵢᵢ) of nodes.
func (n *Network) WriteGraphML(w io.Writer, names []string) error {
	names, err := labels(names, n.P())
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	fmt.Fprint(out, xml.Header)
	fmt.Fprintln(out, `<graphml xmlns="http://graphml.graphdrawing.org/xmlns">`)
	for _, key := range [][3]string{{"name", "node", "string"}, {"diagonal", "node", "double"}, {"weight", "edge", "double"}, {"partial", "edge", "double"}} {
		fmt.Fprintf(out, "  <key id=%q for=%q attr.name=%q attr.type=%q/>\n", key[0], key[1], key[0], key[2])
	}
	fmt.Fprintln(out, `  <graph id="network" edgedefault="undirected">`)
	for i, name := range names {
		fmt.Fprintf(out, "    <node id=\"n%d\"><data key=\"name\">%s</data><data key=\"diagonal\">%s</data></node>\n", i, escape(name), number(n.Diagonal[i]))
	}
	for _, e := range n.Edges {
		fmt.Fprintf(out, "    <edge source=\"n%d\" target=\"n%d\"><data key=\"weight\">%s</data><data key=\"partial\">%s</data></edge>\n", e.I, e.J, number(e.Weight), number(e.Partial))
	}
	fmt.Fprint(out, "  </graph>\n</graphml>\n")
	return out.Flush()
}

// escape makes s text of XML.
func escape(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err) // a Builder takes all
	}
	return b.String()
}
