package lasso

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"

	"pare/report/chart"
	"pare/stat/audit"
	"pare/stat/linear"
)

// chart returns an empty picture over the path, with marks at the λ that were chosen.
func (r *Result) chart(title, y string) (chart.Chart, []float64) {
	var marks []chart.Mark
	if c := r.CV; c != nil {
		marks = append(marks, chart.Mark{Name: "λ.1se", X: c.Lambda1SE()})
		if c.Min != c.OneSE {
			marks = append(marks, chart.Mark{Name: "λ.min", X: c.LambdaMin()})
		}
	}
	if g := r.Guard; g != nil && g.Lambda > 0 {
		marks = append(marks, chart.Mark{Name: "permutation λ", X: g.Lambda})
	}
	return r.path().Chart(title, y, marks...)
}

// pathCurves bounds the coefficients that are drawn, each a curve.
const pathCurves = 400

// drawPath draws coefficients, times the deviations of their features, along the
// path. Those that do not pass the guard are faint.
func (r *Result) drawPath(w io.Writer) error {
	p, x := r.chart("Coefficients of "+r.Data.Target, "coefficient × standard deviation")
	p.Names = chart.AtEnds
	large := map[string]float64{}
	for _, c := range r.curves() {
		if c.feature < 0 {
			continue
		}
		sd := r.problem.deviation(c.feature)
		line := chart.Curve{Name: c.name, X: x, Y: c.value}
		for k := range line.Y {
			line.Y[k] *= sd
			large[c.name] = max(large[c.name], math.Abs(line.Y[k]))
		}
		if r.Guard != nil && !r.Guard.Passed(c.feature) {
			line.Style = chart.Faint
		}
		if large[c.name] > 0 {
			p.Curves = append(p.Curves, line)
		}
	}
	slices.SortStableFunc(p.Curves, func(a, b chart.Curve) int { return cmp.Compare(large[b.Name], large[a.Name]) })
	p.Curves = p.Curves[:min(pathCurves, len(p.Curves))]
	return p.WriteSVG(w)
}

// drawCV draws the loss on left-out folds with its standard error.
func (r *Result) drawCV(w io.Writer) error {
	p, x := r.chart("Cross-validation of "+r.Data.Target, r.measureName()+" on left-out folds, ± its standard error")
	p.Curves = []chart.Curve{{Name: "cross-validation", X: x, Y: r.CV.Mean, Error: r.CV.Error}}
	if of := r.measureLeftOut(); r.Data.Test != nil && of != nil {
		c := chart.Curve{Name: "rows left out", X: x}
		for _, f := range r.Path {
			c.Y = append(c.Y, of(f.Test))
		}
		p.Curves = append(p.Curves, c)
	}
	return p.WriteSVG(w)
}

// measureLeftOut returns the measure of the cross-validation of a score on the rows left out; nil: scores
// do not have it.
func (r *Result) measureLeftOut() func(s *Score) float64 {
	switch r.Options.Measure {
	case "":
		return func(s *Score) float64 { return s.Loss }
	case linear.ClassError:
		return func(s *Score) float64 { return s.Error }
	}
	return nil
}

// drawAudit draws the largest gaps between groups along the path, where there are any.
func (r *Result) drawAudit(w io.Writer) error {
	p, x := r.chart("Largest gaps between groups of "+r.Audit.Column, "difference of the highest and the lowest group")
	for _, c := range []struct {
		name string
		of   func(g audit.Gaps) float64
	}{
		{"loss", func(g audit.Gaps) float64 { return g.Loss }},
		{"error", func(g audit.Gaps) float64 { return g.Error }},
		{"predicted", func(g audit.Gaps) float64 { return g.Predicted }},
		{"false positive", func(g audit.Gaps) float64 { return g.FalsePositive }},
		{"false negative", func(g audit.Gaps) float64 { return g.FalseNegative }},
	} {
		curve := chart.Curve{Name: c.name, X: x}
		for _, s := range r.Audit.Steps[:len(r.Path)] {
			curve.Y = append(curve.Y, c.of(s.Gaps))
		}
		if slices.ContainsFunc(curve.Y, func(v float64) bool { return !math.IsNaN(v) }) {
			p.Curves = append(p.Curves, curve)
		}
	}
	return p.WriteSVG(w)
}

// drawRobust draws losses and worst cases along the path, beside the values of the model
// trained for the worst case.
func (r *Result) drawRobust(w io.Writer) error {
	p, x := r.chart(fmt.Sprintf("Worst case, features moved by up to %.4g standard deviations", r.Robust.Epsilon), "mean loss")
	lines := make([]chart.Curve, 4)
	for i, name := range []string{"lasso", "lasso, worst", "trained", "trained, worst"} {
		lines[i] = chart.Curve{Name: name, X: x}
		for _, c := range r.Robust.Path {
			if i >= 2 {
				c = r.Robust.Trained
			}
			lines[i].Y = append(lines[i].Y, [2]float64{c.Clean, c.Loss}[i%2])
		}
	}
	p.Curves = lines
	return p.WriteSVG(w)
}
