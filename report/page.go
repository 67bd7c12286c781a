package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"pare/internal/svg"
	"pare/prune"
	"pare/report/chart"
)

//go:embed style/page.css
var pageStyle string

//go:embed style/page.html
var pageText string

var pageTemplate = template.Must(template.Must(template.New("page").Funcs(template.FuncMap{
	"sectionStart": sectionStart, "sectionEnd": sectionEnd}).Parse(pageText)).Parse(auditText))

// page is the data of the template.
type page struct {
	Title, Meta  string
	Tones, Style template.CSS
	Warnings     []string
	Tiles        []tile
	Curves, Bars []figure
	Confusion    template.HTML
	Classes      *classTable
	Audit        *auditSection
	Diagram      template.HTML
	Rows         []row
	Weights      []weightsRow
	Command      string
	Config       string
}

// figure is a chart with its caption.
type figure struct {
	Title   string
	Picture template.HTML
}

// row is a line of the table of layers.
type row struct {
	Name, Kind, Units, Params, MACs, Fate string
	Class                                 string
}

// Write writes the report as one HTML file that needs nothing else. It is also
// well-formed XML.
func Write(w io.Writer, d Data) error {
	p := page{
		Title: heading(d), Meta: meta(d),
		Tones: template.CSS(svg.PageStyle()), Style: template.CSS(pageStyle),
		Warnings: d.Warnings, Tiles: tiles(d), Rows: rows(d), Weights: weightsRows(d), Command: d.Command, Config: d.Config,
	}
	p.Confusion, p.Classes = template.HTML(d.Classes.confusion()), d.Classes.table()
	for _, c := range curves(d.Phases) {
		p.Curves = append(p.Curves, figure{c.Title, template.HTML(c.Inline())})
	}
	if d.Audit != nil {
		p.Audit = d.Audit.section()
	}
	for _, c := range bars(d.Layers) {
		p.Bars = append(p.Bars, figure{c.Title, template.HTML(c.Inline())})
	}
	if d.Network != nil && len(d.Network.Nodes) > 0 {
		p.Diagram = template.HTML(inlineDiagram(d.Network, d.Pruned))
	}
	if err := pageTemplate.Execute(w, p); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// heading is the title, or else a line made of the data and model.
func heading(d Data) string {
	switch {
	case d.Title != "":
		return d.Title
	case d.Model != "" && d.Dataset != "":
		return d.Model + " on " + d.Dataset
	case d.Model != "":
		return d.Model
	}
	return "Report"
}

func meta(d Data) string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+value)
		}
	}
	add("model ", d.Model)
	add("data ", d.Dataset)
	add("", fmt.Sprintf("seed %d", d.Seed))
	if d.BestEpoch > 0 {
		add("", fmt.Sprintf("weights of epoch %d", d.BestEpoch))
	}
	if !d.Date.IsZero() {
		add("", d.Date.Format("2006-01-02 15:04 MST"))
	}
	return strings.Join(parts, " · ")
}

// bars compares units and multiply-accumulates of the layers that multiply, or
// of those that have parameters in a network where none does.
func bars(layers []prune.LayerDiff) []chart.Bars {
	units, macs := chart.Bars{Title: "Units per layer"}, chart.Bars{Title: "Multiply-accumulates per layer"}
	add := func(to *chart.Bars, name string, before, after int64) {
		to.Bars = append(to.Bars, chart.Bar{Name: name, Value: arrow(short(before), short(after)),
			Tip: name + ": " + reduction(before, after), Before: float64(before), After: float64(after)})
	}
	for _, l := range layers {
		if l.MACsFrom > 0 {
			add(&units, l.Name, int64(l.UnitsFrom), int64(l.UnitsTo))
			add(&macs, l.Name, l.MACsFrom, l.MACsTo)
		}
	}
	if len(units.Bars) > 0 {
		return []chart.Bars{units, macs}
	}
	for _, l := range layers {
		if l.ParamsFrom > 0 {
			add(&units, l.Name, int64(l.UnitsFrom), int64(l.UnitsTo))
		}
	}
	if len(units.Bars) > 0 {
		return []chart.Bars{units}
	}
	return nil
}

// rows lists all layers, with their sums below.
func rows(d Data) []row {
	var out []row
	var sum prune.LayerDiff
	for _, l := range d.Layers {
		r := row{Name: l.Name, Kind: l.Kind, Units: arrow(Count(int64(l.UnitsFrom)), Count(int64(l.UnitsTo))),
			Params: counts(l.ParamsFrom, l.ParamsTo), MACs: counts(l.MACsFrom, l.MACsTo), Fate: fate(l)}
		switch {
		case l.After == "":
			r.Class = "gone"
		case !changed(l):
			r.Class = "same"
		}
		sum.ParamsFrom, sum.ParamsTo = sum.ParamsFrom+l.ParamsFrom, sum.ParamsTo+l.ParamsTo
		sum.MACsFrom, sum.MACsTo = sum.MACsFrom+l.MACsFrom, sum.MACsTo+l.MACsTo
		out = append(out, r)
	}
	if len(out) == 0 {
		return nil
	}
	return append(out, row{Name: "all listed layers", Class: "total",
		Params: counts(sum.ParamsFrom, sum.ParamsTo), MACs: counts(sum.MACsFrom, sum.MACsTo)})
}

// counts is "before → after", empty if there is nothing to count.
func counts(from, to int64) string {
	if from == 0 && to == 0 {
		return ""
	}
	return arrow(Count(from), Count(to))
}
