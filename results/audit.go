package results

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"pare/internal/svg"
	"pare/report/chart"
	"pare/stat/audit"
)

// Runs with an audit have measures of groups of test examples. auditKey is one of them, of the
// final network.
type auditKey struct {
	by      string // columns, with × between them
	measure string
	// group is the name of a group, or an aggregate: difference, ratio, group_min or group_max. ""
	// stands for a disparity, which is one number.
	group     string
	aggregate bool
}

// column is the name of the key in results.csv.
func (k auditKey) column() string {
	switch {
	case k.group == "":
		return k.measure + "_by_" + k.by
	case k.aggregate:
		return k.measure + "_by_" + k.by + "_" + k.group
	}
	return k.measure + "_by_" + k.by + "=" + k.group
}

// auditHeadlines are the measures of a run that results show, as far as a task has them.
var auditHeadlines = []string{"accuracy", "selection_rate", "true_positive_rate", "false_positive_rate",
	"macro_true_positive_rate", "macro_false_positive_rate", "calibration_error", "loss",
	"mean_squared_error", "mean_absolute_error", "mean_error", "r2"}

// readAudit keeps the measures of the final network, and the share of each group whose prediction
// pruning changed. Of combinations of columns it keeps the gaps, and of each group the accuracy or
// the mean square error.
func (r *Row) readAudit(tables []audit.Table, changed *audit.Changes) {
	r.audit = map[auditKey]float64{}
	if changed != nil {
		for _, g := range changed.Groups {
			for _, s := range g.Groups {
				r.audit[auditKey{g.Name(), "changed_predictions", s.Name, false}] = float64(s.Changed) / max(1, float64(s.Rows))
			}
		}
	}
	for _, t := range tables {
		by := t.Name()
		for _, name := range auditHeadlines {
			m := t.Measure(name)
			if m == nil || len(m.Stages) == 0 {
				continue
			}
			f := m.Stages[len(m.Stages)-1]
			for k, g := range t.Groups[:min(len(t.Groups), len(f.Groups))] { // a file may have been changed
				if len(t.By) > 1 && name != "accuracy" && name != "mean_squared_error" {
					break // combinations are many
				}
				r.audit[auditKey{by, name, g.Name(), false}] = f.Groups[k].Value
			}
			for aggregate, v := range map[string]audit.Value{"difference": f.Difference, "ratio": f.Ratio, "group_min": f.Min, "group_max": f.Max} {
				r.audit[auditKey{by, name, aggregate, true}] = v.Value
			}
		}
		for _, d := range t.Disparities {
			if n := len(d.Stages); n > 0 {
				r.audit[auditKey{by, d.Name, "", false}] = d.Stages[n-1].Value
			}
		}
	}
}

// audited is a measure of groups; NaN where the run has none.
func (r *Row) audited(k auditKey) float64 {
	if v, ok := r.audit[k]; ok {
		return v
	}
	return math.NaN()
}

// auditKeys are all measures of groups that some run has, by column.
func (s *Set) auditKeys() []auditKey {
	all := map[auditKey]bool{}
	for _, r := range s.Rows {
		for k := range r.audit {
			all[k] = true
		}
	}
	place := func(k auditKey) int {
		if at := slices.Index(auditHeadlines, k.measure); at >= 0 {
			return at
		}
		return len(auditHeadlines)
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b auditKey) int {
		crossed := func(k auditKey) int { return strings.Count(k.by, "×") }
		return cmp.Or(cmp.Compare(crossed(a), crossed(b)), cmp.Compare(a.by, b.by), cmp.Compare(place(a), place(b)),
			cmp.Compare(a.measure, b.measure), boolOrder(a.aggregate, b.aggregate), cmp.Compare(a.group, b.group))
	})
}

// boolOrder has false first.
func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// auditBys are the columns of groups, with × between the columns of combinations.
func (s *Set) auditBys() (out []string) {
	for _, k := range s.auditKeys() {
		if !slices.Contains(out, k.by) {
			out = append(out, k.by)
		}
	}
	return out
}

// groupMeasure is the measure that figures of groups draw: the error in percent where there are
// accuracies, the mean square error of numbers otherwise.
func (s *Set) groupMeasure(by string) (name string, of func(r *Row, group string) float64, gap func(r *Row) float64) {
	has := func(measure string) bool {
		return slices.ContainsFunc(s.auditKeys(), func(k auditKey) bool { return k.by == by && k.measure == measure })
	}
	if has("accuracy") {
		return "error, %", func(r *Row, group string) float64 { return 100 - 100*r.audited(auditKey{by, "accuracy", group, false}) },
			func(r *Row) float64 { return 100 * r.audited(auditKey{by, "accuracy", "difference", true}) }
	}
	return "mean square error", func(r *Row, group string) float64 { return r.audited(auditKey{by, "mean_squared_error", group, false}) },
		func(r *Row) float64 { return r.audited(auditKey{by, "mean_squared_error", "difference", true}) }
}

// groupsOf are the groups of a column that some run has.
func (s *Set) groupsOf(by string) (out []string) {
	for _, k := range s.auditKeys() {
		if k.by == by && !k.aggregate && k.group != "" && !slices.Contains(out, k.group) {
			out = append(out, k.group)
		}
	}
	return out
}

