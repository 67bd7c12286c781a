package graph

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func ring(n int) *Graph {
	g := &Graph{Nodes: make([]Node, n)}
	for i := range n {
		g.Nodes[i].Name = string(rune('a' + i%26))
		g.Edges = append(g.Edges, Edge{From: i, To: (i + 1) % n, Weight: 1})
	}
	return g
}

var awkward = &Graph{
	Nodes: []Node{{`x "1" <&>`}, {`back\slash`}, {"a,b\nc"}, {""}},
	Edges: []Edge{{From: 0, To: 1, Weight: -0.5}, {From: 1, To: 0, Weight: 2}, {From: 2, To: 2, Weight: 9}, {From: 1, To: 2, Weight: 1e-20}},
}

func write(t *testing.T, f func(io.Writer, *Graph) error, g *Graph) string {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func picture(w io.Writer, g *Graph) error { return WriteSVG(w, g, `A <title> & "more"`) }

// elements reads XML to its end and counts its elements.
func elements(t *testing.T, text string) map[string]int {
	t.Helper()
	count := map[string]int{}
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return count
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if start, ok := token.(xml.StartElement); ok {
			count[start.Name.Local]++
		}
	}
}

func TestFiles(t *testing.T) {
	for _, directed := range []bool{false, true} {
		g := *awkward
		g.Directed = directed
		rows, err := csv.NewReader(strings.NewReader(write(t, WriteCSV, &g))).ReadAll()
		if err != nil || len(rows) != 5 || rows[1][0] != `x "1" <&>` || rows[1][2] != "-0.5" || rows[4][1] != "a,b\nc" || rows[4][2] != "1e-20" {
			t.Errorf("csv: %q, %v", rows, err)
		}
		if e := elements(t, write(t, WriteGraphML, &g)); e["node"] != 4 || e["edge"] != 4 {
			t.Errorf("graphml: %v", e)
		}
		dot := write(t, WriteDOT, &g)
		want := []string{"graph {\n", `n0 [label="x \"1\" <&>"];`, `n1 [label="back\\slash"];`, "n0 -- n1 [value=-0.5"}
		if directed {
			want[0], want[3] = "digraph {\n", "n0 -> n1 [value=-0.5"
		}
		for _, s := range want {
			if !strings.Contains(dot, s) {
				t.Errorf("dot lacks %q:\n%s", s, dot)
			}
		}
		e := elements(t, write(t, picture, &g))
		if e["circle"] != 4 || e["title"] != 4+3 {
			t.Errorf("svg: %v", e)
		}
		heads := 0
		if directed {
			heads = 3
		}
		if e["path"] != 3+2+heads { // edges, legend, arrows
			t.Errorf("svg, directed %v: %v", directed, e)
		}
	}
}

func TestDrawingIsDeterministic(t *testing.T) {
	for _, g := range []*Graph{ring(40), awkward} {
		if a, b := write(t, picture, g), write(t, picture, g); a != b {
			t.Error("two drawings of a graph differ")
		}
	}
}

// A ring is drawn round: neighbours at equal distances, none near the centre.
func TestRingIsRound(t *testing.T) {
	const n = 24
	p, err := Layout(ring(n))
	if err != nil {
		t.Fatal(err)
	}
	var c Point
	for _, q := range p {
		c.X += q.X / n
		c.Y += q.Y / n
	}
	low, high, side := math.Inf(1), 0.0, 0.0
	for i, q := range p {
		r := math.Hypot(q.X-c.X, q.Y-c.Y)
		low, high = min(low, r), max(high, r)
		next := p[(i+1)%n]
		side = max(side, math.Hypot(q.X-next.X, q.Y-next.Y))
	}
	if high > 1.05*low || side > 2*math.Pi*high/n*1.1 {
		t.Errorf("radii from %v to %v, longest side %v", low, high, side)
	}
}

// Distances in the plane follow those in a path, whatever the order of the nodes.
func TestPathIsStretched(t *testing.T) {
	g := &Graph{Nodes: make([]Node, 10)}
	order := []int{3, 7, 0, 9, 1, 8, 2, 6, 5, 4}
	for i := range 9 {
		g.Edges = append(g.Edges, Edge{From: order[i], To: order[i+1], Weight: 1})
	}
	p, err := Layout(g)
	if err != nil {
		t.Fatal(err)
	}
	a, b := p[order[0]], p[order[9]]
	if d := math.Hypot(a.X-b.X, a.Y-b.Y); d < 8 {
		t.Errorf("the ends of a path of 9 edges are %v apart", d)
	}
}

func TestNodesAreApart(t *testing.T) {
	star := &Graph{Nodes: make([]Node, 30)}
	for i := 1; i < 20; i++ {
		star.Edges = append(star.Edges, Edge{From: 0, To: i, Weight: 1})
	}
	big := &Graph{Nodes: make([]Node, 900)} // a grid of 30×30, beyond majorisation
	for i := range 900 {
		if i%30 < 29 {
			big.Edges = append(big.Edges, Edge{From: i, To: i + 1, Weight: 1})
		}
		if i < 870 {
			big.Edges = append(big.Edges, Edge{From: i, To: i + 30, Weight: 1})
		}
	}
	for name, g := range map[string]*Graph{"star and single nodes": star, "grid": big, "one": ring(1), "two": ring(2)} {
		p, err := Layout(g)
		if err != nil {
			t.Fatal(err)
		}
		for i := range p {
			if math.IsNaN(p[i].X) || math.IsNaN(p[i].Y) {
				t.Fatalf("%s: node %d is at %v", name, i, p[i])
			}
			for j := range i {
				if d := math.Hypot(p[i].X-p[j].X, p[i].Y-p[j].Y); d < 0.05 {
					t.Fatalf("%s: nodes %d and %d are %v apart", name, i, j, d)
				}
			}
		}
	}
}

func TestEmptyAndBad(t *testing.T) {
	empty := &Graph{}
	if e := elements(t, write(t, picture, empty)); e["circle"] != 0 || e["svg"] != 1 {
		t.Errorf("empty: %v", e)
	}
	for _, e := range []Edge{{From: 0, To: 3, Weight: 1}, {From: -1, To: 0, Weight: 1}, {From: 0, To: 1, Weight: math.NaN()}, {From: 0, To: 1, Weight: math.Inf(1)}} {
		g := &Graph{Nodes: make([]Node, 3), Edges: []Edge{e}}
		for _, f := range []func(io.Writer, *Graph) error{WriteCSV, WriteDOT, WriteGraphML, picture} {
			if err := f(io.Discard, g); err == nil {
				t.Errorf("edge %v was written", e)
			}
		}
	}
}
