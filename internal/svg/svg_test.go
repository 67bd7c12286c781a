package svg

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
)

// A picture is XML whatever its texts hold, and control characters, which XML cannot
// hold, are replaced.
func TestTextsAreXML(t *testing.T) {
	const evil = "a\x1b[31m <b> & \"c\" 'd' \xff"
	var p Picture
	p.Rect("box", 0, 0, 1, 1, 0, evil)
	p.Circle("node", 0, 0, 1, 2, evil)
	p.Path("edge", Data("MLLz", 0, 0, 1, 1, 2, 0), 0, evil)
	p.Mark("dot", 1, 0, 0, 1, evil)
	p.Haloed("label", 0, 0, Start, evil, evil)
	p.Text("name", 0, 0, Start, "")
	var b strings.Builder
	if err := p.File(&b, "plot", evil, 10, 10); err != nil {
		t.Fatal(err)
	}
	b.WriteString(p.Slices("plot", evil, "name", 10, []float64{4, 10}))
	texts, titles := 0, 0
	for d := xml.NewDecoder(strings.NewReader("<all>" + b.String() + "</all>")); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in %q", err, b.String())
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "text" {
			texts++
		} else if ok && e.Name.Local == "title" {
			titles++
		}
	}
	if texts != 2*2 || titles != 2*5 {
		t.Errorf("%d texts and %d titles", texts, titles)
	}
}

func TestData(t *testing.T) {
	got := Data("MLHVQCz", 1, 2, 3.04, 4.06, 5, 6, 7, 8, 9, 10, -1, -2, -3, -4, -5, -6)
	if want := "M1 2L3 4.1H5V6Q7 8 9 10C-1 -2 -3 -4 -5 -6z"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// The paint of a class is plain attributes; the last rule for an attribute wins.
func TestPaint(t *testing.T) {
	if got, want := paintOf("rect", "box gone"), ` fill="none" stroke="#5b6470" stroke-width="1" stroke-opacity="0.6" stroke-dasharray="4 3"`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, r := range paintRules {
		for _, m := range regexp.MustCompile(`(fill|stroke)="([^"]*)"`).FindAllStringSubmatch(paintOf(r.element, r.classes), -1) {
			if !regexp.MustCompile(`^(none|#[0-9a-f]{6})$`).MatchString(m[2]) {
				t.Errorf("%q has %s %q", r.classes, m[1], m[2])
			}
		}
	}
}

// The style sheet of a page has every colour of a picture for dark paper.
func TestPageStyle(t *testing.T) {
	css := PageStyle()
	for _, want := range []string{"--ink: #1c2128;", "--ink: #e4e8ec;", "svg .box {",
		"svg text.tick { fill: #9aa5b1;", "svg .curve.line2 { stroke: #f0854a;"} {
		if !strings.Contains(css, want) {
			t.Errorf("no %q in\n%s", want, css)
		}
	}
}
