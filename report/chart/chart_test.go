package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
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

// A value that cannot be drawn leaves a gap, and one that is alone between gaps a dot.
func TestGaps(t *testing.T) {
	nan := math.NaN()
	c := Curve{Name: "c", X: []float64{0, 1, 2, 3, 4, 5}, Y: []float64{1, 2, nan, 3, 2 * largest, 4}, Error: []float64{0, nan, 0, 0, 0, 0}}
	if got := c.Pieces(); len(got) != 3 || len(got[0]) != 2 || got[0][1] != (Value{X: 1, Y: 2}) || got[1][0].Y != 3 {
		t.Errorf("pieces %v", got)
	}
	for _, svg := range []string{drawn(t, Chart{Curves: []Curve{c}}), Chart{Curves: []Curve{c}}.Inline()} {
		if n := strings.Count(svg, "<title>c, "); n != 2 {
			t.Errorf("%d dots, want one for each lone value", n)
		}
		if n := strings.Count(svg, "<title>c</title>"); n != 1 {
			t.Errorf("%d lines", n)
		}
	}
}

// Bars of 0 are not drawn upon those before, and a bar of nothing has its row.
func TestBars(t *testing.T) {
	svg := Bars{Title: "units", Bars: []Bar{{Name: "a", Value: "4 → 2", Before: 4, After: 2}, {Name: "gone", Value: "4 → 0", Before: 4}}}.Inline()
	if strings.Count(svg, `class="bar-before"`) != 2 || strings.Count(svg, `class="bar-after"`) != 1 || !strings.Contains(svg, `viewBox="0 0 420 40"`) {
		t.Errorf("bars:\n%s", svg)
	}
}

// Names above the plot of a page go on in another line where one is too short for them.
func TestLegendAboveInLines(t *testing.T) {
	names := []string{"trained, robust", "trained, certified", "final, robust", "final, certified"}
	c := Chart{Title: "lines", Y: "share"}
	for _, name := range names {
		c.Curves = append(c.Curves, Curve{Name: name, X: []float64{0, 1}, Y: []float64{1, 0}})
	}
	text := c.Inline()
	entry := regexp.MustCompile(`<text class="legend"[^>]* x="([0-9.]+)" y="([0-9.]+)"[^>]*>([^<]+)<`)
	found := entry.FindAllStringSubmatch(text, -1)
	if len(found) != len(names) {
		t.Fatalf("%d names in %s", len(found), text)
	}
	lines := map[string]bool{}
	for _, m := range found {
		x, err := strconv.ParseFloat(m[1], 64)
		if end := x + charWidth*float64(len(m[3])); err != nil || end > inPage.width {
			t.Errorf("%s ends at %g, the chart at %g", m[3], end, inPage.width)
		}
		lines[m[2]] = true
	}
	if len(lines) != 2 || !strings.Contains(text, " 420 253") {
		t.Errorf("%d lines; %s", len(lines), text[:200])
	}
	c.Curves = c.Curves[:2] // they fit into one line, above a plot of the usual height
	if text := c.Inline(); !strings.Contains(text, " 420 236") {
		t.Errorf("%s", text[:200])
	}
}

// TestMarkAtTheEnd holds that the name of a mark at the right end stands left of it, where no curve has its name.
func TestMarkAtTheEnd(t *testing.T) {
	g := Chart{Title: "t", Names: AtEnds, Marks: []Mark{{"early", 0.1}, {"late", 1.99}},
		Curves: []Curve{{Name: "y", X: []float64{0, 1, 2}, Y: []float64{0, 1, 2}}}}
	svg := drawn(t, g)
	for name, anchor := range map[string]string{"early": "start", "late": "end"} {
		at := strings.Index(svg, ">"+name+"</text>")
		if at < 0 || !strings.Contains(svg[strings.LastIndex(svg[:at], "<text"):at], `"`+anchor+`"`) {
			t.Errorf("the name of %s is not anchored at its %s", name, anchor)
		}
	}
}
