package lasso

import (
	"io"
	"strconv"

	"pare/stat/audit"
	"pare/stat/estimate"
	"pare/stat/linear"
)

type object = estimate.Object

func certificate(f *Fit) estimate.Fit {
	return estimate.Fit{Lambda: f.Lambda, Objective: f.Objective, Gap: f.Gap, Tolerance: f.Tolerance, Iterations: f.Iterations,
		Converged: f.Converged}
}

// JSON returns the result as one object. If a λ was given or chosen it has
//
//	lambda, intercept, coefficients, objective, gap, tolerance, iterations, converged
//
// with coefficients an object by feature, in the order of the columns, zeros
// included; with interactions only those that are not zero. A multinomial model has
// an intercept and coefficients by class. The models of a path are in "path", with
// the coefficients that are not zero. A number that is undefined or infinite is null. A
// model at λ = 0 has its gradient too, one of MCP or SCAD its stationarity in place of a gap;
// any model says if unpenalised features are dependent,
// and how many, or separate the classes (linear.Model).
func (r *Result) JSON() estimate.Object {
	out := object{"family", r.Options.Family.String(), "target", r.Data.Target}
	if r.Data.Classes != nil {
		out = append(out, "classes", r.Data.Classes)
	}
	out = append(out, "rows", r.Data.Rows, "features", r.Features)
	if r.Options.Lambda == nil {
		out = append(out, "lambda_max", r.LambdaMax)
	}
	if r.Chosen != nil {
		out = append(append(out, "chosen_by", r.ChosenBy), r.model(r.Chosen, r.Options.Interactions)...)
	}
	if r.Options.Lambda == nil {
		var path []object
		for k, f := range r.Path {
			o := r.model(f, true)
			if r.CV != nil {
				o = append(o, "cv_mean", r.CV.Mean[k], "cv_error", r.CV.Error[k])
			}
			path = append(path, o)
		}
		out = append(out, "path", path)
		if r.Ended != "" {
			out = append(out, "path_ended", r.Ended)
		}
	}
	if r.CV != nil {
		out = append(out, "cv", r.cvJSON())
	}
	if r.Guard != nil {
		out = append(out, "guard", r.guardJSON())
	}
	if m := r.OLS; m != nil {
		dense := linear.Predictor{Index: all(r.Features), Value: m.Coefficients}
		ols := object{"intercept", m.Intercept, "coefficients", r.coefficients(dense, false), "rank", m.Rank, "minimum_norm", m.MinimumNorm}
		out = append(out, "ols", append(ols, r.scoreJSON(m.Test)...))
	}
	if r.Audit != nil {
		out = append(out, "audit", r.Audit.json())
	}
	if r.Robust != nil {
		out = append(out, "robust", r.robustJSON())
	}
	return r.Envelope(out)
}

// cvJSON returns the folds and the choices of the cross-validation.
func (r *Result) cvJSON() object {
	c := r.CV
	out := object{"folds", c.Folds, "lambda_min", c.LambdaMin(), "lambda_1se", c.Lambda1SE()}
	if c.Repeats > 1 {
		out = append(out, "repeats", c.Repeats)
	}
	if c.Measure != linear.Deviance {
		out = append(out, "measure", string(c.Measure))
	}
	if r.Data.Time != nil {
		out = append(out, "in_time", true)
	}
	if x := c.Relaxed; x != nil {
		var mixtures []object
		for g, choice := range x.Choices {
			mixtures = append(mixtures, object{"gamma", x.Gammas[g], "cv_mean", choice.Mean, "cv_error", choice.Error})
		}
		out = append(out, "gamma_min", x.MinGamma, "gamma_1se", x.OneSEGamma, "mixtures", mixtures)
	}
	return out
}

