package report

import (
	"io"
	"math"
)

// LagCurve is what reaches back from the end of a sequence: a norm for each lag.
type LagCurve struct {
	Name  string
	Norms []float64 // by lag, from 0
}

// LagChart draws the decimal logarithms of norms over the lag as a SVG picture.
// Norms of 0 are left out.
func LagChart(w io.Writer, curves []LagCurve) error {
	chart := lineChart{title: "Gradient by lag", xName: "lag"}
	for _, c := range curves {
		var piece []dot
		for lag, v := range c.Norms {
			if v > 0 {
				piece = append(piece, dot{float64(lag), math.Log10(v)})
			}
		}
		chart.lines = append(chart.lines, series{name: "log10 ‖∂L/∂h‖, " + c.Name, pieces: [][]dot{piece}})
	}
	_, err := io.WriteString(w, chart.render(fileHead()))
	return err
}
