package audit

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Options say how to compare groups.
type Options struct {
	// MinRows is the least number of rows of a group that counts in minima, maxima, differences
	// and ratios; smaller groups are measured only.
	MinRows int
	// Resamples is the number of bootstrap samples of intervals; 0: no intervals.
	Resamples int
	// Confidence is the share of the samples inside an interval, such as 0.95.
	Confidence float64
	// Seed fixes the samples.
	Seed uint64
	// Progress is told how many samples are drawn and measured, out of how many, one call at a time;
	// nil: nobody is told. An error that it returns ends the comparison, which returns it.
	Progress func(done, total int) error
}

// Check refuses options out of range.
func (o Options) Check() error {
	switch {
	case o.MinRows < 1:
		return fmt.Errorf("the least number of rows of a group is %d; it must be at least 1", o.MinRows)
	case o.Resamples < 0 || o.Resamples > maxResamples:
		return fmt.Errorf("the number of bootstrap samples is %d; it must be 0 to %d", o.Resamples, maxResamples)
	case o.Resamples > 0 && !(o.Confidence > 0 && o.Confidence < 1):
		return fmt.Errorf("the confidence of intervals is %v; it must be between 0 and 1", o.Confidence)
	}
	return nil
}

const maxResamples = 10000

// Value is a measure with its percentile interval. A number that is not defined, or not known,
// is NaN, and null in JSON.
type Value struct{ Value, Low, High float64 }

