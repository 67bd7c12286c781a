package lasso

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"pare/stat/audit"
)

// textOLS prints how least squares does beside.
func (r *Result) textOLS(p *printer) {
	m := r.OLS
	kind := "least squares"
	if m.MinimumNorm {
		kind = "least squares of least norm (the features are dependent)"
	}
	if m.Test == nil {
		p.f("%s: rank %d; -test-size measures it on rows left out", kind, m.Rank)
		return
	}
	p.f("%s: rank %d, R² %.4f on rows left out", kind, m.Rank, m.Test.R2)
}

// textGuard prints what passes.
func (r *Result) textGuard(p *printer) {
	g := r.Guard
	p.f("guard %s, q = %v: %d of %s features pass", g.Guard, g.Q, len(g.Selected), count(r.Features))
	p.f("  %s", g.Promise)
	switch g.Guard {
	case Knockoffs:
		p.f("  %d knockoffs of each feature, W has to reach %.4g", g.Copies, g.Threshold)
	case Stability:
		p.f("  %d pairs of halves choose %.1f features each, a share of %v has to agree; bound on false selections %.3g",
			stabilityPairs, g.Chosen, g.Threshold, g.Bound)
	case Permutation:
		p.f("  permuted targets give an empty model at λ = %.4g", g.Lambda)
	}
	if len(g.Selected) == 0 {
		p.f("  nothing passes: that is a result, the data do not show more at this q")
		return
	}
	order := slices.Clone(g.Selected)
	slices.SortStableFunc(order, func(a, b int) int {
		if g.Guard == Permutation {
			a, b = b, a // small p-values first
		}
		return cmp.Compare(g.Statistic[b], g.Statistic[a])
	})
	name := map[Guard]string{Knockoffs: "W", Stability: "share", Permutation: "p"}[g.Guard]
	for _, j := range order[:min(shown, len(order))] {
		p.f("  %s (%s %.4g)", r.Name(j), name, g.Statistic[j])
	}
	if rest := len(order) - shown; rest > 0 {
		p.f("  and %d more; -json and -out have all", rest)
	}
}

// textAudit prints the groups at the chosen λ, or the gaps along the path.
func (r *Result) textAudit(p *printer) {
	a := r.Audit
	where := "on the rows of the fit (-test-size leaves rows out to measure on)"
	if a.Test {
		where = "on rows left out"
	}
	p.f("audit of %s, %s", a.Column, where)
	classes := r.Data.Classes != nil
	if s := r.step(r.Chosen); s != nil {
		var protected []string
		for _, k := range s.Protected {
			protected = append(protected, a.Names[k])
		}
		if len(protected) > 0 {
			p.f("  in the model: %s", strings.Join(protected, ", "))
		}
		width := len("largest gap")
		for _, g := range s.Groups {
			width = max(width, len([]rune(g.Group)))
		}
		head := []string{"rows", "base", "predicted", "loss"}
		if classes {
			head = append(head, "positive", "error", "false +", "false −")
		}
		line := "  " + pad("group", width)
		for _, h := range head {
			line += " " + strings.Repeat(" ", 9-len([]rune(h))) + h
		}
		p.f("%s", line)
		for _, g := range append(slices.Clone(s.Groups), s.All) {
			if g.Group == "" {
				g.Group = "all"
			}
			row(p, width, g.Group, count(g.Rows), classes, g.Base, g.Predicted, g.Loss, g.Positive, g.Error, g.FalsePositive, g.FalseNegative)
		}
		g := s.Gaps
		row(p, width, "largest gap", "", classes, g.Base, g.Predicted, g.Loss, g.Positive, g.Error, g.FalsePositive, g.FalseNegative)
		return
	}
	p.f("  %12s %9s %12s %12s %12s", "λ", "nonzero", "gap of loss", "of error", "of predicted")
	for k := 0; k < len(a.Steps); k += max(1, (len(a.Steps)+8)/9) {
		s := a.Steps[k]
		p.f("  %12.4g %9d %12s %12s %12s", s.Lambda, s.Selected, short(s.Gaps.Loss), short(s.Gaps.Error), short(s.Gaps.Predicted))
	}
}

// row prints measures, those of classes only where there are any.
func row(p *printer, width int, name, rows string, classes bool, values ...float64) {
	if !classes {
		values = values[:3]
	}
	line := "  " + pad(name, width) + " " + strings.Repeat(" ", max(0, 9-len(rows))) + rows
	for _, v := range values {
		s := short(v)
		line += " " + strings.Repeat(" ", max(0, 9-len([]rune(s)))) + s
	}
	p.f("%s", line)
}

func short(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return sprint4(v)
}

// textRobust prints the worst cases.
func (r *Result) textRobust(p *printer) {
	b := r.Robust
	where := ""
	if b.Test {
		where = ", on rows left out"
	}
	p.f("worst case, every feature moved by up to %v standard deviations%s:", b.Epsilon, where)
	p.f("  %-36s %9s %12s %12s", "model", "nonzero", "loss", "worst case")
	line := func(name string, c WorstCase) {
		p.f("  %s %9d %12.5g %12.5g", pad(name, 36), c.Selected, c.Clean, c.Loss)
	}
	for k, f := range r.Path {
		if f == r.Chosen {
			line("lasso, λ = "+sprint4(f.Lambda), b.Path[k])
		}
	}
	if len(b.Path) > 1 {
		line("lasso, λ of least worst case fitted", b.Path[b.Best])
	}
	line("trained for the worst case", b.Trained)
	switch {
	case b.Separable:
		p.f("  no worst case within this range makes a wrong class: the loss has no minimum, a larger -robust has one")
	case b.Converged:
		p.f("  its objective %.10g is certified: the optimum is at most %.2g below", b.Objective, b.Gap)
	default:
		p.f("  not converged: duality gap %.3g, tolerance %.3g; the model is the best found", b.Gap, 1e-8*b.Null)
	}
}

// audited tells whether any step has a measure of classes.
func audited(steps []audit.Step, of func(g audit.Gaps) float64) bool {
	return slices.ContainsFunc(steps, func(s audit.Step) bool { return !math.IsNaN(of(s.Gaps)) })
}