// refitJSON returns the members of the fit without a penalty; nothing if there is none.
func (r *Result) refitJSON(f *Fit) object {
	m := f.Refit
	if m == nil {
		return nil
	}
	of := &Fit{Model: m}
	names, classes := r.classes(of)
	intercepts, coefficients := object{}, object{}
	for k, c := range classes {
		intercepts, coefficients = append(intercepts, names[k], c.Intercept), append(coefficients, names[k], r.coefficients(c, true))
	}
	out := object{"intercept", intercepts, "coefficients", coefficients}
	if m.Classes == nil {
		out = object{"intercept", intercepts[1], "coefficients", coefficients[1]}
	}
	out = append(out, "objective", m.Objective, "gap", m.Gap, "gradient", m.Gradient, "converged", m.Converged)
	if m.Dependent > 0 {
		out = append(out, "dependent", m.Dependent)
	}
	if m.Separable {
		out = append(out, "separable", true)
	}
	return object{"gamma", f.Gamma, "refit", out}
}

// model returns the members of one model.
func (r *Result) model(f *Fit, nonzero bool) object {
	out := certificate(f).JSON()
	intercepts, coefficients := object{}, object{}
	names, classes := r.classes(f)
	for k, c := range classes {
		intercepts = append(intercepts, names[k], c.Intercept)
		coefficients = append(coefficients, names[k], r.coefficients(c, nonzero))
	}
	if f.Classes == nil {
		out = append(out, "intercept", intercepts[1], "coefficients", coefficients[1])
	} else {
		out = append(out, "intercept", intercepts, "coefficients", coefficients)
	}
	out = append(out, "nonzero", len(f.selected()), "null_objective", f.Null, "explained", f.Explained)
	if f.Lambda == 0 {
		out = append(out, "gradient", f.Gradient)
	}
	if f.Stationary() {
		out = append(out, "stationarity", f.Stationarity)
	}
	if f.Dependent > 0 {
		out = append(out, "dependent", f.Dependent)
	}
	if f.Separable {
		out = append(out, "separable", true)
	}
	if note := f.Note(); note != "" {
		out = append(out, "note", note)
	}
	return append(append(out, r.refitJSON(f)...), r.scoreJSON(f.Test)...)
}

// coefficients returns the coefficients by feature: all, or the nonzero ones.
func (r *Result) coefficients(c linear.Predictor, nonzero bool) object {
	out := object{}
	k := 0
	for j := range r.Features {
		v := 0.0
		if k < len(c.Index) && c.Index[k] == j {
			v = c.Value[k]
			k++
		} else if nonzero {
			continue
		}
		out = append(out, r.Name(j), v)
	}
	return out
}

// scoreJSON returns the member "test"; nothing if no rows were left out.
func (r *Result) scoreJSON(s *Score) object {
	if s == nil {
		return nil
	}
	out := object{"rows", s.Rows, "loss", s.Loss, "r2", s.R2}
	if r.Data.Classes != nil {
		out = append(out, "error", s.Error)
	}
	return object{"test", out}
}

func (r *Result) guardJSON() object {
	g := r.Guard
	names := make([]string, 0, len(g.Selected))
	for _, j := range g.Selected {
		names = append(names, r.Name(j))
	}
	out := object{"guard", g.Guard, "q", g.Q, "selected", names, "promise", g.Promise, "threshold", g.Threshold}
	switch g.Guard {
	case Knockoffs:
		out = append(out, "copies", g.Copies)
	case Stability:
		out = append(out, "chosen", g.Chosen, "bound", g.Bound)
	case Permutation:
		out = append(out, "lambda", g.Lambda)
	}
	if !r.Options.Interactions {
		statistic := object{}
		for j, v := range g.Statistic {
			statistic = append(statistic, r.Name(j), v)
		}
		out = append(out, "statistic", statistic)
	}
	return out
}

