package report

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"pare/report/chart"
)

// lineChart is curves over the epochs of a run.
type lineChart struct {
	title         string
	percent, zero bool // the values are shares; the axis contains 0
	lines         []series
	names         chart.Names
}

type series = chart.Curve

// dotsUpTo is the largest number of values of a curve that has a dot at each.
const dotsUpTo = 60

// curves returns the charts of a run; those without a value are left out.
func curves(phases []Phase) []chart.Chart {
	shifts, spans := timeline(phases)
	line := func(name string, value func(Point) float64) series {
		return overEpochs(name, chart.Distinct, phases, shifts, value)
	}
	charts := []lineChart{
		{title: "Loss", zero: true, lines: []series{
			line("training", func(p Point) float64 { return p.TrainLoss }),
			line("validation", func(p Point) float64 { return p.ValLoss })}},
		{title: "Validation accuracy", percent: true, lines: []series{
			line("validation accuracy", func(p Point) float64 { return p.ValAccuracy }),
			line("under attack", func(p Point) float64 { return p.RobustAccuracy })}},
		{title: "Sparsity", percent: true, zero: true, lines: []series{
			line("weights that are 0", func(p Point) float64 { return p.Zeros }),
			line("groups that are 0", func(p Point) float64 { return p.GroupsZero / p.GroupsTotal })}},
		{title: "Left after removal", percent: true, zero: true, lines: []series{
			line("parameters", func(p Point) float64 { return p.ParamsLeft }),
			line("multiply-accumulates", func(p Point) float64 { return p.MACsLeft })}},
		{title: "Penalty", zero: true, lines: []series{
			line("penalty", func(p Point) float64 { return p.Penalty })}},
		{title: "Learning rate", zero: true, lines: []series{
			line("learning rate", func(p Point) float64 { return p.LR })}},
	}
	charts = append(charts, trajectories(phases, shifts)...)
	var out []chart.Chart
	for _, c := range charts {
		c.lines = slices.DeleteFunc(c.lines, func(s series) bool { return !known(s) })
		if len(c.lines) > 0 {
			out = append(out, chart.Chart{Title: c.title, X: "epoch", Whole: true, Percent: c.percent, Zero: c.zero,
				Curves: c.lines, Spans: spans, Names: c.names})
		}
	}
	return out
}

// known reports whether a curve says anything: one that is 0 throughout was not
// measured.
func known(s series) bool {
	return slices.ContainsFunc(s.Y, func(y float64) bool { return y != 0 && chart.Finite(y) })
}

// timeline puts phases one after another: a phase that counts its epochs anew
// is shifted behind the one before. Spans meet halfway between the phases.
func timeline(phases []Phase) (shifts []float64, spans []chart.Span) {
	shifts = make([]float64, len(phases))
	for i, phase := range phases {
		first, last, ok := extent(phase)
		if !ok {
			continue
		}
		if n := len(spans); n > 0 {
			before := spans[n-1].To
			if first <= before {
				shifts[i] = before + 1 - first
			}
			first, last = first+shifts[i], last+shifts[i]
			spans[n-1].To = (before + first) / 2
			first = spans[n-1].To
		}
		spans = append(spans, chart.Span{Name: phase.Name, From: first, To: last})
	}
	return shifts, spans
}

// extent is the first and the last epoch of a phase.
func extent(phase Phase) (first, last float64, ok bool) {
	for _, p := range phase.Epochs {
		if !chart.Finite(p.Epoch) {
			continue
		}
		if !ok {
			first, last, ok = p.Epoch, p.Epoch, true
		}
		first, last = min(first, p.Epoch), max(last, p.Epoch)
	}
	return first, last, ok
}

// overEpochs collects a curve. It breaks between phases and where a value is missing.
func overEpochs(name string, style chart.Style, phases []Phase, shifts []float64, value func(Point) float64) series {
	s := series{Name: name, Style: style}
	for i, phase := range phases {
		for _, p := range phase.Epochs {
			s.X, s.Y = append(s.X, p.Epoch+shifts[i]), append(s.Y, value(p))
		}
		s.X, s.Y = append(s.X, math.NaN()), append(s.Y, math.NaN())
	}
	s.Dots = len(s.Y) <= dotsUpTo
	return s
}

// trajectories are the charts of gates and of the norms of groups over the epochs.
func trajectories(phases []Phase, shifts []float64) []lineChart {
	names := map[string]int{} // gate to its number of values
	var terms []string
	for _, phase := range phases {
		for _, p := range phase.Epochs {
			for name, values := range p.Gates {
				names[name] = max(names[name], len(values))
			}
			for _, n := range p.Norms {
				if !slices.Contains(terms, n.Term) {
					terms = append(terms, n.Term)
				}
			}
		}
	}
	gates := lineChart{title: "Gates", zero: true, names: chart.Unnamed}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		for i := range names[name] {
			label := name
			if names[name] > 1 {
				label = fmt.Sprintf("%s %d", name, i+1)
			}
			gates.lines = append(gates.lines, overEpochs(label, chart.Thin, phases, shifts, func(p Point) float64 {
				if values := p.Gates[name]; i < len(values) {
					return float64(values[i])
				}
				return math.NaN()
			}))
		}
	}
	charts := []lineChart{gates}
	for _, term := range terms {
		c := lineChart{title: "Norms of the groups that are not 0: " + term, zero: true}
		for k, name := range []string{"min", "10 %", "median", "90 %", "max"} {
			style := chart.Thin
			if k == 2 {
				style = chart.Strong
			}
			c.lines = append(c.lines, overEpochs(name, style, phases, shifts, func(p Point) float64 {
				for _, n := range p.Norms {
					if n.Term == term {
						return n.Quantiles[k]
					}
				}
				return math.NaN()
			}))
		}
		charts = append(charts, c)
	}
	return charts
}
