package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func drawn(t *testing.T, g Chart) string {
	t.Helper()
	var b bytes.Buffer
	if err := g.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(strings.NewReader(b.String()))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return b.String()
		} else if err != nil {
			t.Fatalf("no XML: %v", err)
		}
	}
}

func TestChart(t *testing.T) {
	g := Chart{Title: "a < b", X: "log λ", Y: "β", Names: AtEnds, Marks: []Mark{{"chosen", 1}},
		Curves: []Curve{
			{Name: "first & last", X: []float64{0, 1, 2}, Y: []float64{0, 1, 2}},
			{Name: "zero", X: []float64{0, 1, 2}, Y: []float64{0, 1, 0}},
			{Name: "broken", X: []float64{0, 1, 2}, Y: []float64{math.NaN(), math.Inf(1), -2}, Error: []float64{0, 0, 0.5}},
		}}
	svg := drawn(t, g)
	for _, want := range []string{"a &lt; b", "first &amp; last", "chosen", "−2 ± 0.5"} {
		if want == "−2 ± 0.5" {
			want = "2: -2 ± 0.5"
		}
		if !strings.Contains(svg, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Error("a value that is not finite is drawn")
	}
	if strings.Contains(svg, `>zero</text>`) {
		t.Error("a curve that ends at 0 has a name at its end")
	}
	g.Names = InLegend
	if svg := drawn(t, g); !strings.Contains(svg, ">zero</text>") {
		t.Error("a curve is missing in the legend")
	}
	if svg := drawn(t, Chart{Title: "none"}); !strings.Contains(svg, "nothing to draw") {
		t.Error("an empty plot does not say so")
	}
}
