package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"pare/internal/svg"
	"pare/report/chart"
)

// Left is the measure of a network's size in a trade-off.
type Left string

// Measures of size.
const (
	LeftMACs    Left = "macs"        // multiply-accumulates
	LeftParams  Left = "params"      // parameters of the layers that remain, zeros included
	LeftNonZero Left = "nonzero"     // parameters that are not 0
	LeftActive  Left = "activations" // outputs of ReLUs that are not 0
)

// share is the remaining size of a run's network, in percent.
func (l Left) share(o Outcome) float64 {
	if l == LeftActive {
		return 100 * *o.Active
	}
	part, whole := o.MACs[1], o.MACs[0]
	switch l {
	case LeftParams:
		part, whole = o.Params[1], o.Params[0]
	case LeftNonZero:
		part, whole = o.NonZero, o.Params[0]
	}
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}

func (l Left) axis() string {
	return map[Left]string{LeftMACs: "multiply-accumulates left, %", LeftParams: "parameters left, %",
		LeftNonZero: "parameters that are not 0, %", LeftActive: "activations that are not 0, %"}[l]
}

// TradeOff draws results over the share that is left as a SVG picture: a dot for each
// experiment, at the means over its seeds with their standard deviation, and a curve
// through those that differ in how much they were asked to leave. Results of different
// kinds, and more curves than marks and colours tell apart, are an error.
func TradeOff(w io.Writer, runs []Outcome, over Left) error {
	plot := chart.Chart{X: over.axis(), Y: runs[0].Measure, Title: "Test " + runs[0].Measure + " over what is left"}
	scale := 1.0
	if strings.HasPrefix(runs[0].Measure, "error") {
		scale, plot.Y = 100, plot.Y+", %"
	}
	var curves [][]experiment
	at := map[string]int{}
	for _, e := range experiments(runs) {
		key := e.curveKey()
		i, ok := at[key]
		if !ok {
			i = len(curves)
			at[key] = i
			curves = append(curves, nil)
		}
		curves[i] = append(curves[i], e)
	}
	if len(curves) > svg.MaxCurves {
		return fmt.Errorf("%d experiments are more than a picture tells apart, which is %d: draw fewer", len(curves), svg.MaxCurves)
	}
	for i, name := range curveNames(curves) {
		plot.Curves = append(plot.Curves, chart.Curve{Name: name, Dots: true})
		for _, e := range curves[i] {
			for _, r := range e.runs {
				if r.Measure != runs[0].Measure {
					return fmt.Errorf("%s has a result of another kind (%s) than %s (%s): draw them apart", r.Run, r.Measure, runs[0].Run, runs[0].Measure)
				}
				if over == LeftActive && r.Active == nil {
					return fmt.Errorf("%s has no activations that can be 0: its network has no ReLU", r.Run)
				}
			}
			mean := Comparison{Outcome: e.runs[0]}
			if len(e.runs) > 1 {
				mean = averaged(e.runs)
			}
			insert(&plot.Curves[i], over.share(mean.Outcome), scale*mean.Value, scale*mean.Spread)
		}
	}
	return plot.WriteSVG(w)
}

// curveNames are distinct names of curves.
func curveNames(curves [][]experiment) []string {
	lists, settings := make([][]Outcome, len(curves)), make([]any, len(curves))
	for i, c := range curves {
		for _, e := range c {
			lists[i] = append(lists[i], e.runs...)
		}
		settings[i] = pathsWhere("", c[0].settings, isAmount, func(string, any) {})
	}
	return labels(lists, settings)
}

// insert puts a value where it belongs on the axis.
func insert(c *chart.Curve, x, y, e float64) {
	i, _ := slices.BinarySearchFunc(c.X, x, cmp.Compare[float64])
	c.X, c.Y, c.Error = slices.Insert(c.X, i, x), slices.Insert(c.Y, i, y), slices.Insert(c.Error, i, e)
}
