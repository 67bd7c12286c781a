package report

import (
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"

	"pare/internal/svg"
	"pare/report/chart"
	"pare/stat/audit"
)

// Audit compares groups of test examples at the stages of a run.
type Audit struct {
	Examples   int
	Positive   string   // class whose rates are measured; "": each class
	Stages     []string // at least one
	Networks   []int    // at each stage
	Against    bool     // the first stage is of other runs
	Resamples  int      // of intervals; 0: there are none
	Confidence float64
	Tables     []audit.Table
	Changed    *audit.Changes // nil: there is one stage, or no classes
	Notes      []string
	Pictures   []ChangedPicture
}

// ChangedPicture is an image whose prediction changes.
type ChangedPicture struct {
	PNG   []byte
	Lines []string // below it
}

// auditGrid is a table of an audit. Its first column is to the left.
type auditGrid struct {
	Title string
	Head  []string
	Rows  [][]string
	Notes []string
}

// headline is a measure of tables and pictures.
type headline struct {
	name, words string
	share       bool // written in percent
}

// headlines are the measures of tables and pictures, as far as a task has them, with their names in
// words.
var headlines = []headline{
	{"accuracy", "accuracy", true},
	{"selection_rate", "selection rate", true},
	{"false_positive_rate", "false positives", true},
	{"false_negative_rate", "false negatives", true},
	{"macro_true_positive_rate", "macro true positives", true},
	{"macro_false_positive_rate", "macro false positives", true},
	{"calibration_error", "calibration error", true},
	{"loss", "loss", false},
	{"mean_squared_error", "mean square error", false},
	{"mean_absolute_error", "mean absolute error", false},
	{"mean_error", "mean error", false},
	{"r2", "R²", false},
}

// auditValue writes a number with its interval: "68.1 % (64.8 to 71.2)".
func auditValue(v audit.Value, share, signed bool) string {
	if math.IsNaN(v.Value) {
		return unknown
	}
	write := func(x float64, unit string) string {
		verb, scale := "%.3g", 1.0
		if share {
			verb, scale = "%.1f", 100
		}
		if signed {
			verb = strings.Replace(verb, "%", "%+", 1)
		}
		text := fmt.Sprintf(verb, scale*x)
		if strings.Trim(text, "+-0.") == "" { // rounded to 0
			text = strings.TrimLeft(text, "+-")
		}
		if share {
			text += unit
		}
		return strings.ReplaceAll(text, "-", "−")
	}
	unit := " %"
	if signed {
		unit = ""
	}
	text := write(v.Value, unit)
	if !math.IsNaN(v.Low) && !math.IsNaN(v.High) {
		text += fmt.Sprintf(" (%s to %s)", write(v.Low, ""), write(v.High, ""))
	}
	return text
}

