package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"pare/prune"
)

// Outcome is the result of a run.
type Outcome struct {
	Run    string `json:"run"` // folder
	Name   string `json:"name"`
	Method string `json:"method"`
	Seed   uint64 `json:"seed"`
	// Settings identify an experiment, as decoded from JSON: they are equal for runs
	// that differ only in the seed.
	Settings    map[string]any `json:"-"`
	Measure     string         `json:"measure"` // the name of Value, such as "test error"
	Value       float64        `json:"value"`
	Stages      []StageValue   `json:"stages,omitempty"` // the measure from the trained network to the final one; nil for means
	Params      [2]int64       `json:"params"`           // before and after
	MACs        [2]int64       `json:"macs"`
	NonZero     int64          `json:"nonzero"`               // of the parameters after
	Active      *float64       `json:"activations,omitempty"` // share of the activations that are not 0; nil: the network has no ReLU
	Removed     prune.Removed  `json:"removed"`
	Certificate float64        `json:"certificate"`
	Seconds     float64        `json:"seconds"` // of training and fine-tuning
}

// StageValue is the measure of a run at one of its stages.
type StageValue struct {
	Stage string  `json:"stage"`
	Value float64 `json:"value"`
}

// Comparison is a row of a table of runs: one run, or the means over the seeds of
// an experiment.
type Comparison struct {
	Outcome
	Label  string  `json:"label"`            // the name, with the settings that tell experiments of one name apart
	Seeds  int     `json:"seeds"`            // 1 for a single run
	Spread float64 `json:"spread,omitempty"` // standard deviation of Value over the seeds
}

// Compare lists the runs in their order, and behind the last of each experiment of
// several seeds the means over it.
func Compare(runs []Outcome) []Comparison {
	all := experiments(runs)
	names := namesOf(all)
	var rows []Comparison
	seen := make([]int, len(all))
	of := make([]int, len(runs))       // experiment of each run
	named := map[string]map[int]bool{} // experiments that have runs of a name
	for k, e := range all {
		for i, r := range e.runs {
			of[e.places[i]] = k
			if named[r.Name] == nil {
				named[r.Name] = map[int]bool{}
			}
			named[r.Name][k] = true
		}
	}
	for i, r := range runs {
		k := of[i]
		row := Comparison{Outcome: r, Label: r.Name, Seeds: 1}
		if len(named[r.Name]) > 1 {
			row.Label = names[k]
		}
		rows = append(rows, row)
		if seen[k]++; seen[k] == len(all[k].runs) && seen[k] > 1 {
			mean := averaged(all[k].runs)
			mean.Label = names[k]
			rows = append(rows, mean)
		}
	}
	return rows
}

// namesOf are distinct names of experiments.
func namesOf(all []experiment) []string {
	lists, settings := make([][]Outcome, len(all)), make([]any, len(all))
	for i, e := range all {
		lists[i], settings[i] = e.runs, e.settings
	}
	return labels(lists, settings)
}

// averaged is the mean of a group. Lists of removed parts are not averaged.
func averaged(group []Outcome) Comparison {
	first := group[0]
	c := Comparison{Seeds: len(group), Outcome: Outcome{Name: first.Name, Method: first.Method, Measure: first.Measure}}
	n := float64(len(group))
	for _, r := range group {
		c.Value += r.Value / n
		c.Seconds += r.Seconds / n
		c.Certificate = max(c.Certificate, r.Certificate)
	}
	average := func(of func(Outcome) int64) int64 {
		sum := 0.0
		for _, r := range group {
			sum += float64(of(r))
		}
		return int64(math.Round(sum / n))
	}
	for k := range 2 {
		c.Params[k] = average(func(o Outcome) int64 { return o.Params[k] })
		c.MACs[k] = average(func(o Outcome) int64 { return o.MACs[k] })
	}
	c.NonZero = average(func(o Outcome) int64 { return o.NonZero })
	c.Active = averageActive(group)
	for _, r := range group {
		c.Spread += (r.Value - c.Value) * (r.Value - c.Value) / (n - 1)
	}
	c.Spread = math.Sqrt(c.Spread)
	return c
}

// averageActive is nil unless all runs have activations that may be 0.
func averageActive(group []Outcome) *float64 {
	mean := 0.0
	for _, r := range group {
		if r.Active == nil {
			return nil
		}
		mean += *r.Active / float64(len(group))
	}
	return &mean
}

