package report

import (
	"errors"
	"io"
	"math"
)

// PathCurve is a number that follows λ: NaN where there is none.
type PathCurve struct {
	Name   string
	Values []float64 // by λ
	// Strong curves are drawn wide, those of a known truth for instance.
	Strong bool
}

// PathChart draws curves over log10 λ as a SVG picture, below a caption that says what
// they are. chosen is the index of the λ to mark; −1: none.
func PathChart(w io.Writer, caption string, lambdas []float64, curves []PathCurve, chosen int) error {
	chart := lineChart{title: caption, caption: caption, xName: "log10 λ", zero: true, bare: true, fine: true}
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range lambdas {
		if l > 0 {
			low, high = min(low, math.Log10(l)), max(high, math.Log10(l))
		}
	}
	if low > high {
		return errors.New("a path has no positive lambda to draw")
	}
	if chosen >= 0 && lambdas[chosen] > 0 {
		at := math.Log10(lambdas[chosen])
		chart.spans = []span{{"", low, at}, {"chosen", at, high}}
	}
	for _, c := range curves {
		s := series{name: c.Name, class: "thin"}
		if c.Strong {
			s.class = "line1"
		}
		var piece []dot
		for i, v := range c.Values {
			if lambdas[i] <= 0 || math.IsNaN(v) || math.IsInf(v, 0) {
				continue
			}
			piece = append(piece, dot{math.Log10(lambdas[i]), v})
		}
		s.pieces = [][]dot{piece}
		chart.lines = append(chart.lines, s)
	}
	_, err := io.WriteString(w, chart.render(fileHead()))
	return err
}