// strength is λ, or the factor on every λ in a sweep, from the point; NaN: neither is varied.
func (r *Row) strength() float64 {
	for _, prefix := range []string{"strength ", "λ "} {
		text, ok := strings.CutPrefix(r.Point, prefix)
		if !ok {
			continue
		}
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			return v
		}
	}
	return math.NaN()
}

// auditFigure is a figure of groups with the name of its file.
type auditFigure struct {
	file string
	chart.Figure
}

// auditFigures draws for each column the gap between groups over the size of the networks, a curve
// for each method, and for each method the measure of every group: over the strength of the penalty
// where that is varied, over the size otherwise. nil: no run has an audit.
func (s *Set) auditFigures(over Over) (out []auditFigure) {
	for _, by := range s.auditBys() {
		measure, of, gap := s.groupMeasure(by)
		noun, unit, percent := strings.Cut(measure, ", ")
		if percent {
			unit = ", points"
		}
		f := chart.Figure{Title: fmt.Sprintf("Largest difference in %s between groups of %s", noun, by), X: over.axis(),
			Y: "largest difference in " + noun + unit}
		for _, c := range s.curves {
			if series := seriesOf(c.Label, c.Groups, over.of, gap); len(series.Spots) > 0 && len(f.Series) < svg.MaxCurves {
				f.Series = append(f.Series, series)
			}
		}
		if f.Series != nil {
			f.Note = spreadNote(f)
			out = append(out, auditFigure{"audit-" + fileWord(by) + ".svg", f})
		}
		for _, c := range s.curves {
			if len(c.Groups) < 2 {
				continue
			}
			x, axis := over.of, over.axis()
			if !slices.ContainsFunc(c.Groups, func(g Group) bool { return math.IsNaN(g.Mean((*Row).strength)) }) {
				x, axis = (*Row).strength, "strength of the penalty"
			}
			f := chart.Figure{Title: fmt.Sprintf("Test %s of groups of %s, %s", noun, by, c.Label), X: axis, Y: "test " + measure}
			for _, group := range s.groupsOf(by) {
				series := seriesOf(group, c.Groups, x, func(r *Row) float64 { return of(r, group) })
				if len(series.Spots) > 0 && len(f.Series) < svg.MaxCurves {
					f.Series = append(f.Series, series)
				}
			}
			if f.Series != nil {
				f.Note = spreadNote(f)
				out = append(out, auditFigure{"audit-" + fileWord(by) + "-" + fileWord(c.Label) + ".svg", f})
			}
		}
	}
	return out
}

// seriesOf are the means over the seeds of each group of runs, with their range. Runs without the
// value are left out.
func seriesOf(name string, groups []Group, x, y func(*Row) float64) chart.Series {
	out := chart.Series{Name: name}
	for _, g := range groups {
		known := Group{g.Point, slices.DeleteFunc(slices.Clone(g.Rows), func(r *Row) bool { return math.IsNaN(x(r)) || math.IsNaN(y(r)) })}
		if len(known.Rows) == 0 {
			continue
		}
		at := chart.Spot{X: known.Mean(x), Y: known.Mean(y), Low: math.Inf(1), High: math.Inf(-1)}
		for _, r := range known.Rows {
			at.Low, at.High = min(at.Low, y(r)), max(at.High, y(r))
		}
		at.Tip = fmt.Sprintf("%s, %s: %.4g (%.4g to %.4g over %d runs)", name, g.Point, at.Y, at.Low, at.High, len(known.Rows))
		out.Spots = append(out.Spots, at)
	}
	slices.SortStableFunc(out.Spots, func(a, b chart.Spot) int { return cmp.Compare(a.X, b.X) })
	return out
}

func spreadNote(f chart.Figure) string {
	for _, s := range f.Series {
		for _, p := range s.Spots {
			if p.Low != p.High {
				if f.Bands() {
					return "Means over seeds; bands: lowest to highest seed."
				}
				return "Means over seeds; bars: lowest to highest seed."
			}
		}
	}
	return ""
}

// fileWord is a text as a part of the name of a file.
func fileWord(text string) string {
	var b strings.Builder
	dash := false
	for _, r := range strings.ToLower(text) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '.' {
			b.WriteRune(r)
			dash = false
		} else if !dash && b.Len() > 0 {
			b.WriteByte('-')
			dash = true
		}
	}
	return strings.TrimSuffix(b.String(), "-")
}

// gaps are the largest differences between groups of a line of the table of runs: "race 7.21 %".
func (l line) gaps() string {
	var parts []string
	seen := map[string]bool{}
	for _, k := range (&Set{Rows: l.rows}).auditKeys() {
		if seen[k.by] || strings.Contains(k.by, "×") {
			continue
		}
		seen[k.by] = true
		measure, _, gap := (&Set{Rows: l.rows}).groupMeasure(k.by)
		if v := l.mean(gap); !math.IsNaN(v) {
			if strings.HasSuffix(measure, "%") {
				parts = append(parts, fmt.Sprintf("%s %.2f", k.by, v))
			} else {
				parts = append(parts, fmt.Sprintf("%s %.4g", k.by, v))
			}
		}
	}
	return strings.Join(parts, ", ")
}
