package app

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pare/report/graph"
)

// plainPaint is paint that every viewer understands.
var plainPaint = regexp.MustCompile(`^(none|#[0-9a-f]{6})$`)

// checkPaint reads the svg elements of a page or file. Viewers without style sheets
// draw shapes without paint of their own in black.
func checkPaint(t *testing.T, name string, text []byte) {
	t.Helper()
	type paint struct{ fill, stroke string }
	depth, shapes := 0, 0
	var open []paint
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if depth == 0 && e.Name.Local != "svg" {
				continue
			}
			depth++
			var own paint
			if len(open) > 0 {
				own = open[len(open)-1]
			}
			for _, a := range e.Attr {
				switch a.Name.Local {
				case "fill":
					own.fill = a.Value
				case "stroke":
					own.stroke = a.Value
				}
				if strings.Contains(a.Value, "var(") {
					t.Errorf("%s: <%s %s=%q>", name, e.Name.Local, a.Name.Local, a.Value)
				}
			}
			open = append(open, own)
			filled, stroked := plainPaint.MatchString(own.fill), plainPaint.MatchString(own.stroke)
			switch e.Name.Local {
			case "rect", "circle", "ellipse", "path", "polygon", "polyline", "text":
				shapes++
				if !filled || own.stroke != "" && !stroked || own.fill == "none" && !stroked {
					t.Errorf("%s: %s has fill %q and stroke %q", name, describeElement(e), own.fill, own.stroke)
				}
			case "line":
				shapes++
				if !stroked {
					t.Errorf("%s: %s has stroke %q", name, describeElement(e), own.stroke)
				}
			case "style":
				t.Errorf("%s: a picture has a style sheet", name)
			}
		case xml.EndElement:
			if depth > 0 {
				depth--
				open = open[:len(open)-1]
			}
		}
	}
	if shapes < 3 {
		t.Errorf("%s has %d shapes", name, shapes)
	}
}

func describeElement(e xml.StartElement) string {
	s := "<" + e.Name.Local
	for _, a := range e.Attr {
		s += " " + a.Name.Local + "=" + a.Value
	}
	return s + ">"
}

// TestPicturesHavePaint draws every kind of picture.
func TestPicturesHavePaint(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	folder, _ := tinyRun(t)
	succeed(t, "compare", folder, "-svg", at("compare.svg"))
	recurrent, _ := sequenceRun(t, addingConfig)
	succeed(t, "memory", recurrent, "-svg", at("memory.svg"))
	succeed(t, "lasso", "-data", grades(t), "-target", "pass", "-family", "binomial", "-columns", numbers+",school", "-one-hot",
		"-cv", "4", "-audit", "school", "-robust", "0.1", "-test-size", "0.3", "-out", at("lasso"))
	succeed(t, "glasso", "-data", textFile(t, "x.csv", chain(60, 5)), "-select", "ebic", "-out", at("glasso"))
	succeed(t, "diffusion", "-simulate", "er", "-nodes", "8", "-out", at("diffusion"))
	triangle := &graph.Graph{Nodes: []graph.Node{{Name: "a"}, {Name: "b"}, {Name: "c"}}, Directed: true, Reference: [][2]int{{0, 2}},
		Edges: []graph.Edge{{From: 0, To: 1, Weight: 1}, {From: 1, To: 0, Weight: -2}}}
	var directed bytes.Buffer
	if err := graph.WriteSVG(&directed, triangle, "directed"); err != nil {
		t.Fatal(err)
	}
	checkPaint(t, "directed graph", directed.Bytes())

	seen := map[string]bool{}
	for _, root := range []string{dir, folder, recurrent} {
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if ext := filepath.Ext(path); err != nil || ext != ".svg" && ext != ".html" {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(filepath.Dir(root), path)
			seen[e.Name()] = true
			checkPaint(t, name, text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"compare.svg", "memory.svg", "path.svg", "cv.svg", "audit.svg", "robust.svg",
		"network.svg", "networks.svg", "report.html"} {
		if !seen[name] {
			t.Errorf("no %s was drawn", name)
		}
	}
}
