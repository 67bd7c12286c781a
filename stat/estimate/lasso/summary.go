package lasso

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"pare/stat/linear"
)

// printer keeps the first error of writing.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) f(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// WriteText writes what a person wants to know first: the model, how sure it is, and
// its features by size.
func (r *Result) WriteText(w io.Writer) error {
	p := &printer{w: w}
	d := r.Data
	p.f("%s: %s model of %s rows and %s features", d.Target, r.Options.Family, count(d.Rows), count(r.Features))
	if r.Options.Family == linear.Binomial {
		p.f("  coefficients are log odds of %s against %s", d.Classes[1], d.Classes[0])
	}
	for _, n := range d.Notes {
		p.f("  note: %s", n)
	}
	if r.Options.Lambda == nil {
		r.textPath(p)
	}
	if r.Chosen != nil {
		r.textModel(p)
	}
	if r.OLS != nil {
		r.textOLS(p)
	}
	if r.Guard != nil {
		r.textGuard(p)
	}
	if r.Audit != nil {
		r.textAudit(p)
	}
	if r.Robust != nil {
		r.textRobust(p)
	}
	return p.err
}

// textPath prints some λ of the path.
func (r *Result) textPath(p *printer) {
	p.f("path: %d λ from %.4g to %.4g", len(r.Path), r.Path[0].Lambda, r.Path[len(r.Path)-1].Lambda)
	if r.Ended != "" {
		p.f("  ended early: %s", r.Ended)
	}
	head := fmt.Sprintf("  %12s %9s %10s %10s", "λ", "nonzero", "explained", "gap")
	if r.CV != nil {
		head += fmt.Sprintf("  %-22s", r.lossName()+" in folds")
	}
	if r.Data.Test != nil {
		head += "  R² on rows left out"
	}
	p.f("%s", head)
	const rows = 10
	last := len(r.Path) - 1
	for k := range rows {
		i := k
		if last >= rows {
			i = (k*last + (rows-1)/2) / (rows - 1)
		}
		if i > last {
			break
		}
		f := r.Path[i]
		line := fmt.Sprintf("  %12.4g %9d %9.1f%% %10.2g", f.Lambda, len(f.selected()), 100*f.Explained, f.Gap)
		if r.CV != nil {
			line += fmt.Sprintf("  %-22s", fmt.Sprintf("%.4g ± %.2g", r.CV.Mean[i], r.CV.Error[i]))
		}
		if f.Test != nil {
			line += fmt.Sprintf("  %.4f", f.Test.R2)
		}
		p.f("%s", line)
	}
	if c := r.CV; c != nil {
		p.f("cross-validation, %d folds: λ.min %.4g (%s %.4g ± %.2g, %d features), λ.1se %.4g (%.4g ± %.2g, %d features)", c.Folds,
			r.Path[c.Min].Lambda, r.lossName(), c.Mean[c.Min], c.Error[c.Min], len(r.Path[c.Min].selected()),
			r.Path[c.OneSE].Lambda, c.Mean[c.OneSE], c.Error[c.OneSE], len(r.Path[c.OneSE].selected()))
		if c.Min == last {
			p.f("  λ.min is the smallest of the path; a smaller -lambda-min-ratio goes on")
		}
	}
	notes, unique := 0, 0
	const most = 3
	for _, f := range r.Path {
		if unique = max(unique, f.Dependent); f.Note == "" {
			continue
		}
		if notes++; notes <= most {
			p.f("  %s", f.Note)
		}
	}
	if notes > most {
		p.f("  and so for %d more λ", notes-most)
	}
	if unique > 0 && r.Chosen == nil {
		p.f("  %s", dependentText(unique))
	}
	if r.Chosen == nil {
		p.f("no λ is chosen; -cv 10 chooses by cross-validation, -lambda takes one")
	}
}

func (r *Result) lossName() string {
	if r.Options.Family == linear.Gaussian {
		return "mean square"
	}
	return "deviance"
}

// textModel prints the chosen model.
func (r *Result) textModel(p *printer) {
	f := r.Chosen
	p.f("model at λ = %.6g (%s): %d of %s features, %.1f %% of the loss explained", f.Lambda, r.ChosenBy, len(f.selected()), count(r.Features), 100*f.Explained)
	if f.Converged {
		p.f("  objective %.10g, certified: the optimum is at most %.2g below (tolerance %.2g), %d iterations", f.Objective, f.Gap, f.Tolerance, f.Iterations)
	} else {
		p.f("  objective %.10g; %s", f.Objective, f.Note)
	}
	if f.Lambda == 0 && !f.Separable {
		p.f("  no penalty: the gradient is at most %.2g; the gap is that of the objective, coefficients are as exact as the columns are independent", f.Gradient)
	}
	if f.Dependent > 0 {
		p.f("  %s", dependentText(f.Dependent))
	}
	if s := f.Test; s != nil {
		line := fmt.Sprintf("  on %s rows left out: %s %.4g, R² %.4f", count(s.Rows), r.lossName(), s.Loss, s.R2)
		if r.Data.Classes != nil {
			line += fmt.Sprintf(", %.2f %% in the wrong class", 100*s.Error)
		}
		p.f("%s", line)
	}
	if f.Classes == nil {
		p.f("  intercept %.6g", f.Intercept)
		r.textCoefficients(p, f.Index, f.Value)
		return
	}
	for k, c := range f.Classes {
		p.f("  class %s: intercept %.6g", r.Data.Classes[k], c.Intercept)
		r.textCoefficients(p, c.Index, c.Value)
	}
}

// dependentText says that coefficients are a choice.
func dependentText(n int) string {
	if n == 1 {
		return "not the only solution: one feature without a penalty is a combination of others"
	}
	return fmt.Sprintf("not the only solution: %s features without a penalty are combinations of others", count(n))
}

// shown is how many coefficients a person is shown.
const shown = 30

// textCoefficients prints features by the size of their effect: the coefficient times
// the standard deviation.
func (r *Result) textCoefficients(p *printer, index []int, value []float64) {
	if len(index) == 0 {
		p.f("  no feature is selected")
		return
	}
	type line struct {
		j         int
		b, effect float64
	}
	var lines []line
	width := len("feature")
	for k, j := range index {
		_, sd := moments(feature(r.problem.X, j, r.Data.Rows))
		lines = append(lines, line{j, value[k], value[k] * sd})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(math.Abs(b.effect), math.Abs(a.effect)) })
	rest := len(lines) - min(shown, len(lines))
	lines = lines[:len(lines)-rest]
	for _, l := range lines {
		width = max(width, len([]rune(r.Name(l.j))))
	}
	p.f("  %s %13s %13s", pad("feature", width), "coefficient", "per sd")
	for _, l := range lines {
		mark := ""
		if r.Guard != nil && r.Guard.Passed(l.j) {
			mark = "  passes the guard"
		}
		p.f("  %s %13.6g %13.6g%s", pad(r.Name(l.j), width), l.b, l.effect, mark)
	}
	if rest > 0 {
		p.f("  and %d smaller ones; -json and -out have all", rest)
	}
}

func pad(s string, width int) string { return s + strings.Repeat(" ", max(0, width-len([]rune(s)))) }

// count writes a whole number with commas.
func count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func sprint4(v float64) string { return fmt.Sprintf("%.4g", v) }