// json returns, for every λ, the measures of all rows and of each group, and the gaps.
func (a *AuditResult) json() object {
	measures := func(m audit.Measures) object {
		return object{"rows", m.Rows, "base", m.Base, "predicted", m.Predicted, "loss", m.Loss, "positive", m.Positive, "error", m.Error,
			"false_positive", m.FalsePositive, "false_negative", m.FalseNegative}
	}
	var steps []object
	for _, s := range a.Steps {
		groups := object{}
		for _, m := range s.Groups {
			groups = append(groups, m.Group, measures(m))
		}
		g := s.Gaps
		gaps := object{"base", g.Base, "predicted", g.Predicted, "loss", g.Loss, "positive", g.Positive, "error", g.Error,
			"false_positive", g.FalsePositive, "false_negative", g.FalseNegative}
		steps = append(steps, object{"lambda", s.Lambda, "selected", s.Selected, "protected", a.protected(&s), "all", measures(s.All),
			"groups", groups, "gaps", gaps})
	}
	return object{"column", a.Column, "rows_left_out", a.Test, "path", steps}
}

// protected returns the names of the features of a step that are made of the audited column.
func (a *AuditResult) protected(s *audit.Step) []string {
	return append([]string{}, pick(a.Names, s.Protected)...)
}

// robustJSON returns the worst cases of the lasso's models and of the trained one.
func (r *Result) robustJSON() object {
	b := r.Robust
	worst := func(c WorstCase) object {
		o := object{"nonzero", c.Selected, "loss", c.Clean, "worst_case_loss", c.Loss, "worst_case_loss_fitted", c.Fitted}
		if r.Data.Classes != nil {
			o = append(o, "median_distance", c.Distance, "worst_case_error", c.Flipped)
		}
		return o
	}
	var path []object
	for _, c := range b.Path {
		path = append(path, append(object{"lambda", c.Lambda}, worst(c)...))
	}
	coefficients := object{}
	for j, v := range b.Value {
		coefficients = append(coefficients, r.Data.Names[j], v)
	}
	trained := append(object{"intercept", b.Intercept, "coefficients", coefficients}, worst(b.Trained)...)
	trained = append(trained, "objective", b.Objective, "null_objective", b.Null, "gap", b.Gap, "converged", b.Converged,
		"separable", b.Separable)
	return object{"epsilon", b.Epsilon, "rows_left_out", b.Test, "lasso", path, "best", b.Best, "trained", trained}
}

// path returns the certificates and losses of the path, without coefficients.
func (r *Result) path() *estimate.Path {
	nonzero := estimate.Column{Name: "nonzero", Title: "nonzero"}
	explained := estimate.Column{Name: "explained", Title: "explained", Format: "%.3f"}
	p := &estimate.Path{Chosen: r.place(), Rows: 10}
	loss, r2 := estimate.Column{Name: "test_loss"}, estimate.Column{Name: "test_r2", Title: "R² on rows left out", Format: "%.4f"}
	for _, f := range r.Path {
		p.Fits = append(p.Fits, certificate(f))
		if f.Stationary() {
			p.Stationarity = append(p.Stationarity, f.Stationarity)
		}
		nonzero.Value, explained.Value = append(nonzero.Value, float64(len(f.selected()))), append(explained.Value, f.Explained)
		if f.Test != nil {
			loss.Value, r2.Value = append(loss.Value, f.Test.Loss), append(r2.Value, f.Test.R2)
		}
	}
	p.Sizes = []estimate.Column{nonzero, explained}
	if c := r.CV; c != nil {
		p.Losses = append(p.Losses, estimate.Column{Name: "cv_mean", Title: r.measureName() + " in folds", Value: c.Mean, Error: c.Error,
			ErrorName: "cv_error", Format: "%.4g"})
	}
	if r2.Value != nil {
		p.Losses = append(p.Losses, loss, r2)
	}
	return p
}

