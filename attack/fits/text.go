package fits

import (
	"fmt"
	"io"
	"strconv"

	"pare/attack"
	"pare/internal/svg"
	"pare/stat/estimate"
)

// WriteText writes the result as tables for people.
func (r *Result) WriteText(w io.Writer) {
	units := "standard deviations"
	if r.Units == Raw {
		units = "units of the columns"
	}
	fmt.Fprintf(w, "%s (%s of %s): %s of %s, %s, eps in %s", r.Source, r.Family, r.Target, estimate.Plural(r.Rows, "row"), r.Data,
		r.Norm, units)
	if r.Range != nil {
		fmt.Fprintf(w, ", values %g..%g", r.Range[0], r.Range[1])
	}
	fmt.Fprintf(w, "\nmoving: %s\n", estimate.Few(r.Moving))
	if len(r.Fixed) > 0 {
		fmt.Fprintf(w, "staying: %s\n", estimate.Few(r.Fixed))
	}
	for _, note := range r.Notes {
		fmt.Fprintln(w, "note: "+note)
	}
	fmt.Fprintln(w)
	if len(r.Fits) == 1 {
		r.writeFit(w, &r.Fits[0])
	} else {
		r.writePath(w)
	}
	r.writeAgreement(w)
	if k := r.place(); k >= 0 && r.classes() {
		r.writeClasses(w, &r.Fits[k])
	}
}

// cell is a number of a table.
func (r *Result) cell(v *float64) string {
	switch {
	case v == nil:
		return "–"
	case r.classes():
		return strconv.FormatFloat(100**v, 'f', 2, 64) + " %"
	}
	return strconv.FormatFloat(*v, 'g', 5, 64)
}

// clean is the accuracy or the loss without an attack.
func (r *Result) clean(f *Fit) *float64 {
	if r.classes() {
		return f.Clean
	}
	return f.Loss
}

// pair are the outcomes of the attacks and of the closed form, with their names.
func (r *Result) pair(p *Point) (attacked, exact *float64, names [2]string) {
	if r.classes() {
		return p.Robust, p.Certified, [2]string{"robust", "certified"}
	}
	return p.Attacked, p.Worst, [2]string{"attacked", "worst case"}
}

// dual is the name of the norm of the weights.
func (r *Result) dual() string {
	if r.Norm == string(attack.L2) {
		return "‖w‖₂"
	}
	return "‖w‖₁"
}

// writePath has a row for each λ.
func (r *Result) writePath(w io.Writer) {
	clean := "clean"
	if !r.classes() {
		clean = r.Measure
	}
	head := []string{"λ", "features", r.dual(), clean}
	for i := range r.Fits[0].Points {
		p := &r.Fits[0].Points[i]
		_, _, names := r.pair(p)
		head = append(head, names[0]+" "+epsText(p.Eps), names[1]+" "+epsText(p.Eps))
	}
	rows := [][]string{head}
	chosen := r.place()
	for _, i := range estimate.Shown(len(r.Fits), 30, chosen) {
		f := &r.Fits[i]
		row := []string{fmt.Sprintf("%.4g", f.Lambda), strconv.Itoa(f.Features), fmt.Sprintf("%.4g", f.Norm), r.cell(r.clean(f))}
		for e := range f.Points {
			attacked, exact, _ := r.pair(&f.Points[e])
			row = append(row, r.cell(attacked), r.cell(exact))
		}
		if i == chosen {
			row = append(row, "← chosen")
		}
		rows = append(rows, row)
	}
	estimate.WriteTable(w, 0, rows)
}

// writeFit has a row for each size of perturbations.
func (r *Result) writeFit(w io.Writer, f *Fit) {
	name := "accuracy"
	if !r.classes() {
		name = r.Measure
	}
	fmt.Fprintf(w, "λ = %.6g: %s, %d of them move, %s = %.4g; clean %s %s", f.Lambda, estimate.Plural(f.Features, "feature"), f.Moving,
		r.dual(), f.Norm, name, r.cell(r.clean(f)))
	if f.Radius != nil {
		fmt.Fprintf(w, ", median distance to the boundary %.3g", *f.Radius)
	}
	fmt.Fprintln(w)
	var rows [][]string
	for i := range f.Points {
		p := &f.Points[i]
		attacked, exact, names := r.pair(p)
		if i == 0 {
			head := []string{"eps", names[0]}
			for _, a := range p.ByAttack {
				head = append(head, a.Name)
			}
			rows = append(rows, append(head, names[1]))
		}
		row := []string{epsText(p.Eps), r.cell(attacked)}
		for _, a := range p.ByAttack {
			v := a.Loss
			if r.classes() {
				v = a.Accuracy
			}
			row = append(row, r.cell(v))
		}
		rows = append(rows, append(row, r.cell(exact)))
	}
	estimate.WriteTable(w, 0, rows)
}

// writeAgreement compares the attacks with the closed form.
func (r *Result) writeAgreement(w io.Writer) {
	differ, decisions, short, missed := 0, 0, 0.0, 0.0
	for i := range r.Fits {
		for _, p := range r.Fits[i].Points {
			decisions += r.Rows
			if p.Differ != nil {
				differ += *p.Differ
			}
			if p.Short != nil {
				short = max(short, *p.Short)
			}
			if p.Attacked != nil && p.Worst != nil && *p.Worst > 0 {
				missed = max(missed, 1 - *p.Attacked / *p.Worst)
			}
		}
	}
	const rounding = 1e-9
	switch {
	case r.classes() && differ == 0:
		fmt.Fprintf(w, "attacks and closed form agree in all %d decisions\n", decisions)
	case r.classes():
		fmt.Fprintf(w, "attacks and closed form differ in %d of %d decisions: the closed form is exact, these attacks are weaker\n",
			differ, decisions)
	case short <= rounding:
		fmt.Fprintf(w, "attacks reach the closed form in every row, to %.1g of it\n", max(short, 1e-16))
	default:
		fmt.Fprintf(w, "attacks miss up to %.3g %% of the worst loss, %.3g %% in a single row: the closed form is exact, "+
			"these attacks are weaker\n", 100*missed, 100*short)
	}
}

// mostClasses is the number of classes that the table lists.
const mostClasses = 20

// writeClasses has a row for each class, with the accuracy in the worst case.
func (r *Result) writeClasses(w io.Writer, f *Fit) {
	if len(r.Classes) > mostClasses {
		fmt.Fprintf(w, "%d classes: see -json\n", len(r.Classes))
		return
	}
	head := []string{"class", "rows", "clean"}
	for _, p := range f.Points {
		head = append(head, "certified "+epsText(p.Eps))
	}
	rows := [][]string{head}
	for k, name := range r.Classes {
		row := []string{svg.Clip(name, 24), strconv.Itoa(r.Targets[k]), r.cell(f.ByClass[k])}
		for _, p := range f.Points {
			row = append(row, r.cell(p.CertifiedByClass[k]))
		}
		rows = append(rows, row)
	}
	fmt.Fprintf(w, "\nclasses at λ = %.6g\n", f.Lambda)
	estimate.WriteTable(w, 1, rows)
}
