package results

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"pare/prune"
	"pare/report"
	"pare/run"
)

// line is a line of the table of runs: a run, or the means over the seeds of a group.
type line struct {
	Label string // of the curve
	Point string
	Seeds int // 1 for a run
	rows  []*Row
}

// lines are the runs in the order of the curves, each group of several seeds followed by
// its means.
func (s *Set) lines() []line {
	var out []line
	for _, c := range s.curves {
		for _, g := range c.Groups {
			for _, r := range g.Rows {
				out = append(out, line{c.Label, r.Point, 1, []*Row{r}})
			}
			if len(g.Rows) > 1 {
				out = append(out, line{c.Label, g.Point, len(g.Rows), g.Rows})
			}
		}
	}
	return out
}

func (l line) group() Group { return Group{l.Point, l.rows} }

func (l line) mean(of func(*Row) float64) float64 { return l.group().Mean(of) }

func (l line) meanCount(of func(*Row) int64) int64 {
	return int64(math.Round(l.mean(func(r *Row) float64 { return float64(of(r)) })))
}

func (l line) change(of func(*Row) Change) Change {
	return Change{l.meanCount(func(r *Row) int64 { return of(r).From }), l.meanCount(func(r *Row) int64 { return of(r).To })}
}

func (l line) params() Change  { return l.change(func(r *Row) Change { return r.Params }) }
func (l line) macs() Change    { return l.change(func(r *Row) Change { return r.MACs }) }
func (l line) nonZero() int64  { return l.meanCount(func(r *Row) int64 { return r.NonZero }) }
func (l line) active() float64 { return l.mean(func(r *Row) float64 { return r.ActiveLeft }) }
func (l line) value() float64  { return l.mean(func(r *Row) float64 { return r.Value }) }

// spread is the standard deviation of the measure over the seeds.
func (l line) spread() float64 { return l.group().Deviation(func(r *Row) float64 { return r.Value }) }

func (l line) format(v float64) string { return l.rows[0].format(v) }

func (l line) result() string {
	s := l.rows[0].Measure + " " + l.format(l.value())
	if l.Seeds > 1 {
		s += " ± " + l.format(l.spread())
	}
	return s
}

// zeroed is "1.75 % trained → 89.50 % zeroed", the effect of zeroing alone; "" where nothing
// was zeroed after training.
func (l line) zeroed() string {
	r := l.rows[0]
	i := slices.IndexFunc(r.Stages, func(s run.StageValue) bool { return s.Stage == "zeroed" })
	if l.Seeds > 1 || i < 0 {
		return ""
	}
	var parts []string
	for _, s := range r.Stages[:i+1] {
		parts = append(parts, l.format(s.Value)+" "+s.Stage)
	}
	return strings.Join(parts, " → ")
}

// column is a column of the table of runs.
type column struct {
	head string
	cell func(line) string
}

// columns that are empty in every line are left out, as is the data where all runs have one.
var columns = []column{
	{"method", func(l line) string { return l.Label }},
	{"point", func(l line) string { return l.Point }},
	{"data", func(l line) string { return l.rows[0].Data }},
	{"run", line.run},
	{"seed", line.seed},
	{"result", line.result},
	{"before removal", line.zeroed},
	{"gap", line.gaps},
	{"params left", func(l line) string { return left(l.params()) }},
	{"not 0", func(l line) string {
		return only(l.nonZero() < l.params().To, left(Change{l.params().From, l.nonZero()}))
	}},
	{"MACs left", func(l line) string { return left(l.macs()) }},
	{"activations", func(l line) string { return only(!math.IsNaN(l.active()), report.Percent(l.active())) }},
	{"step", func(l line) string { return milliseconds(l.mean(func(r *Row) float64 { return r.StepMs })) }},
	{"latency", func(l line) string { return milliseconds(l.mean(func(r *Row) float64 { return r.LatencyMs })) }},
	{"removed", func(l line) string { return only(l.Seeds == 1, report.RemovedText(l.rows[0].Removed)) }},
	{"certificate", func(l line) string { return report.Small(l.certificate()) }},
	{"time", func(l line) string { return report.Duration(l.mean((*Row).Seconds)) }},
}

// only is a text under a condition.
func only(needed bool, text string) string {
	if !needed {
		return ""
	}
	return text
}

