package lasso

import (
	"slices"

	"pare/stat/audit"
	"pare/stat/linear"
)

// AuditResult holds the losses of groups of rows under each model.
type AuditResult struct {
	Column string
	Steps  []audit.Step
	// Names lists the features that occur in any model; Protected of a step indexes it.
	Names []string
	// Test: the rows were left out of the fits.
	Test bool
}

// audit measures every model on the groups of rows, of the rows left out if there are any.
func (r *Result) audit() error {
	rows := r.Data
	out := &AuditResult{Column: rows.Audit}
	if rows.Test != nil {
		rows, out.Test = rows.Test, true
	}
	x, _, err := rows.linear(&r.Options)
	if err != nil {
		return err
	}
	// Only features that occur are needed: products are not stored elsewhere.
	var used []int
	for _, f := range r.fits() {
		used = append(used, f.Index...)
	}
	slices.Sort(used)
	used = slices.Compact(used)
	place := make(map[int]int, len(used))
	d := audit.Data{Y: rows.Y, Groups: rows.Groups, Classes: r.Options.Family == linear.Binomial}
	for k, j := range used {
		place[j] = k
		d.X = append(d.X, feature(x, j)...)
		out.Names = append(out.Names, r.Name(j))
		if r.problem.about(j, rows.Audit) {
			d.Protected = append(d.Protected, k)
		}
	}
	var fits []audit.Fit
	for _, f := range r.fits() {
		a := audit.Fit{Lambda: f.Lambda, Intercept: f.Intercept, Coefficients: make([]float64, len(used))}
		for k, j := range f.Index {
			a.Coefficients[place[j]] = f.Value[k]
		}
		fits = append(fits, a)
	}
	out.Steps, err = audit.Along(fits, d)
	r.Audit = out
	return err
}

// about reports whether feature j is made of a column of the table.
func (f *fitted) about(j int, column string) bool {
	if f.pairs == nil {
		return f.d.Of[j] == column
	}
	a, b := f.pairs.Pair(j)
	return f.d.Of[a] == column || b >= 0 && f.d.Of[b] == column
}

// step returns the audit of a fit; nil if there is none.
func (r *Result) step(f *Fit) *audit.Step {
	if r.Audit == nil || f == nil {
		return nil
	}
	if k := slices.Index(r.fits(), f); k >= 0 {
		return &r.Audit.Steps[k]
	}
	return nil
}
