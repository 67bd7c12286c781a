package fits

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"pare/attack"
	"pare/internal/table"
	"pare/report/chart"
	"pare/stat/estimate"
	"pare/stat/linear"
)

// Result is the outcome for a path of models: attack.json in the folder of a fit, and the JSON of pare
// attack for it.
type Result struct {
	Source  string    `json:"source"`
	Data    string    `json:"data"`
	Family  string    `json:"family"`
	Target  string    `json:"target"`
	Classes []string  `json:"classes,omitempty"`
	Targets []int     `json:"class_rows,omitempty"` // rows of each class
	Rows    int       `json:"rows"`
	Norm    string    `json:"norm"`  // linf or l2
	Units   Units     `json:"units"` // of eps
	Range   []float64 `json:"range"` // null: without limits
	Moving  []string  `json:"moving"`
	Fixed   []string  `json:"fixed"` // columns that the models use and that stay
	Measure string    `json:"loss"`  // mean square, or deviance
	Attacks []string  `json:"attacks"`
	Seed    uint64    `json:"seed"`
	Chosen  *float64  `json:"chosen_lambda"` // of the fit that predicts; null: none is chosen
	Fits    []Fit     `json:"fits"`          // by falling λ
	Notes   []string  `json:"notes"`         // none: []
}

// Fit is the outcome for the model of one λ. Accuracies are shares of the rows, losses means over
// them; null where there is none, or a loss is infinite.
type Fit struct {
	Lambda   float64    `json:"lambda"`
	Features int        `json:"features"` // that are not 0
	Moving   int        `json:"moving"`   // features that move
	Norm     float64    `json:"norm"`     // the dual norm of the weights that move, of classes the largest of a difference
	Clean    *float64   `json:"clean_accuracy,omitempty"`
	ByClass  []*float64 `json:"clean_by_class,omitempty"`
	Loss     *float64   `json:"clean_loss"`
	// Radius is the median distance of the rows in the right class to the boundary; null with a range.
	Radius *float64 `json:"median_radius,omitempty"`
	Points []Point  `json:"points"` // by ascending eps
}

// Point is the outcome at one size of perturbations.
type Point struct {
	Eps float64 `json:"eps"`
	// Robust is the accuracy under all attacks together, Certified the exact one in the worst
	// case, Differ the number of rows in which they differ. Null for numbers.
	Robust           *float64   `json:"robust_accuracy,omitempty"`
	RobustByClass    []*float64 `json:"robust_by_class,omitempty"`
	Certified        *float64   `json:"certified_accuracy,omitempty"`
	CertifiedByClass []*float64 `json:"certified_by_class,omitempty"`
	Differ           *int       `json:"differ,omitempty"`
	// Attacked is the loss under the attacks together, Worst the exact one in the worst case, Short the
	// largest share of a row's worst loss that the attacks miss. Classes have Worst alone, if there
	// are two.
	Attacked *float64       `json:"attacked_loss,omitempty"`
	Worst    *float64       `json:"worst_loss,omitempty"`
	Short    *float64       `json:"short,omitempty"`
	ByAttack []AttackResult `json:"by_attack"`
}

// AttackResult is the accuracy or the loss under one attack.
type AttackResult struct {
	Name     string   `json:"name"`
	Accuracy *float64 `json:"accuracy,omitempty"`
	Loss     *float64 `json:"loss,omitempty"`
}

// result fills in the facts about the request.
func (v *victims) result(t *table.Table, target string) *Result {
	r := &Result{Source: v.Model, Data: t.Source, Family: v.model.Family, Target: target, Classes: v.model.Classes, Rows: len(v.at),
		Norm: string(v.threat(0).Norm), Units: v.Units, Range: v.Range, Moving: v.names(true), Fixed: v.names(false), Measure: "deviance",
		Attacks: v.Names, Seed: v.Seed, Notes: []string{}}
	if r.Units == "" {
		r.Units = Deviations
	}
	if v.family == linear.Gaussian {
		r.Measure = "mean square"
	}
	if c := v.model.Chosen; c != nil {
		r.Chosen = &c.Lambda
	}
	if v.family.Classes() {
		r.Targets = make([]int, len(v.model.Classes))
		for _, i := range v.at {
			r.Targets[int(v.y[i])]++
		}
	}
	return r
}

// classes reports whether the models are of classes.
func (r *Result) classes() bool { return r.Classes != nil }

// place is the place of the chosen fit, or of the only one; −1: there is none.
func (r *Result) place() int {
	if len(r.Fits) == 1 {
		return 0
	}
	if r.Chosen == nil {
		return -1
	}
	return slices.IndexFunc(r.Fits, func(f Fit) bool { return f.Lambda == *r.Chosen })
}

// column is one number of each fit.
type column struct {
	name  string // in attack.csv
	curve string // of the chart; "": none
	of    func(f *Fit) *float64
}

