package lasso

import (
	"cmp"
	"io"
	"math"
	"slices"

	"pare/report/chart"
	"pare/stat/audit"
)

// xAxis is what pictures of a path are drawn over: models grow to the right.
const xAxis = "−log10 λ"

// axis are the places of the models; a λ of 0 has none.
func axis(path []*Fit) []float64 {
	out := make([]float64, len(path))
	for k, f := range path {
		out[k] = -math.Log10(f.Lambda)
	}
	return out
}

func (r *Result) marks() []chart.Mark {
	var out []chart.Mark
	if c := r.CV; c != nil {
		out = append(out, chart.Mark{Name: "λ.1se", X: -math.Log10(r.Path[c.OneSE].Lambda)})
		if c.Min != c.OneSE {
			out = append(out, chart.Mark{Name: "λ.min", X: -math.Log10(r.Path[c.Min].Lambda)})
		}
	}
	if g := r.Guard; g != nil && g.Lambda > 0 {
		out = append(out, chart.Mark{Name: "permutation λ", X: -math.Log10(g.Lambda)})
	}
	return out
}

// pathCurves bounds the coefficients that are drawn, each a curve.
const pathCurves = 400

// drawPath draws coefficients, times the deviations of their features, along the
// path. Those that do not pass the guard are faint.
func (r *Result) drawPath(w io.Writer) error {
	type line struct {
		name  string
		j     int
		y     []float64
		large float64
	}
	var lines []line
	x := axis(r.Path)
	for _, j := range r.entered() {
		_, sd := moments(feature(r.problem.X, j, r.Data.Rows))
		names, _ := r.predictors(r.Path[0])
		for class, name := range names {
			l := line{name: r.Name(j), j: j, y: make([]float64, len(x))}
			if name != "" {
				l.name = name + ": " + l.name
			}
			for k, f := range r.Path {
				_, predictors := r.predictors(f)
				one := Fit{Index: predictors[class].Index, Value: predictors[class].Value}
				l.y[k] = sd * one.coefficient(j)
				l.large = max(l.large, math.Abs(l.y[k]))
			}
			if l.large > 0 {
				lines = append(lines, l)
			}
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(b.large, a.large) })
	p := chart.Chart{Title: "Coefficients of " + r.Data.Target, X: xAxis, Y: "coefficient × standard deviation", Names: chart.AtEnds, Marks: r.marks()}
	for _, l := range lines[:min(pathCurves, len(lines))] {
		c := chart.Curve{Name: l.name, X: x, Y: l.y}
		if r.Guard != nil && !r.Guard.Passed(l.j) {
			c.Style = chart.Faint
		}
		p.Curves = append(p.Curves, c)
	}
	return p.WriteSVG(w)
}

// drawCV draws the loss on left-out folds with its standard error.
func (r *Result) drawCV(w io.Writer) error {
	p := chart.Chart{Title: "Cross-validation of " + r.Data.Target, X: xAxis, Y: r.lossName() + " on left-out folds, ± its standard error", Marks: r.marks(),
		Curves: []chart.Curve{{Name: "cross-validation", X: axis(r.Path), Y: r.CV.Mean, Error: r.CV.Error}}}
	if r.Data.Test != nil {
		c := chart.Curve{Name: "rows left out", X: axis(r.Path)}
		for _, f := range r.Path {
			c.Y = append(c.Y, f.Test.Loss)
		}
		p.Curves = append(p.Curves, c)
	}
	return p.WriteSVG(w)
}

// drawAudit draws the largest gaps between groups along the path.
func (r *Result) drawAudit(w io.Writer) error {
	p := chart.Chart{Title: "Largest gaps between groups of " + r.Audit.Column, X: xAxis, Y: "difference of the highest and the lowest group", Marks: r.marks()}
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
		if !audited(r.Audit.Steps, c.of) {
			continue
		}
		curve := chart.Curve{Name: c.name, X: axis(r.Path)}
		for _, s := range r.Audit.Steps[:len(r.Path)] {
			curve.Y = append(curve.Y, c.of(s.Gaps))
		}
		p.Curves = append(p.Curves, curve)
	}
	return p.WriteSVG(w)
}

// drawRobust draws losses and worst cases along the path, beside those of the model
// that is trained for the worst case.
func (r *Result) drawRobust(w io.Writer) error {
	x := axis(r.Path)
	curve := func(name string, of func(c WorstCase) float64) chart.Curve {
		c := chart.Curve{Name: name, X: x}
		for _, m := range r.Robust.Path {
			c.Y = append(c.Y, of(m))
		}
		return c
	}
	level := func(name string, v float64) chart.Curve {
		y := make([]float64, len(x))
		for k := range y {
			y[k] = v
		}
		return chart.Curve{Name: name, X: x, Y: y}
	}
	loss, worst := func(c WorstCase) float64 { return c.Clean }, func(c WorstCase) float64 { return c.Loss }
	p := chart.Chart{Title: "Worst case, features moved by up to " + sprint4(r.Robust.Epsilon) + " standard deviations", X: xAxis, Y: "mean loss", Marks: r.marks(),
		Curves: []chart.Curve{curve("lasso", loss), curve("lasso, worst", worst),
			level("trained", r.Robust.Trained.Clean), level("trained, worst", r.Robust.Trained.Loss)}}
	return p.WriteSVG(w)
}
