package graphical

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

var oddNames = []string{"a", `b "quoted"`, "c<&>", "d, e", "é", "f"}

func small(t *testing.T) *Network {
	return mustFit(t, sampled(t, rand.New(rand.NewPCG(1, 1)), 60, 6, 1), Penalty{Lambda: 0.2}, Options{})
}

func TestCSV(t *testing.T) {
	n := small(t)
	var b bytes.Buffer
	if err := n.WriteCSV(&b, oddNames); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(n.Edges) == 0 || len(rows) != len(n.Edges)+1 {
		t.Fatalf("%d rows for %d edges", len(rows), len(n.Edges))
	}
	for k, e := range n.Edges {
		weight, err := strconv.ParseFloat(rows[k+1][2], 64)
		if err != nil {
			t.Fatal(err)
		}
		if rows[k+1][0] != oddNames[e.I] || rows[k+1][1] != oddNames[e.J] || weight != e.Weight {
			t.Errorf("row %q for edge %+v", rows[k+1], e)
		}
	}
}

// tokens counts the elements of XML by name and fails if it is not well-formed.
func tokens(t *testing.T, r io.Reader) map[string]int {
	t.Helper()
	count := map[string]int{}
	for d := xml.NewDecoder(r); ; {
		token, err := d.Token()
		if err == io.EOF {
			return count
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			count[e.Name.Local]++
		}
	}
}

func TestGraphML(t *testing.T) {
	n := small(t)
	var b bytes.Buffer
	if err := n.WriteGraphML(&b, oddNames); err != nil {
		t.Fatal(err)
	}
	if c := tokens(t, &b); c["node"] != 6 || c["edge"] != len(n.Edges) || c["data"] != 12+2*len(n.Edges) {
		t.Errorf("elements are %v for %d edges", c, len(n.Edges))
	}
}

func TestDOT(t *testing.T) {
	n := small(t)
	var b bytes.Buffer
	if err := n.WriteDOT(&b, oddNames); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if !strings.HasPrefix(text, "graph network {\n") || !strings.HasSuffix(text, "}\n") || strings.Count(text, " -- ") != len(n.Edges) {
		t.Errorf("not a graph of %d edges:\n%s", len(n.Edges), text)
	}
	if !strings.Contains(text, `"b \"quoted\""`) {
		t.Errorf("a quote in a name is not escaped:\n%s", text)
	}
}

func TestSVG(t *testing.T) {
	n := small(t)
	var a, b, other bytes.Buffer
	for w, seed := range map[*bytes.Buffer]uint64{&a: 1, &b: 1, &other: 2} {
		if err := n.WriteSVG(w, oddNames, seed); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same seed gave two drawings")
	}
	if bytes.Equal(a.Bytes(), other.Bytes()) {
		t.Error("two seeds gave the same drawing")
	}
	for _, bad := range []string{"NaN", "Inf"} {
		if strings.Contains(a.String(), bad) {
			t.Errorf("the drawing holds %s", bad)
		}
	}
	if c := tokens(t, &a); c["circle"] != 6 || c["line"] != len(n.Edges) {
		t.Errorf("elements are %v for %d edges", c, len(n.Edges))
	}
}

func TestLayoutKeepsNodesApart(t *testing.T) {
	n := mustFit(t, sampled(t, rand.New(rand.NewPCG(2, 2)), 60, 40, 1).Correlation(), Penalty{Lambda: 0.3}, Options{})
	at, width, height := n.layout(1)
	for i, a := range at {
		if a.x < 0 || a.y < 0 || a.x > width || a.y > height {
			t.Errorf("node %d at %v is outside of %v × %v", i, a, width, height)
		}
		for j, b := range at[:i] {
			if (a.x-b.x)*(a.x-b.x)+(a.y-b.y)*(a.y-b.y) < 0.1*0.1 {
				t.Errorf("nodes %d and %d coincide: %v and %v", i, j, a, b)
			}
		}
	}
}

func TestNames(t *testing.T) {
	n := small(t)
	for _, write := range []func(io.Writer, []string) error{n.WriteCSV, n.WriteDOT, n.WriteGraphML} {
		if err := write(io.Discard, []string{"a"}); err == nil || !strings.Contains(err.Error(), "1 names for 6 variables") {
			t.Errorf("too few names: %v", err)
		}
		var b bytes.Buffer
		if err := write(&b, nil); err != nil || !strings.Contains(b.String(), "x1") {
			t.Errorf("without names: %v, %s", err, b.String())
		}
	}
}

func TestJSON(t *testing.T) {
	data, err := json.Marshal(small(t))
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lambda", "objective", "gap", "edges", "components", "iterations", "converged"} {
		if _, ok := fields[name]; !ok {
			t.Errorf("no %s in %s", name, data)
		}
	}
}

func TestJSONOfAnInfiniteGap(t *testing.T) {
	data, err := json.Marshal(&Network{Lambda: 0.5, Gap: math.Inf(1)})
	if err != nil || !strings.Contains(string(data), `"gap":null`) || strings.Count(string(data), `"gap"`) != 1 || !strings.Contains(string(data), `"lambda":0.5`) {
		t.Errorf("%s, %v", data, err)
	}
}
