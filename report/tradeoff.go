package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Left is what a trade-off counts of a network.
type Left string

// What may be left of a network.
const (
	LeftMACs    Left = "macs"        // multiply-accumulates
	LeftParams  Left = "params"      // parameters of the layers that remain, zeros included
	LeftNonZero Left = "nonzero"     // parameters that are not 0
	LeftActive  Left = "activations" // outputs of ReLUs that are not 0
)

// share is what a run left, in percent.
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
	return map[Left]string{LeftMACs: "multiply-accumulates left, %", LeftParams: "parameters left, %", LeftNonZero: "parameters that are not 0, %",
		LeftActive: "activations that are not 0, %"}[l]
}

// TradeOff draws results over the share that is left as a SVG picture: a curve for each
// name and method, a dot for each group of runs that differ in the seed alone, at the
// means over its seeds with their standard deviation. Results of different kinds are
// an error.
func TradeOff(w io.Writer, runs []Outcome, over Left) error {
	plot := Plot{X: over.axis()}
	scale := 1.0
	curves := map[string]int{}
	for _, group := range groups(runs) {
		mean, spread := group[0], 0.0
		if len(group) > 1 {
			c := averaged(group)
			mean.MACs, mean.Params, mean.NonZero, mean.Active, mean.Value, spread = c.MACs, c.Params, c.NonZero, c.Active, c.Value, c.Spread
		}
		if plot.Y == "" {
			plot.Y, plot.Title = mean.Measure, "Test "+mean.Measure+" over what is left"
			if strings.HasPrefix(mean.Measure, "error") {
				scale, plot.Y = 100, plot.Y+", %"
			}
		}
		if mean.Measure != runs[0].Measure {
			return fmt.Errorf("%s has a result of another kind (%s) than %s (%s): draw them apart", mean.Run, mean.Measure, runs[0].Run, runs[0].Measure)
		}
		if over == LeftActive && mean.Active == nil {
			return fmt.Errorf("%s has no activations that can be 0: its network has no ReLU", mean.Run)
		}
		name := mean.Name
		if mean.Method != "zeros" && mean.Method != "none" {
			name += ", " + mean.Method
		}
		i, ok := curves[name]
		if !ok {
			i = len(plot.Curves)
			curves[name] = i
			plot.Curves = append(plot.Curves, PlotCurve{Name: name, Dots: true})
		}
		plot.Curves[i].add(over.share(mean), scale*mean.Value, scale*spread)
	}
	return plot.WriteSVG(w)
}

// groups are the runs that differ in the seed alone, in the order of their first.
func groups(runs []Outcome) [][]Outcome {
	var out [][]Outcome
	at := map[string]int{}
	for _, r := range runs {
		i, ok := at[r.Group]
		if !ok {
			i = len(out)
			at[r.Group] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], r)
	}
	return out
}

// add puts a value where it belongs on the axis.
func (c *PlotCurve) add(x, y, e float64) {
	i, _ := slices.BinarySearchFunc(c.X, x, cmp.Compare[float64])
	c.X, c.Y, c.Error = slices.Insert(c.X, i, x), slices.Insert(c.Y, i, y), slices.Insert(c.Error, i, e)
}