// Files returns result.json; model.json, for predictions; path.csv with the coefficients of all features that occur;
// coefficients.csv where a λ is chosen; cv-predictions.csv of a cross-validation; guard.csv and audit.csv where there are any; and
// pictures of them.
func (r *Result) Files() ([]estimate.File, error) {
	files := []estimate.File{estimate.JSONFile(r.JSON()), r.Model().file(), r.pathFile()}
	if r.Chosen != nil {
		files = append(files, r.coefficientsFile())
	}
	if r.CV != nil {
		files = append(files, r.heldOutFile())
	}
	if g := r.Guard; g != nil {
		var rows [][]string
		for j, v := range g.Statistic {
			rows = append(rows, []string{r.Name(j), estimate.Number(v), strconv.FormatBool(g.Passed(j))})
		}
		files = append(files, estimate.CSVFile("guard.csv", []string{"feature", "statistic", "passed"}, rows))
	}
	if a := r.Audit; a != nil {
		write := func(w io.Writer) error { return audit.WriteCSV(w, a.Steps, a.Names) }
		files = append(files, estimate.File{Name: "audit.csv", Write: write})
	}
	if len(r.Path) == 1 {
		return files, nil
	}
	files = append(files, estimate.File{Name: "path.svg", Write: r.drawPath})
	if r.CV != nil {
		files = append(files, estimate.File{Name: "cv.svg", Write: r.drawCV})
	}
	if r.Audit != nil {
		files = append(files, estimate.File{Name: "audit.svg", Write: r.drawAudit})
	}
	if r.Robust != nil {
		files = append(files, estimate.File{Name: "robust.svg", Write: r.drawRobust})
	}
	return files, nil
}

// curve holds the coefficients of a feature along the path; of a multinomial model, of one
// class.
type curve struct {
	feature int
	name    string // with the class in front of it
	value   []float64
}

// curves returns, class by class, the intercept as feature -1 and the features of all models
// of the path in the order of columns.
func (r *Result) curves() []curve {
	entered := make([]bool, r.Features)
	for _, f := range r.Path {
		for _, j := range f.selected() {
			entered[j] = true
		}
	}
	var out []curve
	names, _ := r.classes(r.Path[0])
	for k, class := range names {
		if class != "" {
			class += "/"
		}
		place, first := make([]int, r.Features), len(out)
		out = append(out, curve{-1, class + "(intercept)", make([]float64, len(r.Path))})
		for j, is := range entered {
			if is {
				place[j] = len(out)
				out = append(out, curve{j, class + r.Name(j), make([]float64, len(r.Path))})
			}
		}
		for i, f := range r.Path {
			_, classes := r.classes(f)
			out[first].value[i] = classes[k].Intercept
			for a, j := range classes[k].Index {
				out[place[j]].value[i] = classes[k].Value[a]
			}
		}
	}
	return out
}

// classes returns the linear predictors of a fit with the names of their classes; a model
// that is not multinomial has one, without a name.
func (r *Result) classes(f *Fit) (names []string, out []linear.Predictor) {
	if f.Classes == nil {
		return []string{""}, []linear.Predictor{f.Predictor}
	}
	return r.Data.Classes, f.Classes
}

func (r *Result) pathFile() estimate.File {
	p := r.path()
	for _, c := range r.curves() {
		p.Losses = append(p.Losses, estimate.Column{Name: c.name, Value: c.value})
	}
	return p.File()
}

// coefficientsFile returns coefficients.csv, the features of the chosen model.
func (r *Result) coefficientsFile() estimate.File {
	var rows [][]string
	names, classes := r.classes(r.Chosen)
	for k, c := range classes {
		rows = append(rows, []string{names[k], "(intercept)", estimate.Number(c.Intercept), "", ""})
		for i, j := range c.Index {
			sd := r.problem.deviation(j)
			passed := ""
			if r.Guard != nil {
				passed = strconv.FormatBool(r.Guard.Passed(j))
			}
			rows = append(rows, []string{names[k], r.Name(j), estimate.Number(c.Value[i]), estimate.Number(c.Value[i] * sd), passed})
		}
	}
	return estimate.CSVFile("coefficients.csv", []string{"class", "feature", "coefficient", "per_sd", "guard"}, rows)
}
