package audit

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/internal/table"
)

// TestMeasuresByHand: two groups, one column that is the score.
func TestMeasuresByHand(t *testing.T) {
	d := Data{
		X:       []float64{2, 2, -2, -2, 2, -2, -2},
		Y:       []float64{1, 0, 0, 1, 1, 0, 0},
		Classes: true,
		Groups:  []string{"b", "b", "b", "b", "a", "a", "c"},
		MinRows: 2, Protected: []int{0},
	}
	steps, err := Along([]Fit{{Lambda: 1, Coefficients: []float64{0}}, {Lambda: 0.5, Coefficients: []float64{1}}}, d)
	if err != nil {
		t.Fatal(err)
	}
	first, second := steps[0], steps[1]
	if first.Selected != 0 || len(first.Protected) != 0 || second.Selected != 1 || !slices.Equal(second.Protected, []int{0}) {
		t.Errorf("selected %+v and %+v", first, second)
	}
	if math.Abs(first.All.Loss-math.Ln2) > 1e-15 || first.All.Positive != 1 || first.Gaps.Loss != 0 {
		t.Errorf("the constant: %+v, gaps %+v", first.All, first.Gaps)
	}
	right, wrong := math.Log1p(math.Exp(-2)), math.Log1p(math.Exp(2))
	p := 1 / (1 + math.Exp(-2))
	for i, want := range []Measures{
		{"a", 2, Rates{0.5, 0.5, right, 0.5, 0, 0, 0}},
		{"b", 4, Rates{0.5, 0.5, (right + wrong) / 2, 0.5, 0.5, 0.5, 0.5}},
		{"c", 1, Rates{0, 1 - p, right, 0, 0, 0, math.NaN()}},
	} {
		got := second.Groups[i]
		a := []float64{got.Base, got.Predicted, got.Loss, got.Positive, got.Error, got.FalsePositive, got.FalseNegative}
		b := []float64{want.Base, want.Predicted, want.Loss, want.Positive, want.Error, want.FalsePositive, want.FalseNegative}
		for k := range a {
			if math.Abs(a[k]-b[k]) > 1e-15 || math.IsNaN(a[k]) != math.IsNaN(b[k]) {
				t.Errorf("group %s: %+v, want %+v", want.Group, got, want)
				break
			}
		}
		if got.Group != want.Group || got.Rows != want.Rows {
			t.Errorf("group %s with %d rows, want %s with %d", got.Group, got.Rows, want.Group, want.Rows)
		}
	}
	// c has too few rows for the gaps.
	if g := second.Gaps; g.Error != 0.5 || g.FalseNegative != 0.5 || g.Base != 0 || math.Abs(g.Loss-(wrong-right)/2) > 1e-15 {
		t.Errorf("gaps %+v", g)
	}
	var text strings.Builder
	if err := WriteCSV(&text, steps, []string{"race=A"}); err != nil {
		t.Fatal(err)
	}
	back, err := table.ReadCSV("audit", strings.NewReader(text.String()), table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	groups, err := back.Column("group")
	if err != nil || !slices.Equal(groups.Texts(), []string{"all", "a", "b", "c", "gap", "all", "a", "b", "c", "gap"}) {
		t.Errorf("groups %v, %v", groups.Texts(), err)
	}
	protected, _ := back.Column("protected")
	if got := protected.Texts(); got[0] != "" || got[5] != "race=A" {
		t.Errorf("protected %q", got)
	}
}

func TestRegressionMeasures(t *testing.T) {
	d := Data{X: []float64{1, 2, 3}, Y: []float64{1, 2, 5}, Groups: []string{"a", "a", "b"}, MinRows: 1}
	steps, err := Along([]Fit{{Intercept: 1, Coefficients: []float64{1}}}, d)
	if err != nil {
		t.Fatal(err)
	}
	s := steps[0]
	if s.Groups[0].Loss != 1 || s.Groups[1].Loss != 1 || s.Gaps.Predicted != 1.5 || !math.IsNaN(s.Gaps.Error) || s.Gaps.Base != 3.5 {
		t.Errorf("%+v", s)
	}
}

func TestErrors(t *testing.T) {
	fit := []Fit{{Coefficients: []float64{1}}}
	good := Data{X: []float64{1, 2}, Y: []float64{0, 1}, Groups: []string{"a", "b"}}
	for want, change := range map[string]func(d *Data){
		"no rows":          func(d *Data) { d.Y = nil },
		"1 group labels":   func(d *Data) { d.Groups = d.Groups[:1] },
		"1 coefficients":   func(d *Data) { d.X = []float64{1, 2, 3, 4} },
		"no multiple":      func(d *Data) { d.X = []float64{1, 2, 3} },
		"neither 0 nor 1":  func(d *Data) { d.Classes, d.Y = true, []float64{0, 2} },
		"not finite":       func(d *Data) { d.Y = []float64{0, math.NaN()} },
		"protected column": func(d *Data) { d.Protected = []int{1} },
		"between 0 and 1":  func(d *Data) { d.Threshold = 1 },
		"cannot need":      func(d *Data) { d.MinRows = -1 },
	} {
		d := good
		change(&d)
		if _, err := Along(fit, d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// compas reads the two-year table of $PARE_DATA.
func compas(t *testing.T) *table.Table {
	t.Helper()
	root := os.Getenv("PARE_DATA")
	if root == "" {
		t.Skip("set PARE_DATA to a folder with real data")
	}
	path := filepath.Join(root, "compas", "compas-scores-two-years.csv")
	if _, err := os.Stat(path); err != nil {
		t.Skip(err)
	}
	tab, err := table.Read(path, table.Options{Columns: []string{"sex", "age", "race", "juv_fel_count", "decile_score", "priors_count", "c_charge_degree", "two_year_recid"}})
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

// TestCompasScore: of the scores themselves, from 5 on as positive, the rates
// are those that ProPublica published in 2016.
func TestCompasScore(t *testing.T) {
	tab := compas(t)
	x, err := tab.Matrix("decile_score")
	if err != nil {
		t.Fatal(err)
	}
	y, err := tab.Target("two_year_recid")
	if err != nil {
		t.Fatal(err)
	}
	race, err := tab.Column("race")
	if err != nil {
		t.Fatal(err)
	}
	steps, err := Along([]Fit{{Intercept: -4.5, Coefficients: []float64{1}}}, Data{X: x.Data, Y: y, Classes: true, Groups: race.Texts()})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []Measures{
		{Group: "African-American", Rows: 3696, Rates: Rates{Base: 0.5143, FalsePositive: 0.4485, FalseNegative: 0.2799}},
		{Group: "Caucasian", Rows: 2454, Rates: Rates{Base: 0.3936, FalsePositive: 0.2345, FalseNegative: 0.4772}},
	} {
		i := slices.IndexFunc(steps[0].Groups, func(m Measures) bool { return m.Group == want.Group })
		got := steps[0].Groups[i]
		if got.Rows != want.Rows || math.Abs(got.Base-want.Base) > 5e-5 ||
			math.Abs(got.FalsePositive-want.FalsePositive) > 5e-5 ||
			math.Abs(got.FalseNegative-want.FalseNegative) > 5e-5 {
			t.Errorf("%+v, published %+v", got, want)
		}
	}
}

// TestCompasPath: a path with race excluded has it in no model, and the same
// without has; error rates differ between groups in both.
func TestCompasPath(t *testing.T) {
	tab := compas(t)
	y, err := tab.Target("two_year_recid")
	if err != nil {
		t.Fatal(err)
	}
	race, err := tab.Column("race")
	if err != nil {
		t.Fatal(err)
	}
	features, err := tab.Drop("decile_score", "two_year_recid")
	if err != nil {
		t.Fatal(err)
	}
	if features, err = features.Encode(table.Encoding{Text: true, Reference: true}); err != nil {
		t.Fatal(err)
	}
	x, err := features.Matrix()
	if err != nil {
		t.Fatal(err)
	}
	var protected []int
	for j, name := range x.Names {
		if strings.HasPrefix(name, "race=") {
			protected = append(protected, j)
		}
	}
	for factor, in := range map[float64]bool{1: true, math.Inf(1): false} {
		factors := make([]float64, len(x.Names))
		for j := range factors {
			factors[j] = 1
			if slices.Contains(protected, j) {
				factors[j] = factor
			}
		}
		path := logisticPath(x, y, factors, []float64{0.05, 0.01, 0.001})
		steps, err := Along(path, Data{X: x.Data, Y: y, Classes: true, Groups: race.Texts(), Protected: protected})
		if err != nil {
			t.Fatal(err)
		}
		last := steps[len(steps)-1]
		t.Logf("factor %v: selected %d, race %d, loss %.4f, error %.3f, gaps %+v", factor, last.Selected,
			len(last.Protected), last.All.Loss, last.All.Error, last.Gaps)
		if (len(last.Protected) > 0) != in {
			t.Errorf("factor %v: protected columns %v", factor, last.Protected)
		}
		if last.All.Error > 0.36 || last.All.Loss >= steps[0].All.Loss {
			t.Errorf("factor %v: error %v, loss %v after %v", factor, last.All.Error, last.All.Loss, steps[0].All.Loss)
		}
		if last.Gaps.FalsePositive < 0.05 {
			t.Errorf("factor %v: gaps %+v", factor, last.Gaps)
		}
	}
}

// logisticPath is a plain proximal gradient descent on standardised columns:
// the test needs some path.
func logisticPath(x *table.Matrix, y, factors, lambdas []float64) []Fit {
	n, p := x.Rows, len(x.Names)
	mean, scale := make([]float64, p), make([]float64, p)
	z := make([]float64, len(x.Data))
	for j := range p {
		c := x.Column(j)
		for _, v := range c {
			mean[j] += v / float64(n)
		}
		for _, v := range c {
			scale[j] += (v - mean[j]) * (v - mean[j]) / float64(n)
		}
		scale[j] = math.Sqrt(scale[j])
		for i, v := range c {
			z[j*n+i] = (v - mean[j]) / scale[j]
		}
	}
	beta, b := make([]float64, p), 0.0
	var path []Fit
	rng := rand.New(rand.NewPCG(1, 1))
	for _, lambda := range lambdas {
		for range 60 {
			r := make([]float64, n)
			for i := range r {
				r[i] = b
			}
			for j, c := range beta {
				for i, v := range z[j*n : (j+1)*n] {
					r[i] += c * v
				}
			}
			// Coordinates in random order, curvature 1/4.
			for _, j := range append(rng.Perm(p), -1) {
				g := 0.0
				for i, s := range r {
					d := 1/(1+math.Exp(-s)) - y[i]
					if j >= 0 {
						d *= z[j*n+i]
					}
					g += d / float64(n)
				}
				if j < 0 {
					b -= 4 * g
					continue
				}
				to := beta[j] - 4*g
				to = math.Copysign(max(0, math.Abs(to)-4*lambda*factors[j]), to)
				if math.IsNaN(to) {
					to = 0
				}
				for i, v := range z[j*n : (j+1)*n] {
					r[i] += (to - beta[j]) * v
				}
				beta[j] = to
			}
		}
		f := Fit{Lambda: lambda, Intercept: b, Coefficients: make([]float64, p)}
		for j, c := range beta {
			f.Coefficients[j] = c / scale[j]
			f.Intercept -= c * mean[j] / scale[j]
		}
		path = append(path, f)
	}
	return path
}

// TestAlongOrdersNumbers: groups that are numbers follow their size.
func TestAlongOrdersNumbers(t *testing.T) {
	steps, err := Along([]Fit{{}}, Data{Y: []float64{1, 2, 3, 4}, Groups: []string{"10", "9", "b", "100"}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, g := range steps[0].Groups {
		names = append(names, g.Group)
	}
	if got := strings.Join(names, " "); got != "9 10 100 b" {
		t.Errorf("groups %s", got)
	}
}
