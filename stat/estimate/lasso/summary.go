package lasso

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"pare/stat/estimate"
	"pare/stat/linear"
)

// text writes lines of a summary. Errors of the writer are ignored.
type text struct{ io.Writer }

func (t text) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

// WriteText writes a summary for people: the path, the chosen model with its certificate,
// and its features by size.
func (r *Result) WriteText(w io.Writer) {
	t := text{w}
	d := r.Data
	r.WriteHead(w, "%s: %s model of %s rows and %s", d.Target, r.Options.Family, count(d.Rows), features(r.Features))
	if r.Options.Family == linear.Binomial {
		t.line("coefficients are log odds of %s against %s", d.Classes[1], d.Classes[0])
	}
	if r.Options.Lambda == nil {
		r.textPath(t)
	}
	if r.Chosen != nil {
		r.textModel(t)
	}
	if r.OLS != nil {
		r.textOLS(t)
	}
	if r.Guard != nil {
		r.textGuard(t)
	}
	if r.Audit != nil {
		r.textAudit(t)
	}
	if r.Robust != nil {
		r.textRobust(t)
	}
}

// textPath writes some λ of the path.
func (r *Result) textPath(t text) {
	t.line("path: %d λ from %.4g to %.4g", len(r.Path), r.Path[0].Lambda, r.Path[len(r.Path)-1].Lambda)
	if r.Ended != "" {
		t.line("  ended early: %s", r.Ended)
	}
	r.path().WriteText(t)
	if c := r.CV; c != nil {
		min, oneSE := r.chosenBy(c.Min, true), r.chosenBy(c.OneSE, false)
		t.line("cross-validation, %s: λ.min %.4g (%s%s %.4g ± %.2g, %s), λ.1se %.4g (%s%.4g ± %.2g, %s)", r.foldsText(),
			c.LambdaMin(), min.gamma, r.measureName(), min.mean, min.error, features(len(r.Path[c.Min].selected())),
			c.Lambda1SE(), oneSE.gamma, oneSE.mean, oneSE.error, features(len(r.Path[c.OneSE].selected())))
		if c.Min == len(r.Path)-1 {
			t.line("  λ.min is the smallest of the path; a smaller -ratio goes on")
		}
	}
	if r.Chosen == nil {
		dependent := 0
		for _, f := range r.Path {
			dependent = max(dependent, f.Dependent)
		}
		t.dependent(dependent)
		t.line("no λ is chosen; -cv 10 chooses by cross-validation, -lambda takes one")
	}
}

// foldsText describes the folds.
func (r *Result) foldsText() string {
	c := r.CV
	out := fmt.Sprintf("%d folds", c.Folds)
	if c.Repeats > 1 {
		out += fmt.Sprintf(" %d times", c.Repeats)
	}
	if r.Data.Time != nil {
		out += " in time"
	}
	return out
}

// choice is a λ of the cross-validation with its measure.
type choice struct {
	mean, error float64
	gamma       string // of a relaxed lasso; "" of others
}

// chosenBy returns the choice l, the best or the sparsest within one standard error.
func (r *Result) chosenBy(l int, best bool) choice {
	c := r.CV
	if c.Relaxed == nil {
		return choice{c.Mean[l], c.Error[l], ""}
	}
	gamma := c.Relaxed.OneSEGamma
	if best {
		gamma = c.Relaxed.MinGamma
	}
	of := c.Relaxed.Choices[slices.Index(c.Relaxed.Gammas, gamma)]
	return choice{of.Mean[l], of.Error[l], fmt.Sprintf("γ %v, ", gamma)}
}

// measureName is the measure of the cross-validation in words.
func (r *Result) measureName() string {
	switch r.Options.Measure {
	case linear.AUC:
		return "AUC"
	case linear.ClassError:
		return "share in the wrong class"
	case linear.AbsoluteError:
		return "absolute error"
	}
	return r.lossName()
}

func (r *Result) lossName() string { return lossName(r.Options.Family) }