// MarshalJSON writes an object; without an interval it has a value alone.
func (v Value) MarshalJSON() ([]byte, error) {
	if math.IsNaN(v.Low) {
		return json.Marshal(struct {
			Value *float64 `json:"value"`
		}{known(v.Value)})
	}
	return json.Marshal(struct {
		Value *float64 `json:"value"`
		Low   *float64 `json:"low"`
		High  *float64 `json:"high"`
	}{known(v.Value), known(v.Low), known(v.High)})
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (v *Value) UnmarshalJSON(text []byte) error {
	var read struct{ Value, Low, High *float64 }
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	*v = Value{unknown(read.Value), unknown(read.Low), unknown(read.High)}
	return nil
}

func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func unknown(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// Group is a group of rows.
type Group struct {
	Values []string `json:"values"` // of the columns
	Rows   int      `json:"rows"`
	// Few says that the group has fewer rows than Options.MinRows.
	Few bool `json:"few,omitempty"`
}

// Name is the values with × between them.
func (g Group) Name() string { return groupName(g.Values) }

// Frame holds a measure of all rows and of groups, as Fairlearn's MetricFrame does: Groups is its
// by_group, Min and Max are group_min and group_max, Difference is the largest less the smallest
// value of a group, DifferenceToOverall the largest distance of a group from all rows, Ratio the
// smallest over the largest value, and RatioToOverall the smallest of value over overall or its
// inverse. Groups that are Few, or whose value is not defined, do not count in these six.
type Frame struct {
	Overall             Value   `json:"overall"`
	Groups              []Value `json:"groups"`
	Min                 Value   `json:"group_min"`
	Max                 Value   `json:"group_max"`
	Difference          Value   `json:"difference"`
	DifferenceToOverall Value   `json:"difference_to_overall"`
	Ratio               Value   `json:"ratio"`
	RatioToOverall      Value   `json:"ratio_to_overall"`
}

// Measure is a measure at every stage.
type Measure struct {
	Name  string `json:"name"`
	Class string `json:"class,omitempty"` // whose rate it is; "": of the positive class, or of no class
	// Stages are in the order of the outcomes. Change is the last stage less the first, each
	// field on its own; nil for a single stage.
	Stages []Frame `json:"stages"`
	Change *Frame  `json:"change,omitempty"`
}

// Disparity is one number for all groups: Fairlearn's demographic_parity, equalized_odds and
// equal_opportunity, each as difference and as ratio.
type Disparity struct {
	Name   string  `json:"name"`
	Stages []Value `json:"stages"`
	Change *Value  `json:"change,omitempty"`
}

// Table compares the groups of one or several columns.
type Table struct {
	By          []string    `json:"by"`
	Groups      []Group     `json:"groups"`
	Measures    []Measure   `json:"measures"`
	Disparities []Disparity `json:"disparities,omitempty"`
	Notes       []string    `json:"notes,omitempty"`
}

// Measure is the measure of a name that is of no single class; nil: there is none.
func (t *Table) Measure(name string) *Measure {
	for k := range t.Measures {
		if m := &t.Measures[k]; m.Name == name && m.Class == "" {
			return m
		}
	}
	return nil
}

// Name joins the columns with ×.
func (t *Table) Name() string { return groupName(t.By) }

// Compare measures groups at every stage: the same rows, predicted by several networks. Intervals
// are of the bootstrap: rows are drawn anew, the same ones for all stages, and every number is
// computed again (Efron 1979; percentiles of type 7, as in NumPy).
//
// A stage may have the predictions of several networks for all rows, one network after the other.
// Measures are then taken over all predictions, which for rates are the means over the networks.
func Compare(stages []*Outcomes, g *Groups, o Options) (*Table, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if len(stages) == 0 || len(g.Of) == 0 {
		return nil, fmt.Errorf("there are no rows to audit")
	}
	for _, s := range stages {
		if n := s.Rows(); n == 0 || n%len(g.Of) != 0 {
			return nil, fmt.Errorf("there are groups of %d rows and predictions of %d", len(g.Of), n)
		}
	}
	l := newLayout(stages[0].Task, g, o)
	t := &Table{By: g.By, Notes: l.notes(g, o)}
	if task := stages[0].Task; task.rated() > 1 && !task.oneByOne(len(g.Values)) {
		t.Notes = append(t.Notes, fmt.Sprintf("%d classes are too many to measure one by one in %d groups", task.rated(), len(g.Values)))
	}
	for k, rows := range g.Rows() {
		t.Groups = append(t.Groups, Group{g.Values[k], rows, rows < o.MinRows})
	}
	exact := make([][]float64, len(stages)+1) // the last one is the change
	tallies := make([][]*tally, len(stages))
	for s, out := range stages {
		tallies[s] = shifted(out, g)
		exact[s] = make([]float64, l.size)
		l.measure(exact[s], out, g, tallies[s], nil)
	}
	exact[len(stages)] = change(exact[0], exact[len(stages)-1])
	low, high, err := l.intervals(stages, g, tallies, o)
	if err != nil {
		return nil, err
	}
	t.Measures, t.Disparities = l.tables(exact, low, high)
	return t, nil
}

func change(first, last []float64) []float64 {
	out := make([]float64, len(first))
	for i := range out {
		out[i] = last[i] - first[i]
	}
	return out
}

// The six numbers of a frame behind the numbers of all rows and of groups.
const (
	atMin = iota
	atMax
	atDifference
	atDifferenceToOverall
	atRatio
	atRatioToOverall
	aggregates
)

// disparity combines aggregates of rates: the largest of differences, the smallest of ratios.
type disparity struct {
	name  string
	rates []string
	at    int // the aggregate
}

var disparities = []disparity{
	{"demographic_parity_difference", []string{"selection_rate"}, atDifference},
	{"demographic_parity_ratio", []string{"selection_rate"}, atRatio},
	{"equalized_odds_difference", []string{"true_positive_rate", "false_positive_rate"}, atDifference},
	{"equalized_odds_ratio", []string{"true_positive_rate", "false_positive_rate"}, atRatio},
	{"equal_opportunity_difference", []string{"true_positive_rate"}, atDifference},
	{"equal_opportunity_ratio", []string{"true_positive_rate"}, atRatio},
}

// layout is the place of each number in a list: for each metric all rows, the groups and the
// aggregates, and then the disparities.
type layout struct {
	metrics     []metric
	counts      []bool // whether a group counts in aggregates
	width, size int
	disparities []disparity
}

func newLayout(t Task, g *Groups, o Options) *layout {
	l := &layout{metrics: t.metrics(len(g.Values))}
	for _, rows := range g.Rows() {
		l.counts = append(l.counts, rows >= o.MinRows)
	}
	l.width = 1 + len(l.counts) + aggregates
	if t.Classes > 0 && t.Positive >= 0 {
		l.disparities = disparities
	}
	l.size = l.width*len(l.metrics) + len(l.disparities)
	return l
}

// notes say which groups are small, and which combinations are none.
func (l *layout) notes(g *Groups, o Options) (out []string) {
	var few []string
	names := g.Names()
	rows := g.Rows()
	for k, c := range l.counts {
		if !c {
			few = append(few, fmt.Sprintf("%s (%d)", names[k], rows[k]))
		}
	}
	if few != nil {
		out = append(out, fmt.Sprintf("groups with fewer than %d rows are not in differences and ratios: %s", o.MinRows, list(few)))
	}
	if g.Left != nil {
		out = append(out, "combinations with a single row are no groups: "+list(g.Left))
	}
	return out
}

// list joins the first of some names.
func list(names []string) string {
	const most = 8
	text := ""
	for k, name := range names[:min(most, len(names))] {
		if k > 0 {
			text += ", "
		}
		text += name
	}
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// measure fills in all numbers of one stage. times is how often each row counts; nil: once.
func (l *layout) measure(to []float64, o *Outcomes, g *Groups, tallies []*tally, times []int32) {
	for _, t := range tallies {
		t.reset()
	}
	for i, k := range g.Of {
		w := 1.0
		if times != nil {
			if w = float64(times[i]); w == 0 {
				continue
			}
		}
		t := place(tallies, k)
		for at := i; at < o.Rows(); at += len(g.Of) {
			t.add(o, at, w)
		}
	}
	for _, t := range tallies[1:] {
		tallies[0].merge(t)
	}
	for m, metric := range l.metrics {
		v := to[m*l.width:][:l.width]
		for k, t := range tallies[:1+len(l.counts)] { // without the rows of no group
			v[k] = math.NaN()
			if t.n > 0 {
				v[k] = metric.of(t)
			}
		}
		l.aggregate(v)
		if metric.signed() {
			a := v[1+len(l.counts):]
			a[atRatio], a[atRatioToOverall] = math.NaN(), math.NaN()
		}
	}
	for k, d := range l.disparities {
		var of []float64
		for _, rate := range d.rates {
			m := slices.IndexFunc(l.metrics, func(m metric) bool { return m.name == rate })
			of = append(of, to[m*l.width+1+len(l.counts)+d.at])
		}
		worst := slices.Max[[]float64] // NaN where one of them is
		if d.at == atRatio {
			worst = slices.Min
		}
		to[len(l.metrics)*l.width+k] = worst(of)
	}
}

// aggregate fills in the six numbers behind the numbers of the groups.
func (l *layout) aggregate(v []float64) {
	overall, a := v[0], v[1+len(l.counts):]
	for k := range a {
		a[k] = math.NaN()
	}
	n, least, most, off, nearest := 0, math.Inf(1), math.Inf(-1), 0.0, math.Inf(1)
	for k, counts := range l.counts {
		x := v[1+k]
		if !counts || math.IsNaN(x) {
			continue
		}
		n++
		least, most, off = min(least, x), max(most, x), max(off, math.Abs(x-overall))
		nearest = min(nearest, oneSided(x, overall))
	}
	if n == 0 {
		return
	}
	a[atMin], a[atMax], a[atDifferenceToOverall], a[atRatioToOverall] = least, most, off, nearest
	if n > 1 {
		a[atDifference], a[atRatio] = most-least, quotient(least, most)
	}
}

// oneSided is a ratio or its inverse, whichever is at most 1.
func oneSided(a, b float64) float64 {
	r := quotient(a, b)
	if r > 1 {
		return quotient(b, a)
	}
	return r
}

// tables makes measures of lists of numbers: one for each stage and the change. low and high are
// nil without intervals.
func (l *layout) tables(exact, low, high [][]float64) (measures []Measure, gaps []Disparity) {
	stages := len(exact) - 1
	value := func(s, i int) Value {
		if low == nil {
			return Value{exact[s][i], math.NaN(), math.NaN()}
		}
		return Value{exact[s][i], low[s][i], high[s][i]}
	}
	frame := func(s, m int) Frame {
		at, groups := m*l.width, len(l.counts)
		f := Frame{Overall: value(s, at)}
		for k := range groups {
			f.Groups = append(f.Groups, value(s, at+1+k))
		}
		for k, to := range []*Value{&f.Min, &f.Max, &f.Difference, &f.DifferenceToOverall, &f.Ratio, &f.RatioToOverall} {
			*to = value(s, at+1+groups+k)
		}
		return f
	}
	for m, metric := range l.metrics {
		out := Measure{Name: metric.name, Class: metric.class}
		for s := range stages {
			out.Stages = append(out.Stages, frame(s, m))
		}
		if stages > 1 {
			f := frame(stages, m)
			out.Change = &f
		}
		measures = append(measures, out)
	}
	for k, d := range l.disparities {
		at, out := len(l.metrics)*l.width+k, Disparity{Name: d.name}
		for s := range stages {
			out.Stages = append(out.Stages, value(s, at))
		}
		if stages > 1 {
			v := value(stages, at)
			out.Change = &v
		}
		gaps = append(gaps, out)
	}
	return measures, gaps
}