// grids are the tables of one grouping: the last stage, and the change from the first.
func (a Audit) grids(t audit.Table) []auditGrid {
	last := auditGrid{Title: fmt.Sprintf("%s, %s", t.Name(), a.Stages[len(a.Stages)-1]), Head: []string{t.Name(), "examples"}}
	change := auditGrid{Head: last.Head[:1:1], Title: fmt.Sprintf("%s, change from %s to %s", t.Name(), a.Stages[0], a.Stages[len(a.Stages)-1])}
	if slices.ContainsFunc(headlines, func(h headline) bool { return h.share && t.Measure(h.name) != nil }) {
		change.Title += " (of shares in points)"
	}
	rows := slices.Concat([]string{"all"}, groupNames(t), []string{"largest difference", "smallest ratio"})
	for k, name := range rows {
		examples := ""
		switch {
		case k == 0:
			examples = Count(int64(a.Examples))
		case k <= len(t.Groups):
			examples = Count(int64(t.Groups[k-1].Rows))
			if t.Groups[k-1].Few {
				name += " *"
			}
		}
		last.Rows = append(last.Rows, []string{name, examples})
		if k < len(rows)-1 {
			change.Rows = append(change.Rows, []string{name})
		}
	}
	column := func(g *auditGrid, f audit.Frame, share, signed bool) {
		values := slices.Concat([]audit.Value{f.Overall}, f.Groups, []audit.Value{f.Difference})
		for k := range g.Rows {
			text := auditValue(f.Ratio, false, signed)
			if k < len(values) {
				text = auditValue(values[k], share, signed)
			}
			g.Rows[k] = append(g.Rows[k], text)
		}
	}
	for _, h := range headlines {
		m := t.Measure(h.name)
		if m == nil {
			continue
		}
		last.Head = append(last.Head, h.words)
		column(&last, m.Stages[len(m.Stages)-1], h.share, false)
		if m.Change != nil {
			change.Head = append(change.Head, h.words)
			column(&change, *m.Change, h.share, true)
		}
	}
	for _, n := range t.Notes {
		if slices.ContainsFunc(t.Groups, func(g audit.Group) bool { return g.Few }) && strings.HasPrefix(n, "groups") {
			n = "* " + n
		}
		last.Notes = append(last.Notes, n)
	}
	counting := 0
	for _, g := range t.Groups {
		if !g.Few {
			counting++
		}
	}
	if counting < 2 {
		last.Notes = append(last.Notes, "there are no differences and ratios, for which two groups with enough rows are needed; "+
			"min_rows sets the number of rows")
	}
	out := []auditGrid{last}
	if len(a.compared()) > 1 {
		out = append(out, change)
	}
	if len(t.Disparities) > 0 {
		out = append(out, a.disparities(t))
	}
	if g := a.byClass(t); len(g.Head) > 1 {
		out = append(out, g)
	}
	return out
}

// byClass is the table of true positive rates of every class, with their change; it has no columns
// where classes are not measured one by one.
func (a Audit) byClass(t audit.Table) auditGrid {
	g := auditGrid{Title: t.Name() + ", true positives of each class, " + a.Stages[len(a.Stages)-1], Head: []string{t.Name()}}
	changes := len(a.compared()) > 1
	if changes {
		g.Title += fmt.Sprintf(" (and change from %s, points)", a.Stages[0])
	}
	for _, name := range slices.Concat([]string{"all"}, groupNames(t), []string{"largest difference"}) {
		g.Rows = append(g.Rows, []string{name})
	}
	for _, m := range t.Measures {
		if m.Name != "true_positive_rate" || m.Class == "" {
			continue
		}
		g.Head = append(g.Head, m.Class)
		of := func(f audit.Frame) []audit.Value {
			return slices.Concat([]audit.Value{f.Overall}, f.Groups, []audit.Value{f.Difference})
		}
		alone := func(v audit.Value) audit.Value { return audit.Value{Value: v.Value, Low: math.NaN(), High: math.NaN()} }
		for k, v := range of(m.Stages[len(m.Stages)-1]) {
			text := auditValue(alone(v), true, false)
			if changes && m.Change != nil && !math.IsNaN(of(*m.Change)[k].Value) {
				text += " (" + auditValue(alone(of(*m.Change)[k]), true, true) + ")"
			}
			g.Rows[k] = append(g.Rows[k], text)
		}
	}
	return g
}

// compared are the stages that tables and pictures show: the first and the last one, or the last one
// alone where these have the same measures.
func (a Audit) compared() []int {
	last := len(a.Stages) - 1
	if last == 0 || a.same() {
		return []int{last}
	}
	return []int{0, last}
}

// same reports whether all stages have the same measures.
func (a Audit) same() bool {
	return !slices.ContainsFunc(a.Tables, func(t audit.Table) bool {
		return slices.ContainsFunc(t.Measures, func(m audit.Measure) bool {
			return m.Change != nil && (m.Change.Overall.Value != 0 || slices.ContainsFunc(m.Change.Groups, func(v audit.Value) bool {
				return v.Value != 0 && !math.IsNaN(v.Value)
			}))
		})
	})
}