// columns are the numbers of a fit, in the order of attack.csv.
func (r *Result) columns() []column {
	number := func(of func(f *Fit) float64) func(f *Fit) *float64 {
		return func(f *Fit) *float64 { v := of(f); return &v }
	}
	dual := "norm_l1"
	if r.Norm == string(attack.L2) {
		dual = "norm_l2"
	}
	out := []column{
		{"lambda", "", number(func(f *Fit) float64 { return f.Lambda })},
		{"features", "", number(func(f *Fit) float64 { return float64(f.Features) })},
		{"moving", "", number(func(f *Fit) float64 { return float64(f.Moving) })},
		{dual, "", number(func(f *Fit) float64 { return f.Norm })},
	}
	loss := column{"clean_loss", "clean", func(f *Fit) *float64 { return f.Loss }}
	if r.classes() {
		loss.curve = ""
		out = append(out, column{"clean_accuracy", "clean", func(f *Fit) *float64 { return f.Clean }},
			column{"median_radius", "", func(f *Fit) *float64 { return f.Radius }})
	}
	out = append(out, loss)
	for e, p := range r.Fits[0].Points {
		add := func(name, curve string, of func(p *Point) *float64) {
			if curve != "" {
				curve += ", ε " + epsText(p.Eps)
			}
			out = append(out, column{fmt.Sprintf("%s_%s_%g", name, r.Norm, p.Eps), curve, func(f *Fit) *float64 { return of(&f.Points[e]) }})
		}
		if r.classes() {
			add("robust_accuracy", "robust", func(p *Point) *float64 { return p.Robust })
			add("certified_accuracy", "certified", func(p *Point) *float64 { return p.Certified })
		} else {
			add("attacked_loss", "attacked", func(p *Point) *float64 { return p.Attacked })
		}
		if r.Family != linear.Multinomial.String() {
			curve := "worst case"
			if r.classes() {
				curve = ""
			}
			add("worst_loss", curve, func(p *Point) *float64 { return p.Worst })
		}
		for k, a := range p.ByAttack {
			if r.classes() {
				add(a.Name+"_accuracy", "", func(p *Point) *float64 { return p.ByAttack[k].Accuracy })
			} else {
				add(a.Name+"_loss", "", func(p *Point) *float64 { return p.ByAttack[k].Loss })
			}
		}
	}
	return out
}

// CSV returns attack.csv, a row for each λ; an infinite number is an empty cell.
func (r *Result) CSV() estimate.File {
	var header []string
	rows := make([][]string, len(r.Fits))
	for _, c := range r.columns() {
		header = append(header, c.name)
		for i := range r.Fits {
			cell := ""
			if v := c.of(&r.Fits[i]); v != nil {
				cell = estimate.Number(*v)
			}
			rows[i] = append(rows[i], cell)
		}
	}
	return estimate.CSVFile("attack.csv", header, rows)
}

// Chart draws accuracies, or losses, over −log10 λ, of one model over the size of perturbations. Attacks
// and closed form are one curve where they agree everywhere.
func (r *Result) Chart() chart.Chart {
	c := chart.Chart{Title: "Under attack: " + r.Target, X: "−log10 λ", Y: r.Measure}
	if r.classes() {
		c.Y, c.Percent, c.Zero = "accuracy, %", true, true
	}
	if len(r.Fits) == 1 {
		c.X, c.Curves = "size of perturbations, "+r.Norm, joined(r.bySize(&r.Fits[0]))
		return c
	}
	var curves []chart.Curve
	for _, col := range r.columns() {
		if col.curve == "" {
			continue
		}
		curve := chart.Curve{Name: col.curve}
		for i := range r.Fits {
			curve.X, curve.Y = append(curve.X, -math.Log10(r.Fits[i].Lambda)), append(curve.Y, orNaN(col.of(&r.Fits[i])))
		}
		curves = append(curves, curve)
	}
	c.Curves = joined(curves)
	if k := r.place(); k >= 0 {
		c.Marks = []chart.Mark{{Name: "chosen", X: -math.Log10(r.Fits[k].Lambda)}}
	}
	return c
}

// bySize are the curves of a model over the size of perturbations.
func (r *Result) bySize(f *Fit) []chart.Curve {
	clean := orNaN(r.clean(f))
	curves := make([]chart.Curve, 2)
	for i := range curves {
		_, _, names := r.pair(&f.Points[0])
		curves[i] = chart.Curve{Name: names[i], X: []float64{0}, Y: []float64{clean}, Dots: true}
	}
	for e := range f.Points {
		p := &f.Points[e]
		if p.Eps == 0 {
			continue
		}
		attacked, exact, _ := r.pair(p)
		for i, v := range []*float64{attacked, exact} {
			curves[i].X, curves[i].Y = append(curves[i].X, p.Eps), append(curves[i].Y, orNaN(v))
		}
	}
	return curves
}

// orNaN is NaN for no number.
func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// joined has one curve, with both names, in place of two equal ones that follow each other.
func joined(curves []chart.Curve) (out []chart.Curve) {
	for _, c := range curves {
		if n := len(out); n > 0 && same(out[n-1].Y, c.Y) {
			of, _, _ := strings.Cut(out[n-1].Name, ",")
			out[n-1].Name = of + " = " + c.Name
			continue
		}
		out = append(out, c)
	}
	return out
}

// same reports whether two curves cannot be told apart.
func same(a, b []float64) bool {
	for i := range a {
		if math.IsNaN(a[i]) != math.IsNaN(b[i]) || math.Abs(a[i]-b[i]) > 1e-9*math.Abs(b[i]) {
			return false
		}
	}
	return true
}

// Files returns attack.json, attack.csv and attack.svg, for the folder of the fit.
func (r *Result) Files() []estimate.File {
	return []estimate.File{
		{Name: "attack.json", Write: func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetIndent("", " ")
			return e.Encode(r)
		}},
		r.CSV(),
		{Name: "attack.svg", Write: r.Chart().WriteSVG},
	}
}

// epsText is the size of a perturbation.
func epsText(eps float64) string { return strconv.FormatFloat(eps, 'g', 4, 64) }
