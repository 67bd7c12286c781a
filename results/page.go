package results

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pare/internal/svg"
	"pare/report"
	"pare/run"
)

//go:embed style/page.css
var pageStyle string

//go:embed style/page.html
var pageText string

//go:embed style/page.js
var pageScript string

var pageTemplate = template.Must(template.New("results").Parse(pageText))

// page is the data of the template.
type page struct {
	Title, Meta  string
	Tones, Style template.CSS
	Script, Data template.JS
	Figure       template.HTML // for readers without scripts
	Note         string
	Tables       []htmlTable
	Runs         htmlTable
	Audits       []auditPicture // of groups of test examples; nil: none
	Skipped      []Skipped
	Notes        []string
	Flows        []flow
	MoreFlows    int
}

// auditPicture is a figure of groups with its title.
type auditPicture struct {
	Title   string
	Picture template.HTML
}

// htmlTable is a grid with links for its rows; "": none.
type htmlTable struct {
	Caption string
	Head    []string
	Rows    []htmlRow
	Notes   []string
}

type htmlRow struct {
	Cells []string
	Link  string
	Mean  bool
}

// flow is the data-flow diagram of a run.
type flow struct {
	Name    string
	Picture template.HTML
}

// Diagrams are a part of the page up to these sizes.
const (
	mostFlows = 24
	flowBytes = 1 << 18
)

// Page writes one HTML file that needs nothing else: the figure with axes to choose, zoom
// and the names of runs, the tables, the widths of layers before and after, and the data
// flow that remains. Without scripts it shows the figure as it is printed. Links to the
// reports of runs are relative to dir, the folder of the page.
func (s *Set) Page(w io.Writer, over Over, title, dir string) error {
	f, err := s.Figure(over)
	if err != nil {
		return &run.InputError{Err: err}
	}
	data, err := json.Marshal(s.pageData(over, dir))
	if err != nil {
		return err
	}
	p := page{Title: title, Meta: s.meta(), Tones: template.CSS(svg.PageStyle()), Style: template.CSS(pageStyle),
		Script: template.JS(pageScript), Data: template.JS(data), Figure: template.HTML(f.Inline()), Note: f.Note, Skipped: s.Skipped,
		Notes: s.Notes}
	for _, g := range s.tables() {
		p.Tables = append(p.Tables, g.html())
	}
	p.Runs = s.runsGrid().html()
	for i, l := range s.lines() {
		if p.Runs.Rows[i].Mean = l.Seeds > 1; l.Seeds == 1 {
			p.Runs.Rows[i].Link = link(dir, l.rows[0].Path)
		}
	}
	for _, f := range s.auditFigures(over) {
		p.Audits = append(p.Audits, auditPicture{f.Title, template.HTML(f.Inline())})
	}
	p.Flows, p.MoreFlows = s.flows()
	if err := pageTemplate.Execute(w, p); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	return nil
}

// meta names the data, the model if all runs have one, and the seeds.
func (s *Set) meta() string {
	first := s.Rows[0]
	parts := []string{"data " + first.Data}
	if !slices.ContainsFunc(s.Rows, func(r *Row) bool { return r.Model != first.Model }) {
		parts = append(parts, "model "+first.Model)
	}
	parts = append(parts, fmt.Sprintf("%d runs", len(s.Rows)), "seeds "+strings.Join(s.seedNumbers(), ", "))
	return strings.Join(parts, " · ")
}

func (s *Set) seedNumbers() []string {
	var seeds []uint64
	for _, r := range s.Rows {
		seeds = append(seeds, r.Seed)
	}
	slices.Sort(seeds)
	var out []string
	for _, seed := range slices.Compact(seeds) {
		out = append(out, fmt.Sprint(seed))
	}
	return out
}

func (g grid) html() htmlTable {
	t := htmlTable{Caption: g.caption, Head: g.head, Notes: g.notes}
	for _, r := range g.rows {
		t.Rows = append(t.Rows, htmlRow{Cells: r})
	}
	return t
}

// link is the address of a run's report from the folder of the page; "": it has none.
func link(dir, path string) string {
	file := filepath.Join(path, run.ReportFile)
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	from, errFrom := filepath.Abs(dir)
	to, errTo := filepath.Abs(file)
	if errFrom != nil || errTo != nil {
		return ""
	}
	relative, err := filepath.Rel(from, to)
	if err != nil {
		return ""
	}
	return (&url.URL{Path: filepath.ToSlash(relative)}).String()
}