// textModel writes the chosen model.
func (r *Result) textModel(t text) {
	f := r.Chosen
	gamma, of := "", ""
	if f.Refit != nil {
		gamma, of = fmt.Sprintf(", γ = %v", f.Gamma), "of the penalised fit "
	}
	t.line("model at λ = %.6g%s (%s): %s of %s, %.1f %% of the loss explained", f.Lambda, gamma, r.ChosenBy,
		count(len(f.selected())), features(r.Features), 100*f.Explained)
	switch {
	case f.Converged && f.Stationary():
		t.line("  objective %s%.10g, a stationary point up to %.2g (tolerance %.2g), %d iterations; another one may be lower", of,
			f.Objective, f.Stationarity, f.Tolerance, f.Iterations)
	case f.Converged:
		t.line("  objective %s%.10g, certified: the optimum is at most %.2g below (tolerance %.2g), %d iterations", of, f.Objective, f.Gap,
			f.Tolerance, f.Iterations)
	default:
		t.line("  objective %s%.10g; %s", of, f.Objective, f.Note())
	}
	if m := f.Refit; m != nil {
		t.line("  refit without a penalty: objective %.10g, at most %.2g above the optimum, gradient at most %.2g", m.Objective, m.Gap,
			m.Gradient)
		t.dependent(m.Dependent)
	}
	if f.Lambda == 0 && !f.Separable {
		t.line("  no penalty: the gradient is at most %.2g; the gap is that of the objective, "+
			"coefficients are as exact as the columns are independent", f.Gradient)
	}
	t.dependent(f.Dependent)
	if s := f.Test; s != nil {
		wrong := ""
		if r.Data.Classes != nil {
			wrong = fmt.Sprintf(", %.2f %% in the wrong class", 100*s.Error)
		}
		t.line("  on %s rows left out: %s %.4g, R² %.4f%s", count(s.Rows), r.lossName(), s.Loss, s.R2, wrong)
	}
	names, classes := r.classes(f)
	for k, c := range classes {
		class := ""
		if names[k] != "" {
			class = "class " + names[k] + ": "
		}
		t.line("  %sintercept %.6g", class, c.Intercept)
		r.textCoefficients(t, c)
	}
}

// dependent writes that n coefficients have other solutions, if n is not 0.
func (t text) dependent(n int) {
	switch n {
	case 0:
	case 1:
		t.line("  not the only solution: one feature without a penalty is a combination of others")
	default:
		t.line("  not the only solution: %s features without a penalty are combinations of others", count(n))
	}
}

// shown is the number of features in a list of the summary, at most.
const shown = 30

// textCoefficients writes features by the size of their effect: the coefficient times
// the standard deviation.
func (r *Result) textCoefficients(t text, c linear.Predictor) {
	if len(c.Index) == 0 {
		t.line("  no feature is selected")
		return
	}
	order, effect := all(len(c.Index)), make([]float64, len(c.Index))
	for k, j := range c.Index {
		sd := r.problem.deviation(j)
		effect[k] = c.Value[k] * sd
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(effect[b]), math.Abs(effect[a])) })
	rows := [][]string{{"feature", "coefficient", "per sd"}}
	for _, k := range order[:min(shown, len(order))] {
		row := []string{r.Name(c.Index[k]), fmt.Sprintf("%.6g", c.Value[k]), fmt.Sprintf("%.6g", effect[k])}
		if r.Guard != nil && r.Guard.Passed(c.Index[k]) {
			row = append(row, "passes the guard")
		}
		rows = append(rows, row)
	}
	estimate.WriteTable(t, 1, rows)
	if rest := len(order) - shown; rest > 0 {
		t.line("  and %s smaller; -json and -out have all", count(rest))
	}
}

// count writes a whole number with commas.
func count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// features writes a number of features.
func features(n int) string {
	if n == 1 {
		return "1 feature"
	}
	return count(n) + " features"
}

// textOLS writes the score of least squares.
func (r *Result) textOLS(t text) {
	m, kind := r.OLS, "least squares"
	if m.MinimumNorm {
		kind = "least squares of least norm (the features are dependent)"
	}
	if m.Test == nil {
		t.line("%s: rank %d; -test-size measures it on rows left out", kind, m.Rank)
		return
	}
	t.line("%s: rank %d, R² %.4f on rows left out", kind, m.Rank, m.Test.R2)
}

