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
	plot := Plot{Title: "Gradient by lag", X: "lag", Y: "log10 ‖∂L/∂h‖"}
	for _, c := range curves {
		curve := PlotCurve{Name: c.Name}
		for lag, v := range c.Norms {
			curve.X, curve.Y = append(curve.X, float64(lag)), append(curve.Y, math.Log10(v))
		}
		plot.Curves = append(plot.Curves, curve)
	}
	return plot.WriteSVG(w)
}
