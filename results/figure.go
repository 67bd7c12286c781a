package results

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"pare/internal/svg"
	"pare/report"
	"pare/report/chart"
)

// Figure draws the measure over the size of the networks: a curve for each method, at the
// means over its seeds with a band from the lowest to the highest seed, the level of the
// dense network, and the Pareto front of all means. Results of different kinds or data, an
// unknown size, and more curves than a figure tells apart are an error.
func (s *Set) Figure(over Over) (chart.Figure, error) {
	if err := cmp.Or(s.Comparable(), s.measured(over)); err != nil {
		return chart.Figure{}, err
	}
	first := s.Rows[0]
	f := chart.Figure{Title: fmt.Sprintf("Test %s over %s", first.Measure, over.axis()), X: over.axis(), Y: yAxis(first)}
	unit := func(v float64) string { return first.format(v) }
	if first.isError() {
		unit = func(v float64) string { return first.format(v / 100) }
	}
	all, err := s.draw(&f, over, func(r *Row) float64 { return r.shown(r.Value) }, unit)
	f.Front = front(all)
	return f, err
}

// yAxis is the title of the axis of the measure.
func yAxis(r *Row) string {
	if r.isError() {
		return "test " + r.Measure + ", %"
	}
	return "test " + r.Measure
}

// robustFigure draws a measure of robustness, as Figure draws the measure; runs without it are left
// out.
func (s *Set) robustFigure(over Over, m robustness) (chart.Figure, error) {
	f := chart.Figure{Title: fmt.Sprintf("%s, over %s", strings.TrimSuffix(m.name, ", %"), over.axis()), X: over.axis(), Y: m.name, LinearY: true}
	_, err := s.draw(&f, over, m.of, func(v float64) string { return report.Percent(v / 100) })
	return f, err
}

// draw adds a curve of a value for each method, and returns the means; format writes a value.
func (s *Set) draw(f *chart.Figure, over Over, y func(*Row) float64, format func(float64) string) ([]chart.Spot, error) {
	spot := func(g Group) chart.Spot {
		at := chart.Spot{X: g.Mean(over.of), Y: g.Mean(y), Low: math.Inf(1), High: math.Inf(-1)}
		for _, r := range g.Rows {
			at.Low, at.High = min(at.Low, y(r)), max(at.High, y(r))
		}
		return at
	}
	var all []chart.Spot
	most := 1 // seeds of a group
	for _, c := range s.curves {
		series := chart.Series{Name: c.Label}
		for _, g := range c.Groups {
			at := spot(g)
			if math.IsNaN(at.Y) {
				continue
			}
			most = max(most, len(g.Rows))
			at.Tip = fmt.Sprintf("%s, %s: %s", c.Label, g.Point, line{c.Label, g.Point, len(g.Rows), g.Rows}.result())
			if f.Y != yAxis(s.Rows[0]) {
				at.Tip += "; " + format(at.Y)
			}
			series.Spots, all = append(series.Spots, at), append(all, at)
		}
		slices.SortStableFunc(series.Spots, func(a, b chart.Spot) int { return cmp.Compare(a.X, b.X) })
		if len(series.Spots) == 0 {
			continue
		}
		if c.Method == methodDense && len(c.Groups) == 1 && f.Level == nil && len(s.curves) > 1 {
			at := series.Spots[0]
			f.Level = &chart.Level{Name: c.Label + " " + format(at.Y), Y: at.Y, Low: at.Low, High: at.High}
			continue
		}
		f.Series = append(f.Series, series)
	}
	if n := len(f.Series); n > svg.MaxCurves {
		return nil, fmt.Errorf("%d curves are more than a figure tells apart, which is %d: draw fewer", n, svg.MaxCurves)
	}
	if most > 1 {
		f.Note = "Means over seeds; bars: lowest to highest seed."
		if f.Bands() {
			f.Note = strings.Replace(f.Note, "bars", "bands", 1)
		}
	}
	return all, nil
}

// front are the points that no other point beats in size and measure at once, by size.
func front(all []chart.Spot) []chart.Spot {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b chart.Spot) int { return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Y, b.Y)) })
	var out []chart.Spot
	for _, s := range sorted {
		if len(out) == 0 || s.Y < out[len(out)-1].Y {
			out = append(out, s)
		}
	}
	return out
}