// column is a column of the table of runs.
type column struct {
	head string
	cell func(Comparison) string
	some func(Comparison) bool // whether a row needs the column; nil: all do
}

var columns = []column{
	{head: "run", cell: func(c Comparison) string { return c.Label }},
	{head: "seed", cell: Comparison.seed},
	{head: "result", cell: Comparison.result},
	{head: "before removal", cell: Comparison.before, some: func(c Comparison) bool { return len(c.zeroed()) > 0 }},
	{head: "params left", cell: func(c Comparison) string { return left(c.Params) }},
	{head: "not 0", cell: func(c Comparison) string { return left([2]int64{c.Params[0], c.NonZero}) },
		some: func(c Comparison) bool { return c.NonZero < c.Params[1] }},
	{head: "MACs left", cell: func(c Comparison) string { return left(c.MACs) }},
	{head: "activations", cell: Comparison.active, some: func(c Comparison) bool { return c.Active != nil }},
	{head: "removed", cell: Comparison.gone},
	{head: "certificate", cell: Comparison.certificate},
	{head: "time", cell: func(c Comparison) string { return duration(c.Seconds) }},
}

// CompareTable prints rows for a terminal, or in Markdown. It has a column for the loss
// after a baseline zeroed units if there is such a run, one for nonzero parameters if their
// share differs from the share of remaining ones, and one for the share of activations that
// are not 0 if there are networks with ReLUs.
func CompareTable(w io.Writer, rows []Comparison, markdown bool) error {
	shown := slices.DeleteFunc(slices.Clone(columns), func(c column) bool { return c.some != nil && !slices.ContainsFunc(rows, c.some) })
	cells := func(of func(column) string) []string {
		var list []string
		for _, c := range shown {
			list = append(list, of(c))
		}
		return list
	}
	head := cells(func(c column) string { return c.head })
	if markdown {
		fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
		for _, r := range rows {
			fmt.Fprintf(w, "| %s |\n", strings.Join(cells(func(c column) string { return c.cell(r) }), " | "))
		}
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(head, "\t"))
	for _, r := range rows {
		fmt.Fprintln(t, strings.Join(cells(func(c column) string { return c.cell(r) }), "\t"))
	}
	return t.Flush()
}

func (c Comparison) seed() string {
	if c.Seeds > 1 {
		return fmt.Sprintf("mean of %d", c.Seeds)
	}
	return fmt.Sprint(c.Seed)
}

func (c Comparison) active() string {
	if c.Active == nil {
		return unknown
	}
	return percent(*c.Active)
}

func (c Comparison) gone() string {
	if c.Seeds > 1 {
		return ""
	}
	return removedText(c.Removed)
}

func (c Comparison) certificate() string {
	if c.Method == "none" {
		return unknown
	}
	return small(c.Outcome.Certificate)
}

// format writes a value of the measure.
func (c Comparison) format(v float64) string {
	if strings.HasPrefix(c.Measure, "error") {
		return percent(v)
	}
	return fmt.Sprintf("%.4g", v)
}

func (c Comparison) result() string {
	s := c.Measure + " " + c.format(c.Value)
	if c.Seeds > 1 {
		s += " ± " + c.format(c.Spread)
	}
	return s
}

// zeroed are the stages up to the one with units zeroed that a baseline chose; none where
// nothing was zeroed after training.
func (c Comparison) zeroed() []StageValue {
	i := slices.IndexFunc(c.Stages, func(s StageValue) bool { return s.Stage == "zeroed" })
	return c.Stages[:i+1]
}

// before is "1.75 % trained → 89.50 % zeroed": the effect of zeroing alone.
func (c Comparison) before() string {
	var readings []Reading
	for _, s := range c.zeroed() {
		readings = append(readings, Reading{s.Stage, c.format(s.Value)})
	}
	return chain(readings)
}

// left is "10,903 of 431,080 (2.5 %)".
func left(n [2]int64) string {
	if n[0] == n[1] {
		return count(n[0])
	}
	return fmt.Sprintf("%s of %s (%.1f %%)", count(n[1]), count(n[0]), 100*float64(n[1])/float64(n[0]))
}
