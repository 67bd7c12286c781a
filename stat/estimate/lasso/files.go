package lasso

import (
	"bytes"
	"encoding/csv"
	"io"
	"strconv"

	"pare/stat/audit"
)

// File is a file of a result, in memory.
type File struct {
	Name string
	Data []byte
}

// Files are what a result leaves in a folder: lasso.json, path.csv,
// coefficients.csv where a λ is chosen, guard.csv and audit.csv where there are any,
// and pictures of them.
func (r *Result) Files() ([]File, error) {
	var out []File
	add := func(name string, write func(w io.Writer) error) error {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return err
		}
		out = append(out, File{name, b.Bytes()})
		return nil
	}
	type part struct {
		name  string
		there bool
		write func(w io.Writer) error
	}
	for _, p := range []part{
		{"lasso.json", true, r.WriteJSON},
		{"path.csv", true, r.writePath},
		{"coefficients.csv", r.Chosen != nil, r.writeCoefficients},
		{"guard.csv", r.Guard != nil, r.writeGuard},
		{"audit.csv", r.Audit != nil, func(w io.Writer) error { return audit.WriteCSV(w, r.Audit.Steps, r.Audit.Names) }},
		{"path.svg", len(r.Path) > 1, r.drawPath},
		{"cv.svg", r.CV != nil, r.drawCV},
		{"audit.svg", r.Audit != nil && len(r.Path) > 1, r.drawAudit},
		{"robust.svg", r.Robust != nil && len(r.Path) > 1, r.drawRobust},
	} {
		if !p.there {
			continue
		}
		if err := add(p.name, p.write); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// entered are the features that any model of the path has, in the order of columns,
// with the class of a multinomial coefficient.
func (r *Result) entered() (features []int) {
	seen := map[int]bool{}
	for _, f := range r.Path {
		for _, j := range f.selected() {
			seen[j] = true
		}
	}
	for j := range r.Features {
		if seen[j] {
			features = append(features, j)
		}
	}
	return features
}

// predictors are the linear predictors of a fit, by class or one without a name.
func (r *Result) predictors(f *Fit) (names []string, out []Class) {
	if f.Classes == nil {
		return []string{""}, []Class{{f.Intercept, f.Index, f.Value}}
	}
	return r.Data.Classes, f.Classes
}

// writePath writes a row for every λ with its certificate and the coefficients of
// all features that occur.
func (r *Result) writePath(w io.Writer) error {
	out := csv.NewWriter(w)
	head := []string{"lambda", "nonzero", "explained", "objective", "gap", "tolerance", "iterations", "converged"}
	if r.CV != nil {
		head = append(head, "cv_mean", "cv_error")
	}
	if r.Data.Test != nil {
		head = append(head, "test_loss", "test_r2")
	}
	features := r.entered()
	classes, _ := r.predictors(r.Path[0])
	for _, class := range classes {
		prefix := ""
		if class != "" {
			prefix = class + "/"
		}
		head = append(head, prefix+"(intercept)")
		for _, j := range features {
			head = append(head, prefix+r.Name(j))
		}
	}
	if err := out.Write(head); err != nil {
		return err
	}
	for k, f := range r.Path {
		record := []string{digits(f.Lambda), strconv.Itoa(len(f.selected())), digits(f.Explained), digits(f.Objective), digits(f.Gap),
			digits(f.Tolerance), strconv.Itoa(f.Iterations), strconv.FormatBool(f.Converged)}
		if r.CV != nil {
			record = append(record, digits(r.CV.Mean[k]), digits(r.CV.Error[k]))
		}
		if r.Data.Test != nil {
			record = append(record, digits(f.Test.Loss), digits(f.Test.R2))
		}
		_, predictors := r.predictors(f)
		for _, c := range predictors {
			record = append(record, digits(c.Intercept))
			value := make(map[int]float64, len(c.Index))
			for k, j := range c.Index {
				value[j] = c.Value[k]
			}
			for _, j := range features {
				record = append(record, digits(value[j]))
			}
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// writeCoefficients writes the features of the chosen model.
func (r *Result) writeCoefficients(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"class", "feature", "coefficient", "per_sd", "guard"}); err != nil {
		return err
	}
	names, predictors := r.predictors(r.Chosen)
	for k, c := range predictors {
		if err := out.Write([]string{names[k], "(intercept)", digits(c.Intercept), "", ""}); err != nil {
			return err
		}
		for i, j := range c.Index {
			_, sd := moments(feature(r.problem.X, j, r.Data.Rows))
			passed := ""
			if r.Guard != nil {
				passed = strconv.FormatBool(r.Guard.Passed(j))
			}
			if err := out.Write([]string{names[k], r.Name(j), digits(c.Value[i]), digits(c.Value[i] * sd), passed}); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// writeGuard writes the statistic of every feature.
func (r *Result) writeGuard(w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"feature", "statistic", "passed"}); err != nil {
		return err
	}
	for j, v := range r.Guard.Statistic {
		if err := out.Write([]string{r.Name(j), digits(v), strconv.FormatBool(r.Guard.Passed(j))}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func digits(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
