package app

import (
	"fmt"
	"io"
	"strings"

	"pare/internal/svg"
	"pare/report"
)

// printRobustness writes the tables of a robust evaluation.
func printRobustness(w io.Writer, r *report.Robustness) {
	fmt.Fprintf(w, "%s: %s test examples of %s, %s, values %s\n", r.Source, report.Count(int64(r.Examples)), r.Data, r.Norm, r.Range)
	for _, n := range r.Notes {
		fmt.Fprintf(w, "note: %s\n", n)
	}
	for _, n := range r.Networks {
		fmt.Fprintf(w, "\n%s: %s parameters, %s not 0; clean accuracy %s\n", n.Title(), report.Count(n.Params), report.Count(n.NonZero),
			report.Percent(n.Clean))
		printPoints(w, n)
		if l := n.Radius; l != nil {
			constant := "infinite, as a layer jumps"
			if l.Constant != nil {
				constant = fmt.Sprintf("%.4g", *l.Constant)
			}
			fmt.Fprintf(w, "Lipschitz: product of operator norms %s, radius that it certifies for half of the examples %.3g\n", constant, l.Median)
		}
		printByClass(w, r.Classes, n)
	}
	for _, text := range r.Warnings {
		fmt.Fprintf(w, "\nwarning: %s\n", text)
	}
	fmt.Fprintln(w)
}

// printPoints has a row for each size of perturbations.
func printPoints(w io.Writer, n report.RobustNetwork) {
	if len(n.Points) == 0 {
		return
	}
	head, rows := []string{"eps", "robust"}, make([][]string, len(n.Points))
	for _, a := range n.Points[0].ByAttack {
		head = append(head, a.Name)
	}
	if n.Points[0].Certified != nil {
		head = append(head, "certified")
		for _, m := range n.Points[0].ByMethod {
			head = append(head, m.Name)
		}
	}
	for i, p := range n.Points {
		rows[i] = []string{report.EpsText(p.Eps), report.Percent(p.Robust)}
		for _, a := range p.ByAttack {
			rows[i] = append(rows[i], report.Percent(a.Accuracy))
		}
		if p.Certified != nil {
			rows[i] = append(rows[i], report.Percent(*p.Certified))
			for _, m := range p.ByMethod {
				rows[i] = append(rows[i], report.Percent(m.Accuracy))
			}
		}
	}
	for _, row := range append([][]string{head}, rows...) {
		var line strings.Builder
		for i, cell := range row {
			width := max(9, len([]rune(head[i])))
			fmt.Fprintf(&line, "%*s  ", width, cell)
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

// mostClasses is the number of classes that the table lists.
const mostClasses = 20

// printByClass has a row for each class.
func printByClass(w io.Writer, names []string, n report.RobustNetwork) {
	if len(n.ByClass) > mostClasses {
		fmt.Fprintf(w, "%d classes: see -json or the report\n", len(n.ByClass))
		return
	}
	fmt.Fprintf(w, "%-16s %8s %9s", "class", "examples", "clean")
	for _, p := range n.Points {
		fmt.Fprintf(w, " %9s", "at "+report.EpsText(p.Eps))
	}
	fmt.Fprintln(w)
	for c := range n.ByClass {
		if n.Targets[c] == 0 {
			continue
		}
		name := fmt.Sprint(c)
		if c < len(names) {
			name = names[c]
		}
		fmt.Fprintf(w, "%-16s %8d %9s", svg.Clip(name, 16), n.Targets[c], report.Percent(n.ByClass[c]))
		for _, p := range n.Points {
			fmt.Fprintf(w, " %9s", report.Percent(p.ByClass[c]))
		}
		fmt.Fprintln(w)
	}
}