func (l line) run() string { return only(l.Seeds == 1, l.rows[0].Name) }

func (l line) seed() string {
	if l.Seeds > 1 {
		return fmt.Sprintf("mean of %d", l.Seeds)
	}
	return fmt.Sprint(l.rows[0].Seed)
}

// certificate is the largest difference of all runs; NaN where nothing was removed.
func (l line) certificate() float64 {
	worst := math.NaN()
	for _, r := range l.rows {
		if math.IsNaN(worst) || r.Certificate > worst {
			worst = r.Certificate
		}
	}
	return worst
}

// Runs prints the table of runs: a line for each run, and behind the seeds of a group their
// means.
func (s *Set) Runs(w io.Writer, form Form) error {
	g := s.runsGrid()
	return g.write(w, form)
}

func (s *Set) runsGrid() grid {
	g := grid{}
	for _, c := range columns {
		g.head = append(g.head, c.head)
	}
	for _, l := range s.lines() {
		var cells []string
		for _, c := range columns {
			cells = append(cells, c.cell(l))
		}
		g.rows = append(g.rows, cells)
	}
	g.dropEmpty()
	if !slices.ContainsFunc(s.Rows, func(r *Row) bool { return r.Data != s.Rows[0].Data }) {
		g.drop(func(column int) bool { return g.head[column] != "data" })
	}
	return g
}

// left is "10,903 of 431,080 (2.5 %)".
func left(c Change) string {
	if c.From == c.To {
		return report.Count(c.From)
	}
	return fmt.Sprintf("%s of %s (%.1f %%)", report.Count(c.To), report.Count(c.From), 100*c.Share())
}

func milliseconds(v float64) string { return only(!math.IsNaN(v), fmt.Sprintf("%.3g ms", v)) }

// record is a line of the table of runs in JSON.
type record struct {
	Run         string           `json:"run"` // folder; "" for means
	Name        string           `json:"name"`
	Method      string           `json:"method"`
	Label       string           `json:"label"` // the method, with the settings that tell curves of one method apart
	Point       string           `json:"point,omitempty"`
	Seed        uint64           `json:"seed"`
	Seeds       int              `json:"seeds"` // 1 for a single run
	Measure     string           `json:"measure"`
	Value       float64          `json:"value"`
	Spread      float64          `json:"spread,omitempty"` // standard deviation of Value over the seeds
	Stages      []run.StageValue `json:"stages,omitempty"` // nil for means
	Params      [2]int64         `json:"params"`           // before and after
	MACs        [2]int64         `json:"macs"`
	NonZero     int64            `json:"nonzero"`
	Active      *float64         `json:"activations,omitempty"` // of the original ones, those that are not 0; nil: the network has no ReLU
	StepMs      *float64         `json:"step_ms,omitempty"`     // nil: not measured
	LatencyMs   *float64         `json:"latency_ms,omitempty"`
	Removed     prune.Removed    `json:"removed"`
	Certificate float64          `json:"certificate"`
	Seconds     float64          `json:"seconds"`
}

// JSON writes the table of runs as a JSON array.
func (s *Set) JSON(w io.Writer) error {
	known := func(v float64) *float64 {
		if math.IsNaN(v) {
			return nil
		}
		return &v
	}
	out := []record{}
	for _, l := range s.lines() {
		r := l.rows[0]
		rec := record{Method: r.Method, Label: l.Label, Point: l.Point, Seeds: l.Seeds, Measure: r.Measure, Value: l.value(), Spread: l.spread(),
			Params: [2]int64{l.params().From, l.params().To}, MACs: [2]int64{l.macs().From, l.macs().To}, NonZero: l.nonZero(),
			Active: known(l.active()), StepMs: known(l.mean(func(r *Row) float64 { return r.StepMs })),
			LatencyMs: known(l.mean(func(r *Row) float64 { return r.LatencyMs })), Seconds: l.mean((*Row).Seconds)}
		if c := l.certificate(); !math.IsNaN(c) {
			rec.Certificate = c
		}
		if l.Seeds == 1 {
			rec.Run, rec.Name, rec.Seed, rec.Stages, rec.Removed = r.Path, r.Name, r.Seed, r.Stages, r.Removed
		}
		out = append(out, rec)
	}
	return json.NewEncoder(w).Encode(out)
}