// flows are the data-flow diagrams of the first run of each group, and the number of those
// that the page has no room for.
func (s *Set) flows() (out []flow, more int) {
	for _, c := range s.curves {
		for _, g := range c.Groups {
			r := g.Rows[0]
			picture, err := os.ReadFile(filepath.Join(r.Path, run.DiagramFile))
			switch {
			case err != nil: // an old run may have none
			case len(out) == mostFlows || len(picture) > flowBytes:
				more++
			default:
				name := fmt.Sprintf("%s, seed %d: %s", strings.TrimSuffix(c.Label+", "+g.Point, ", "), r.Seed, report.RemovedText(r.Removed))
				out = append(out, flow{name, template.HTML(picture)})
			}
		}
	}
	return out, more
}

// quantity is an axis to choose.
type quantity struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

// plotData are the runs and curves that the script draws.
type plotData struct {
	X          int         `json:"x"` // the first axes, of Quantities
	Y          int         `json:"y"`
	Quantities []quantity  `json:"quantities"`
	Curves     []plotCurve `json:"curves"`
	Runs       []plotRun   `json:"runs"`
}

type plotCurve struct {
	Label   string `json:"label"`
	Colour  string `json:"colour"`
	Dashes  string `json:"dashes"`
	Outline string `json:"outline"`
	Dense   bool   `json:"dense"`
}

type plotRun struct {
	Curve  int        `json:"curve"`
	Group  int        `json:"group"` // of the curve
	Name   string     `json:"name"`
	Point  string     `json:"point"`
	Seed   uint64     `json:"seed"`
	Link   string     `json:"link,omitempty"`
	Values []*float64 `json:"values"` // of the quantities; null: not known
	Layers []Width    `json:"layers"`
}

// quantities are the axes of the page; those that no run knows are left out.
func (s *Set) quantities() (list []quantity, of []func(*Row) float64) {
	add := func(key, name string, value func(*Row) float64) {
		if slices.ContainsFunc(s.Rows, func(r *Row) bool { return !math.IsNaN(value(r)) }) {
			list, of = append(list, quantity{name, key}), append(of, value)
		}
	}
	for _, size := range sizes {
		add(string(size.over), sentence(size.axis), size.over.of)
	}
	for _, over := range []Over{OverMACs, OverParams} {
		add(string(over)+"-ratio", "Times fewer "+over.noun(), func(r *Row) float64 { return 100 / over.of(r) })
	}
	measure := s.Rows[0].Measure
	unit := ""
	if s.Rows[0].isError() {
		unit = ", %"
		add("accuracy", "Test accuracy, %", score)
	}
	for _, stage := range []struct {
		name string
		of   func(*Row) float64
	}{
		{"final", func(r *Row) float64 { return r.Value }}, {"after removal", (*Row).after},
		{"before removal", (*Row).before}, {"trained", (*Row).trained},
	} {
		name := "Test " + measure + unit
		if stage.name != "final" {
			name = "Test " + measure + " " + stage.name + unit
		}
		add(stage.name, name, func(r *Row) float64 { return r.shown(stage.of(r)) })
	}
	for _, m := range s.robustnesses() {
		add(m.key, m.name, m.of)
	}
	for _, by := range s.auditBys() {
		measure, of, gap := s.groupMeasure(by)
		add("gap "+by, fmt.Sprintf("Largest difference between groups of %s, %s", by, measure), gap)
		for _, group := range s.groupsOf(by) {
			add(by+"="+group, fmt.Sprintf("Test %s of %s %s", measure, by, group), func(r *Row) float64 { return of(r, group) })
		}
	}
	add("strength", "Strength of the penalty", (*Row).strength)
	add("step", "Training step, ms", func(r *Row) float64 { return r.StepMs })
	add("seconds", "Training time, s", (*Row).Seconds)
	return list, of
}

func (s *Set) pageData(over Over, dir string) plotData {
	var d plotData
	var of []func(*Row) float64
	d.Quantities, of = s.quantities()
	d.X = slices.IndexFunc(d.Quantities, func(q quantity) bool { return q.Key == string(over) })
	d.Y = slices.IndexFunc(d.Quantities, func(q quantity) bool { return q.Key == "final" })
	look := 0 // as in the figure, where the dense network is a level
	for i, c := range s.curves {
		dense := c.Method == methodDense && len(c.Groups) == 1
		curve := plotCurve{Label: c.Label, Colour: "ink", Dashes: "none", Dense: dense}
		if !dense {
			curve.Colour, curve.Dashes, curve.Outline = svg.Look(look)
			look++
		}
		d.Curves = append(d.Curves, curve)
		for k, g := range c.Groups {
			for _, r := range g.Rows {
				values := make([]*float64, len(of))
				for j, value := range of {
					if v := value(r); !math.IsNaN(v) && !math.IsInf(v, 0) {
						values[j] = &v
					}
				}
				d.Runs = append(d.Runs, plotRun{Curve: i, Group: k, Name: r.Name, Point: r.Point, Seed: r.Seed,
					Link: link(dir, r.Path), Values: values, Layers: r.Layers})
			}
		}
	}
	return d
}
