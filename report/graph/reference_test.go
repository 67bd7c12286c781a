package graph

import (
	"bytes"
	"encoding/csv"
	"math"
	"regexp"
	"strings"
	"testing"
)

func measured() *Graph {
	return &Graph{Nodes: []Node{{"a"}, {"b"}, {"c"}, {"d"}}, Measure: "partial correlation",
		Edges: []Edge{{From: 0, To: 1, Weight: 3, Value: -0.5}, {From: 1, To: 2, Weight: -1, Value: 0.25}}}
}

func TestMeasureIsDrawnAndWritten(t *testing.T) {
	g := measured()
	rows, err := csv.NewReader(strings.NewReader(write(t, WriteCSV, g))).ReadAll()
	if err != nil || strings.Join(rows[0], ",") != "a,b,weight,partial_correlation" || strings.Join(rows[1], ",") != "a,b,3,-0.5" {
		t.Errorf("csv: %q, %v", rows, err)
	}
	drawn := write(t, picture, g)
	if !strings.Contains(drawn, "a – b: -0.5") || !strings.Contains(drawn, "width by partial correlation, largest 0.5") {
		t.Errorf("svg draws another number:\n%s", drawn)
	}
	if !strings.Contains(write(t, WriteDOT, g), "value=3, partial_correlation=-0.5") {
		t.Error("dot lacks the measure")
	}
	if graphml := write(t, WriteGraphML, g); elements(t, graphml)["data"] != 4+2*2 || !strings.Contains(graphml, `attr.name="partial_correlation"`) {
		t.Errorf("graphml lacks the measure:\n%s", graphml)
	}
	g.Edges[0].Value = math.NaN()
	if err := WriteCSV(&bytes.Buffer{}, g); err == nil {
		t.Error("a measure that is no number was written")
	}
}

func TestReference(t *testing.T) {
	g := measured()
	g.Reference = [][2]int{{1, 0}, {3, 0}, {0, 3}}
	drawn := write(t, picture, g)
	// One edge of two is not in the reference and one of its pairs is not found; each has
	// an entry in the legend too.
	if n := strings.Count(drawn, `stroke-dasharray="5 3.5"`); n != 1+1 {
		t.Errorf("%d dashed lines", n)
	}
	if n := strings.Count(drawn, `stroke-dasharray="1.5 4"`); n != 1+1 {
		t.Errorf("%d dotted lines", n)
	}
	g.Reference = [][2]int{{0, 4}}
	if err := WriteSVG(&bytes.Buffer{}, g, ""); err == nil {
		t.Error("a reference to a fifth of four nodes was drawn")
	}
}

func TestSeriesKeepsPlaces(t *testing.T) {
	dense, sparse := ring(9), ring(9)
	sparse.Edges = sparse.Edges[:3]
	var b bytes.Buffer
	if err := WriteSeries(&b, []*Graph{sparse, dense}, []string{"few", "many"}, "two"); err != nil {
		t.Fatal(err)
	}
	var at []string
	for _, m := range regexp.MustCompile(`<circle [^>]* cx="([0-9.]+)" cy="([0-9.]+)"`).FindAllStringSubmatch(b.String(), -1) {
		at = append(at, m[2])
	}
	if len(at) != 18 {
		t.Fatalf("%d circles", len(at))
	}
	for i := range 9 {
		if at[i] != at[i+9] {
			t.Errorf("node %d stands at %s and %s", i, at[i], at[i+9])
		}
	}
	if err := WriteSeries(&b, []*Graph{ring(3), ring(4)}, []string{"", ""}, ""); err == nil {
		t.Error("graphs on different nodes were drawn")
	}
	if err := WriteSeries(&b, nil, nil, ""); err == nil {
		t.Error("no graph was drawn")
	}
}

// Names do not cover each other in a picture with room for all.
func TestNamesKeepApart(t *testing.T) {
	g := ring(20)
	for i := range g.Nodes {
		g.Nodes[i].Name = strings.Repeat("n", 6)
	}
	places, err := Layout(g)
	if err != nil {
		t.Fatal(err)
	}
	for i := range places {
		places[i] = Point{60 + 60*places[i].X, 60 + 60*places[i].Y}
	}
	labels := newPanel(g, places, box{width: 600, height: 600}).labels()
	for i, a := range labels {
		for _, b := range labels[:i] {
			if a.area.overlap(b.area) > 0 {
				t.Errorf("names at %v and %v overlap", a.area, b.area)
			}
		}
	}
}
