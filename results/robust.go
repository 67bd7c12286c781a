package results

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"pare/attack"
	"pare/report"
)

// Robust is the accuracy of a final network under attack.
type Robust struct {
	Norm     string
	Examples int     // attacked
	Clean    float64 // accuracy on them as they are
	Points   []report.RobustPoint
}

// robustOf is the last network of a measurement; nil without one.
func robustOf(r *report.Robustness) *Robust {
	if r == nil || len(r.Networks) == 0 {
		return nil
	}
	n := r.Networks[len(r.Networks)-1]
	if n.Name == "trained" { // the one before pruning was asked for alone
		return nil
	}
	return &Robust{r.Norm, r.Examples, n.Clean, n.Points}
}

// robustness is a measure of accuracy under attack that rows may have.
type robustness struct {
	key, name string // of a column or file, and of an axis
	head      string // of a column of the table, where the caption names the norm
	of        func(*Row) float64
}

// robustnesses are the measures that a row of the set has, by norm and size of perturbations, clean
// accuracy first.
func (s *Set) robustnesses() []robustness {
	type size struct {
		norm string
		eps  float64
	}
	var sizes []size
	certified := map[size]bool{}
	for _, r := range s.Rows {
		if r.Robust == nil {
			continue
		}
		for _, p := range r.Robust.Points {
			at := size{r.Robust.Norm, p.Eps}
			if !slices.Contains(sizes, at) {
				sizes = append(sizes, at)
			}
			certified[at] = certified[at] || p.Certified != nil
		}
	}
	if len(sizes) == 0 {
		return nil
	}
	slices.SortFunc(sizes, func(a, b size) int {
		if a.norm != b.norm {
			return -strings.Compare(a.norm, b.norm) // linf first
		}
		return int(math.Copysign(1, a.eps-b.eps))
	})
	head := func(at size) string {
		if sizes[0].norm == sizes[len(sizes)-1].norm {
			return report.EpsText(at.eps)
		}
		return at.norm + " " + report.EpsText(at.eps)
	}
	out := []robustness{{"clean_accuracy", "Accuracy of the attacked examples, %", "clean", func(r *Row) float64 {
		if r.Robust == nil {
			return math.NaN()
		}
		return 100 * r.Robust.Clean
	}}}
	for _, at := range sizes {
		point := func(value func(report.RobustPoint) float64) func(*Row) float64 {
			return func(r *Row) float64 {
				if r.Robust == nil || r.Robust.Norm != at.norm {
					return math.NaN()
				}
				for _, p := range r.Robust.Points {
					if p.Eps == at.eps {
						return 100 * value(p)
					}
				}
				return math.NaN()
			}
		}
		where := fmt.Sprintf("%s_%.4g", at.norm, at.eps)
		out = append(out, robustness{"robust_accuracy_" + where, fmt.Sprintf("Robust accuracy at %s %s, %%", at.norm, report.EpsText(at.eps)),
			"robust " + head(at), point(func(p report.RobustPoint) float64 { return p.Robust })})
		if certified[at] {
			out = append(out, robustness{"certified_accuracy_" + where,
				fmt.Sprintf("Certified accuracy at %s %s, %%", at.norm, report.EpsText(at.eps)), "certified " + head(at), point(func(p report.RobustPoint) float64 {
					if p.Certified == nil {
						return math.NaN()
					}
					return *p.Certified
				})})
		}
	}
	return out
}

// robustTable has the accuracy under attack of each point of each method; nil where no run was attacked.
func (s *Set) robustTable() *grid {
	measures := s.robustnesses()
	if measures == nil {
		return nil
	}
	var norms []string
	examples := 0 // the least number
	for _, r := range s.Rows {
		if r.Robust == nil {
			continue
		}
		if !slices.Contains(norms, r.Robust.Norm) {
			norms = append(norms, r.Robust.Norm)
		}
		if examples == 0 || r.Robust.Examples < examples {
			examples = r.Robust.Examples
		}
	}
	g := grid{caption: fmt.Sprintf("Accuracy under attack (%s, %%)", strings.Join(norms, " and ")), head: []string{"method", "point", "not 0"},
		notes: []string{fmt.Sprintf("Mean ± standard deviation over the seeds, of %s test examples. Not 0: share of the parameters of the dense network that "+
			"are left and not 0.", report.Count(int64(examples)))}}
	for _, m := range measures {
		g.head = append(g.head, m.head)
	}
	g.head = append(g.head, "seeds")
	digits := func(v float64) string { return fmt.Sprintf("%.1f", v) }
	for _, c := range s.curves {
		for _, group := range c.Groups {
			cell := func(of func(*Row) float64) summary {
				values := make([]float64, len(group.Rows))
				for i, r := range group.Rows {
					values[i] = of(r)
				}
				return summarise(values)
			}
			clean := cell(measures[0].of)
			if clean.n == 0 {
				continue
			}
			row := []string{c.Label, group.Point, plusMinus(cell(OverNonZero.of), digits)}
			for _, m := range measures {
				row = append(row, plusMinus(cell(m.of), digits))
			}
			g.rows = append(g.rows, append(row, fmt.Sprint(clean.n)))
		}
	}
	return &g
}

// robust is the accuracy under attack in a line of the table of runs: "30.10 % at 0.1", "30.10 % at l2 1".
func (l line) robust() string {
	r := l.rows[0].Robust
	if r == nil {
		return ""
	}
	var parts []string
	where := "" // the norm, unless it is the usual one
	if r.Norm != string(attack.Linf) {
		where = r.Norm + " "
	}
	for _, p := range r.Points {
		mean := l.mean(func(row *Row) float64 {
			if row.Robust == nil || row.Robust.Norm != r.Norm {
				return math.NaN()
			}
			for _, q := range row.Robust.Points {
				if q.Eps == p.Eps {
					return q.Robust
				}
			}
			return math.NaN()
		})
		if !math.IsNaN(mean) {
			parts = append(parts, report.Percent(mean)+" at "+where+report.EpsText(p.Eps))
		}
	}
	return strings.Join(parts, ", ")
}