// textGuard writes the features that pass.
func (r *Result) textGuard(t text) {
	g := r.Guard
	t.line("guard %s, q = %v: %d of %s features pass", g.Guard, g.Q, len(g.Selected), count(r.Features))
	t.line("  %s", g.Promise)
	switch g.Guard {
	case Knockoffs:
		t.line("  %d knockoffs of each feature, W has to reach %.4g", g.Copies, g.Threshold)
	case Stability:
		t.line("  %d pairs of halves choose %.1f features each, a share of %v has to agree; bound on false selections %.3g",
			stabilityPairs, g.Chosen, g.Threshold, g.Bound)
	case Permutation:
		t.line("  permuted targets give an empty model at λ = %.4g", g.Lambda)
	}
	if len(g.Selected) == 0 {
		t.line("  nothing passes: that is a result, the data do not show more at this q")
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
		t.line("  %s (%s %.4g)", r.Name(j), name, g.Statistic[j])
	}
	if rest := len(order) - shown; rest > 0 {
		t.line("  and %d more; -json and -out have all", rest)
	}
}

// textAudit writes the groups at the chosen λ, or the gaps along the path.
func (r *Result) textAudit(t text) {
	a := r.Audit
	where := "on the rows of the fit (-test-size leaves rows out to measure on)"
	if a.Test {
		where = "on rows left out"
	}
	t.line("audit of %s, %s", a.Column, where)
	s := r.step(r.Chosen)
	if s == nil {
		rows := [][]string{{"λ", "nonzero", "gap of loss", "of error", "of predicted"}}
		for k := 0; k < len(a.Steps); k += max(1, (len(a.Steps)+8)/9) {
			s := a.Steps[k]
			rows = append(rows, append([]string{fmt.Sprintf("%.4g", s.Lambda), fmt.Sprint(s.Selected)},
				short(s.Gaps.Loss, s.Gaps.Error, s.Gaps.Predicted)...))
		}
		estimate.WriteTable(t, 0, rows)
		return
	}
	if protected := a.protected(s); len(protected) > 0 {
		t.line("  in the model: %s", strings.Join(protected, ", "))
	}
	rows := [][]string{{"group", "rows", "base", "predicted", "loss", "positive", "error", "false +", "false −"}}
	for _, g := range append(slices.Clone(s.Groups), s.All) {
		rows = append(rows, append([]string{cmp.Or(g.Group, "all"), count(g.Rows)},
			short(g.Base, g.Predicted, g.Loss, g.Positive, g.Error, g.FalsePositive, g.FalseNegative)...))
	}
	g := s.Gaps
	rows = append(rows, append([]string{"largest gap", ""}, short(g.Base, g.Predicted, g.Loss, g.Positive, g.Error, g.FalsePositive,
		g.FalseNegative)...))
	if r.Data.Classes == nil {
		for i := range rows {
			rows[i] = rows[i][:5]
		}
	}
	estimate.WriteTable(t, 1, rows)
}

// short writes values in four digits, NaN as a dash.
func short(values ...float64) []string {
	out := make([]string, len(values))
	for i, v := range values {
		if out[i] = fmt.Sprintf("%.4g", v); math.IsNaN(v) {
			out[i] = "–"
		}
	}
	return out
}

// textRobust writes the worst cases.
func (r *Result) textRobust(t text) {
	b := r.Robust
	where := ""
	if b.Test {
		where = ", on rows left out"
	}
	t.line("worst case, every feature moved by up to %v standard deviations%s:", b.Epsilon, where)
	rows := [][]string{{"model", "nonzero", "loss", "worst case"}}
	add := func(name string, c WorstCase) {
		rows = append(rows, []string{name, fmt.Sprint(c.Selected), fmt.Sprintf("%.5g", c.Clean), fmt.Sprintf("%.5g", c.Loss)})
	}
	if k := r.place(); k >= 0 {
		add(fmt.Sprintf("lasso, λ = %.4g", r.Chosen.Lambda), b.Path[k])
	}
	if len(b.Path) > 1 {
		add("lasso, λ of least worst case fitted", b.Path[b.Best])
	}
	add("trained for the worst case", b.Trained)
	estimate.WriteTable(t, 1, rows)
	switch {
	case b.Separable:
		t.line("  no worst case within this range makes a wrong class: the loss has no minimum, a larger -robust has one")
	case b.Converged:
		t.line("  its objective %.10g is certified: the optimum is at most %.2g below", b.Objective, b.Gap)
	default:
		t.line("  not converged: duality gap %.3g, tolerance %.3g; the model is the best found", b.Gap, 1e-8*b.Null)
	}
}
