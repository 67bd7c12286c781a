package lasso

import "pare/stat/audit"

// auditObject has the measures of every λ, for all rows, each group, and the gaps.
func auditObject(a *AuditResult) object {
	measures := func(m audit.Measures) object {
		return object{{"rows", m.Rows}, {"base", number(m.Base)}, {"predicted", number(m.Predicted)}, {"loss", number(m.Loss)},
			{"positive", number(m.Positive)}, {"error", number(m.Error)},
			{"false_positive", number(m.FalsePositive)}, {"false_negative", number(m.FalseNegative)}}
	}
	var steps []object
	for _, s := range a.Steps {
		groups := object{}
		for _, m := range s.Groups {
			groups.add(m.Group, measures(m))
		}
		protected := make([]string, 0, len(s.Protected))
		for _, k := range s.Protected {
			protected = append(protected, a.Names[k])
		}
		g := s.Gaps
		steps = append(steps, object{{"lambda", number(s.Lambda)}, {"selected", s.Selected}, {"protected", protected},
			{"all", measures(s.All)}, {"groups", groups},
			{"gaps", object{{"base", number(g.Base)}, {"predicted", number(g.Predicted)}, {"loss", number(g.Loss)}, {"positive", number(g.Positive)},
				{"error", number(g.Error)}, {"false_positive", number(g.FalsePositive)}, {"false_negative", number(g.FalseNegative)}}}})
	}
	return object{{"column", a.Column}, {"rows_left_out", a.Test}, {"path", steps}}
}

// robustObject has the worst cases of the lasso's models and of the trained one.
func (r *Result) robustObject(b *RobustResult) object {
	classes := r.Data.Classes != nil
	worst := func(c WorstCase) object {
		o := object{{"nonzero", c.Selected}, {"loss", number(c.Clean)}, {"worst_case_loss", number(c.Loss)}, {"worst_case_loss_fitted", number(c.Fitted)}}
		if classes {
			o.add("median_distance", number(c.Distance))
			o.add("worst_case_error", number(c.Flipped))
		}
		return o
	}
	var path []object
	for _, c := range b.Path {
		path = append(path, append(object{{"lambda", number(c.Lambda)}}, worst(c)...))
	}
	coefficients := object{}
	for j, v := range b.Value {
		coefficients.add(r.Data.Names[j], number(v))
	}
	trained := append(object{{"intercept", number(b.Intercept)}, {"coefficients", coefficients}}, worst(b.Trained)...)
	trained = append(trained, object{{"objective", number(b.Objective)}, {"null_objective", number(b.Null)}, {"gap", number(b.Gap)},
		{"converged", b.Converged}, {"separable", b.Separable}}...)
	return object{{"epsilon", b.Epsilon}, {"rows_left_out", b.Test}, {"lasso", path}, {"best", b.Best}, {"trained", trained}}
}
