package lasso

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
)

// Format is the version of the JSON of a result, "format" in it; results of before there
// were versions have none.
const Format = 1

// WriteJSON writes the result as one object. Where a λ was given or chosen it has
//
//	lambda, intercept, coefficients, objective, gap, tolerance, iterations, converged
//
// with coefficients an object by feature, in the order of the columns, zeros
// included; with interactions only those that are not zero. A multinomial model has
// an intercept and coefficients by class. The models of a path are in "path", with
// the coefficients that are not zero. What is not defined or infinite is null. At λ = 0
// there is the gradient too, and, of any fit, how many unpenalised features are dependent
// and whether they separate the classes, where that is so (linear.Model).
func (r *Result) WriteJSON(w io.Writer) error {
	out := object{}
	out.add("format", Format)
	out.add("family", r.Options.Family.String())
	out.add("target", r.Data.Target)
	if r.Data.Classes != nil {
		out.add("classes", r.Data.Classes)
	}
	out.add("rows", r.Data.Rows)
	out.add("features", r.Features)
	if r.Options.Lambda == nil {
		out.add("lambda_max", number(r.LambdaMax))
	}
	if r.Chosen != nil {
		out.add("chosen_by", r.ChosenBy)
		r.describe(&out, r.Chosen, r.Options.Interactions)
	}
	if r.Options.Lambda == nil {
		var path []object
		for k, f := range r.Path {
			o := object{}
			r.describe(&o, f, true)
			if r.CV != nil {
				o.add("cv_mean", number(r.CV.Mean[k]))
				o.add("cv_error", number(r.CV.Error[k]))
			}
			path = append(path, o)
		}
		out.add("path", path)
		if r.Ended != "" {
			out.add("path_ended", r.Ended)
		}
	}
	if r.CV != nil {
		out.add("cv", object{{"folds", r.CV.Folds}, {"lambda_min", number(r.Path[r.CV.Min].Lambda)}, {"lambda_1se", number(r.Path[r.CV.OneSE].Lambda)}})
	}
	r.extras(&out)
	if len(r.Data.Notes) > 0 {
		out.add("notes", r.Data.Notes)
	}
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// describe adds one model.
func (r *Result) describe(o *object, f *Fit, nonzero bool) {
	o.add("lambda", number(f.Lambda))
	if f.Classes == nil {
		o.add("intercept", number(f.Intercept))
		o.add("coefficients", r.coefficients(f.Index, f.Value, nonzero))
	} else {
		intercepts, coefficients := object{}, object{}
		for k, c := range f.Classes {
			intercepts.add(r.Data.Classes[k], number(c.Intercept))
			coefficients.add(r.Data.Classes[k], r.coefficients(c.Index, c.Value, nonzero))
		}
		o.add("intercept", intercepts)
		o.add("coefficients", coefficients)
	}
	o.add("nonzero", len(f.selected()))
	o.add("objective", number(f.Objective))
	o.add("null_objective", number(f.Null))
	o.add("gap", number(f.Gap))
	o.add("tolerance", number(f.Tolerance))
	o.add("explained", number(f.Explained))
	o.add("iterations", f.Iterations)
	o.add("converged", f.Converged)
	if f.Lambda == 0 {
		o.add("gradient", number(f.Gradient))
	}
	if f.Dependent > 0 {
		o.add("dependent", f.Dependent)
	}
	if f.Separable {
		o.add("separable", true)
	}
	if f.Note != "" {
		o.add("note", f.Note)
	}
	if f.Test != nil {
		o.add("test", scoreObject(f.Test, f.Classes != nil || r.Data.Classes != nil))
	}
}

func (r *Result) coefficients(index []int, value []float64, nonzero bool) object {
	out := object{}
	if nonzero {
		for k, j := range index {
			out.add(r.Name(j), number(value[k]))
		}
		return out
	}
	k := 0
	for j := range r.Features {
		v := 0.0
		if k < len(index) && index[k] == j {
			v = value[k]
			k++
		}
		out.add(r.Name(j), number(v))
	}
	return out
}

func scoreObject(s *Score, classes bool) object {
	o := object{{"rows", s.Rows}, {"loss", number(s.Loss)}, {"r2", number(s.R2)}}
	if classes {
		o.add("error", number(s.Error))
	}
	return o
}

// extras adds guard, least squares, audit and worst cases.
func (r *Result) extras(out *object) {
	if g := r.Guard; g != nil {
		names := make([]string, 0, len(g.Selected))
		for _, j := range g.Selected {
			names = append(names, r.Name(j))
		}
		o := object{{"guard", g.Guard}, {"q", g.Q}, {"selected", names}, {"promise", g.Promise}, {"threshold", number(g.Threshold)}}
		switch g.Guard {
		case Knockoffs:
			o.add("copies", g.Copies)
		case Stability:
			o.add("chosen", number(g.Chosen))
			o.add("bound", number(g.Bound))
		case Permutation:
			o.add("lambda", number(g.Lambda))
		}
		if !r.Options.Interactions {
			statistic := object{}
			for j, v := range g.Statistic {
				statistic.add(r.Name(j), number(v))
			}
			o.add("statistic", statistic)
		}
		out.add("guard", o)
	}
	if m := r.OLS; m != nil {
		index := make([]int, len(m.Value))
		for j := range index {
			index[j] = j
		}
		o := object{{"intercept", number(m.Intercept)}, {"coefficients", r.coefficients(index, m.Value, false)},
			{"rank", m.Rank}, {"minimum_norm", m.MinimumNorm}}
		if m.Test != nil {
			o.add("test", scoreObject(m.Test, false))
		}
		out.add("ols", o)
	}
	if a := r.Audit; a != nil {
		out.add("audit", auditObject(a))
	}
	if b := r.Robust; b != nil {
		out.add("robust", r.robustObject(b))
	}
}

// object is a JSON object that keeps its order.
type object []member

type member struct {
	name  string
	value any
}

func (o *object) add(name string, value any) { *o = append(*o, member{name, value}) }

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// number is a value that JSON has: nil where it is infinite or none.
func number(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return v
}
