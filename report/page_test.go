package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"pare/prune"
)

func render(t *testing.T, d Data) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, d); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, b.String())
	return b.String()
}

// wellFormed parses XML to its end, and looks for numbers that no browser draws.
func wellFormed(t *testing.T, s string) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(s))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range element.Attr {
			switch a.Name.Local {
			case "d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height", "viewBox":
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") || strings.Contains(a.Value, "e+") {
					t.Errorf("<%s %s=%q>", element.Name.Local, a.Name.Local, a.Value)
				}
				if (a.Name.Local == "width" || a.Name.Local == "height") && strings.HasPrefix(a.Value, "-") {
					t.Errorf("<%s %s=%q>", element.Name.Local, a.Name.Local, a.Value)
				}
			}
		}
	}
}

func TestPage(t *testing.T) {
	d := sample(t, 20)
	s := render(t, d)
	for _, l := range d.Layers {
		if !strings.Contains(s, `<td class="left">`+l.Name+`</td>`) {
			t.Errorf("layer %s is not in the table", l.Name)
		}
	}
	for _, want := range []string{
		"<h1>resnet20 on glyphs</h1>", "91.90 %", "9,171 → 9,171 → 9,190 of 10,000", "✓", "−64.2 %, 2.79×",
		"13 min 16 s", "&lt;l1&gt;", "group &amp; co", "finetune", "stage2.block1", "8 → removed", "135 channels",
	} {
		if !strings.Contains(s, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	for _, bad := range []string{"<script", "http://", "https://", "url(", "@import", "ZgotmplZ"} {
		if strings.Contains(strings.ReplaceAll(s, `xmlns="http://www.w3.org/2000/svg"`, ""), bad) {
			t.Errorf("page has %q", bad)
		}
	}
	if strings.Count(s, `class="chart"`) != 7 {
		t.Errorf("page has %d charts, expected 5 curves and 2 bar charts", strings.Count(s, `class="chart"`))
	}
}

func TestPageEscapes(t *testing.T) {
	const evil = `<b>"&'</b>`
	d := Data{Title: evil, Model: evil, Dataset: evil, Config: evil, Command: evil,
		Phases: []Phase{{Name: evil, Epochs: []Point{{Epoch: 1, TrainLoss: 1}}}, {Name: evil, Epochs: []Point{{TrainLoss: 2}}}},
		Layers: []prune.LayerDiff{{Name: evil, Kind: evil, MACsFrom: 2, ParamsFrom: 1, UnitsFrom: 3, Replacement: evil}}}
	if s := render(t, d); strings.Contains(s, "<b>") {
		t.Error("text is not escaped")
	}
}

func TestPageOfLittle(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	dense := sample(t, 8)
	dense.Pruned, dense.Removed, dense.After, dense.Layers = nil, prune.Removed{}, dense.Before, nil
	strange := sample(t, 8)
	strange.Stages[2].Accuracy, strange.TrainSeconds, strange.Certificate.MaxRelDiff = nan, inf, nan
	strange.Phases = []Phase{{Name: "empty"}, {Name: "nan", Epochs: []Point{
		{Epoch: nan, TrainLoss: 1}, {Epoch: 1, TrainLoss: nan, ValLoss: inf, GroupsTotal: 0, GroupsZero: 1, LR: 1e-7},
		{Epoch: 2, TrainLoss: 1e308, ValLoss: -1e299, Penalty: 1e299, LR: 1e-7}}}}
	for name, d := range map[string]Data{"zero": {}, "dense": dense, "strange": strange} {
		t.Run(name, func(t *testing.T) {
			s := render(t, d)
			if strings.Contains(s, "NaN") || strings.Contains(s, "Inf") {
				t.Error("page has a number that is none")
			}
			var b bytes.Buffer
			Table(&b, d)
			if strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") {
				t.Errorf("table has a number that is none:\n%s", b.String())
			}
		})
	}
	if s := render(t, dense); strings.Contains(s, `class="box gone"`) || !strings.Contains(s, "removed: nothing") {
		t.Error("the page of a dense run shows removals")
	}
	if s := render(t, strange); !strings.Contains(s, "✗") {
		t.Error("a certificate that is not a number passes")
	}
}