// disparities is the table of Fairlearn's numbers for all groups.
func (a Audit) disparities(t audit.Table) auditGrid {
	g := auditGrid{Title: t.Name() + ", disparities", Head: []string{"disparity"}}
	stages := a.compared()
	for _, s := range stages {
		g.Head = append(g.Head, a.Stages[s])
	}
	if len(stages) > 1 {
		g.Head = append(g.Head, "change")
	}
	for _, d := range t.Disparities {
		row := []string{strings.ReplaceAll(d.Name, "_", " ")}
		for _, s := range stages {
			row = append(row, auditValue(d.Stages[s], false, false))
		}
		if len(stages) > 1 && d.Change != nil {
			row = append(row, auditValue(*d.Change, false, true))
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}

func groupNames(t audit.Table) (out []string) {
	for _, g := range t.Groups {
		out = append(out, g.Name())
	}
	return out
}

// changedGrids are the tables of the examples whose prediction changes, by class and groups.
func (a Audit) changedGrids() []auditGrid {
	c := a.Changed
	if c == nil {
		return nil
	}
	head := []string{"examples", "changed", "share", "right → wrong", "wrong → right", "× as often as all"}
	grid := func(title, of string, shares []audit.Share) auditGrid {
		g := auditGrid{Title: title, Head: append([]string{of}, head...)}
		for _, s := range shares {
			if s.Rows == 0 {
				continue
			}
			often := unknown
			if c.Changed > 0 {
				often = fmt.Sprintf("%.2f", s.Overrepresented)
			}
			g.Rows = append(g.Rows, []string{s.Name, Count(int64(s.Rows)), Count(int64(s.Changed)), Percent(float64(s.Changed) / float64(s.Rows)),
				Count(int64(s.Harmed)), Count(int64(s.Helped)), often})
		}
		return g
	}
	all := audit.Share{Name: "all", Rows: c.Examples, Changed: c.Changed, Harmed: c.Harmed, Helped: c.Helped, Overrepresented: 1}
	var out []auditGrid
	for _, g := range c.Groups {
		out = append(out, grid("changed predictions by "+g.Name(), g.Name(), append([]audit.Share{all}, g.Groups...)))
	}
	return append(out, grid("changed predictions by class", "class", append([]audit.Share{all}, c.Classes...)))
}

// lead describes the audit in a sentence or two.
func (a Audit) lead() string {
	text := Count(int64(a.Examples)) + " test examples"
	if a.Positive != "" {
		text += fmt.Sprintf("; rates are of the class %s", a.Positive)
	}
	if slices.Max(a.Networks) > 1 {
		var counts []string
		for k, n := range a.Networks {
			counts = append(counts, fmt.Sprintf("%d %s", n, a.Stages[k]))
		}
		text += "; means over networks: " + strings.Join(counts, ", ")
	}
	if len(a.Stages) > 1 && a.same() {
		text += fmt.Sprintf("; %s and %s networks have the same measures", a.Stages[0], a.Stages[len(a.Stages)-1])
		if !a.Against {
			text += ": to see the cost of sparsity, compare with a dense run (against)"
		}
	}
	if a.Resamples > 0 {
		text += fmt.Sprintf("; intervals: %g %% of %s bootstrap samples of the examples", 100*a.Confidence, Count(int64(a.Resamples)))
	}
	return text + "."
}

// changedLead describes the changed predictions in a sentence.
func (a Audit) changedLead() string {
	c := a.Changed
	if c == nil {
		return ""
	}
	text := "Predictions"
	if max(c.Before, c.After) > 1 {
		text = fmt.Sprintf("Modal predictions of %s and %s", some(c.Before, "network"), some(c.After, "network"))
	}
	return fmt.Sprintf("%s that differ between %s and %s: %s of %s; %s right before and wrong after, %s wrong before and right after.",
		text, a.Stages[0], a.Stages[len(a.Stages)-1], Count(int64(c.Changed)), Count(int64(c.Examples)), Count(int64(c.Harmed)), Count(int64(c.Helped)))
}

// WriteAuditText writes the tables of an audit as aligned text. A table that is wider than so many
// columns is divided; 0: none is.
func WriteAuditText(w io.Writer, a Audit, columns int) {
	fmt.Fprintln(w, a.lead())
	for _, note := range a.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	text := func(g auditGrid) {
		fmt.Fprintf(w, "\n%s\n", g.Title)
		right := make([]bool, len(g.Head))
		for k := range right {
			right[k] = k > 0
		}
		for k, block := range blocks(append([][]string{g.Head}, g.Rows...), columns) {
			if k > 0 {
				fmt.Fprintln(w)
			}
			write(w, block, right)
		}
		for _, note := range g.Notes {
			fmt.Fprintln(w, note)
		}
	}
	for _, t := range a.Tables {
		for _, g := range a.grids(t) {
			text(g)
		}
	}
	if lead := a.changedLead(); lead != "" {
		fmt.Fprintf(w, "\n%s\n", lead)
		if a.Changed.Changed > 0 {
			for _, g := range a.changedGrids() {
				text(g)
			}
		}
	}
}

//go:embed style/audit.html
var auditText string

//go:embed style/auditpage.html
var auditPageText string

var auditPageTemplate = template.Must(template.Must(template.New("auditpage").Parse(auditPageText)).Parse(auditText))

// auditSection is the data of the template audit.
type auditSection struct {
	Lead, Changed string
	Shown         string // above the pictures
	Notes         []string
	Tables        []auditTable
	ChangedGrids  []auditGrid
	Pictures      []auditPicture
}

type auditTable struct {
	Name    string
	Figures []figure
	Grids   []auditGrid
}

type auditPicture struct {
	Source template.URL
	Lines  []string
}

func (a Audit) section() *auditSection {
	s := &auditSection{Lead: a.lead(), Changed: a.changedLead(), Notes: a.Notes}
	for _, t := range a.Tables {
		s.Tables = append(s.Tables, auditTable{t.Name(), a.figures(t), a.grids(t)})
	}
	if a.Changed != nil && a.Changed.Changed > 0 {
		s.ChangedGrids = a.changedGrids()
	}
	if n := len(a.Pictures); n > 0 {
		s.Shown = "The images."
		if all := a.Changed.Changed; n < all {
			s.Shown = fmt.Sprintf("%s of the %s images.", Count(int64(n)), Count(int64(all)))
		}
		s.Shown += " Below each: target: prediction before → after, and its groups."
	}
	for _, p := range a.Pictures {
		source := template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(p.PNG))
		s.Pictures = append(s.Pictures, auditPicture{source, p.Lines})
	}
	return s
}

// figures draws the measures of groups, each with its interval at the first and the last stage.
func (a Audit) figures(t audit.Table) (out []figure) {
	stages := a.compared()
	for _, h := range headlines {
		m := t.Measure(h.name)
		if m == nil {
			continue
		}
		f := chart.Forest{Title: strings.ToUpper(h.words[:1]) + h.words[1:] + " by " + t.Name(), X: h.words, Percent: h.share}
		for _, s := range stages {
			f.Series = append(f.Series, a.Stages[s])
		}
		for k, name := range append([]string{"all"}, groupNames(t)...) {
			row := chart.ForestRow{Name: name}
			for _, s := range stages {
				v := m.Stages[s].Overall
				if k > 0 {
					v = m.Stages[s].Groups[k-1]
				}
				row.Values = append(row.Values, chart.Interval{Value: v.Value, Low: v.Low, High: v.High})
			}
			f.Rows = append(f.Rows, row)
		}
		if picture := f.Inline(); picture != "" {
			out = append(out, figure{f.Title, template.HTML(picture)})
		}
	}
	return out
}

// WriteAudit writes an audit as an HTML file that needs nothing else.
func WriteAudit(w io.Writer, title string, a Audit) error {
	err := auditPageTemplate.Execute(w, struct {
		Title        string
		Tones, Style template.CSS
		Audit        *auditSection
	}{title, template.CSS(svg.PageStyle()), template.CSS(pageStyle), a.section()})
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// WithAudit returns a page that Write has written with a section on groups, in place of an earlier one.
func WithAudit(page []byte, a Audit) ([]byte, error) {
	return withSection(page, "audit", auditPageTemplate.Lookup("audit"), a.section())
}
