package fits_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pare/attack"
	"pare/attack/fits"
	"pare/internal/kernel/parallel"
	"pare/internal/table"
	"pare/stat/estimate"
	"pare/stat/estimate/lasso"
	"pare/stat/linear"
)

// people writes a table with a column of text, columns of numbers, an offset and a target of each family.
func people(t *testing.T) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 1))
	var b strings.Builder
	b.WriteString("city,a,b,c,exposure,y,again,level,visits\n")
	cities := []string{"west", "east", "north"}
	for i := range 60 {
		u, v, w := rng.NormFloat64(), 3*rng.NormFloat64(), rng.NormFloat64()
		y := 2*u - v/2 + float64(i%3) + rng.NormFloat64()
		again, level := "no", "low"
		if y+rng.NormFloat64() > 1 {
			again = "yes"
		}
		if y > 0 {
			level = "mid"
		}
		if y > 2 {
			level = "top"
		}
		visits := math.Floor(math.Exp(0.4*u+0.3) + rng.Float64())
		fmt.Fprintf(&b, "%s,%v,%v,%v,%v,%v,%s,%s,%v\n", cities[i%3], u, v, w, 0.1*float64(i%2), y, again, level, visits)
	}
	return write(t, "people.csv", b.String())
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fit writes the folder of a fit.
func fit(t *testing.T, q lasso.Request) (*lasso.Result, string) {
	t.Helper()
	r, err := q.Run()
	if err != nil {
		t.Fatal(err)
	}
	files, err := r.Files()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "model")
	if err := estimate.WriteFolder(dir, files); err != nil {
		t.Fatal(err)
	}
	return r, dir
}

// request is a fit of a target by the columns a, b, c and city.
func request(data, target string, family linear.Family) lasso.Request {
	source := estimate.Source{Path: data, Columns: []string{"a", "b", "c", "city"}, OneHot: true}
	q := lasso.Request{Table: lasso.Table{Target: target, Source: source}, Options: lasso.Options{Family: family}}
	q.Count = 6
	return q
}

// each are the fits of each family.
func each(t *testing.T, data string) map[string]lasso.Request {
	t.Helper()
	out := map[string]lasso.Request{
		"gaussian": request(data, "y", linear.Gaussian), "binomial": request(data, "again", linear.Binomial),
		"multinomial": request(data, "level", linear.Multinomial), "poisson": request(data, "visits", linear.Poisson),
	}
	offset := out["poisson"]
	offset.Offset = "exposure"
	out["offset"] = offset
	return out
}

// attacks are the default ones of the command.
func attacks(t *testing.T, names ...string) (list []attack.Attack) {
	t.Helper()
	for _, name := range names {
		a, err := attack.Kinds.New(name)
		if err != nil {
			t.Fatal(err)
		}
		if square, ok := a.(*attack.SquareAttack); ok {
			square.Queries = 50
		}
		list = append(list, a)
	}
	return list
}

func run(t *testing.T, q fits.Request) *fits.Result {
	t.Helper()
	if q.Names == nil {
		q.Names = []string{"fgsm", "pgd"}
	}
	q.Attacks = attacks(t, q.Names...)
	r, err := q.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// corner has predictions of the model, read from its file, for a table whose columns a, b and c are
// moved to a corner of the box.
type corner struct{ link [][]float64 }

// open reads the model of a folder and the table.
func open(t *testing.T, dir, data string) (*lasso.Model, *table.Table) {
	t.Helper()
	m, err := lasso.ReadModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	source, err := table.Read(data, table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m, source
}

// corners predicts all rows at all corners of the box of a size, in units of each column, cut to a range.
func corners(t *testing.T, m *lasso.Model, source *table.Table, lambda, eps float64, unit, mean map[string]float64,
	limits []float64) (out []corner) {
	t.Helper()
	for k := range 8 {
		moved := source
		for j, name := range []string{"a", "b", "c"} {
			column, err := source.Column(name)
			if err != nil {
				t.Fatal(err)
			}
			values := slices.Clone(column.Numbers)
			for i, v := range values {
				u := (v-mean[name])/unit[name] + eps*float64(2*(k>>j&1)-1)
				if limits != nil {
					u = min(max(u, limits[0]), limits[1])
				}
				values[i] = mean[name] + unit[name]*u
			}
			if moved, err = moved.Drop(name); err != nil {
				t.Fatal(err)
			}
			if moved, err = moved.With(name, values); err != nil {
				t.Fatal(err)
			}
		}
		p, err := m.Predict(moved, &lambda)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, corner{p.Link})
	}
	return out
}

// truth is the target of each row, as the place of its class or as a number.
func truth(t *testing.T, m *lasso.Model, source *table.Table) []float64 {
	t.Helper()
	column, err := source.Column(m.Target)
	if err != nil {
		t.Fatal(err)
	}
	var out []float64
	for i := range source.Rows() {
		if m.Classes != nil {
			out = append(out, float64(slices.Index(m.Classes, column.Text(i))))
		} else {
			out = append(out, column.Numbers[i])
		}
	}
	return out
}

// wrong reports whether linear predictors name another class than y.
func wrong(link []float64, y float64) bool {
	if len(link) == 1 {
		return (link[0] > 0) != (y == 1)
	}
	return attack.Predicted(link) != int(y)
}

// moments are means and deviations (divisor n) of the columns of numbers.
func moments(t *testing.T, data string) (mean, sd map[string]float64) {
	t.Helper()
	source, err := table.Read(data, table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mean, sd = map[string]float64{}, map[string]float64{}
	for _, name := range []string{"a", "b", "c"} {
		column, err := source.Column(name)
		if err != nil {
			t.Fatal(err)
		}
		n := float64(len(column.Numbers))
		for _, v := range column.Numbers {
			mean[name] += v / n
		}
		for _, v := range column.Numbers {
			sd[name] += (v - mean[name]) * (v - mean[name]) / n
		}
		sd[name] = math.Sqrt(sd[name])
	}
	return mean, sd
}

func near(t *testing.T, name string, got *float64, want float64) {
	t.Helper()
	if got == nil || !(math.Abs(*got-want) <= 1e-12*(1+math.Abs(want))) {
		t.Errorf("%s: %v, by brute force %v", name, orNil(got), want)
	}
}

func orNil(v *float64) any {
	if v == nil {
		return nil
	}
	return *v
}

// TestBruteForce: for every family, λ and size, in either unit and with or without a range, the worst case equals
// all corners of the box, by the predictions of pare lasso for rows that were moved there. FGSM and PGD
// reach it but for models of several classes, and for numbers from a start on the wrong side.
func TestBruteForce(t *testing.T) {
	data := people(t)
	mean, sd := moments(t, data)
	ones, zeros := map[string]float64{"a": 1, "b": 1, "c": 1}, map[string]float64{}
	for name, q := range each(t, data) {
		_, dir := fit(t, q)
		m, source := open(t, dir, data)
		y := truth(t, m, source)
		for units, scale := range map[fits.Units]map[string]float64{fits.Deviations: sd, fits.Raw: ones} {
			at, ranges := mean, [][]float64{nil}
			if units == fits.Raw {
				at, ranges = zeros, [][]float64{{-9.5, 9}}
			}
			for _, limits := range ranges {
				r := run(t, fits.Request{Model: dir, Path: data, Units: units, Range: limits, Eps: []float64{0.1, 0.6}})
				if len(r.Fits) < 4 || r.Rows != 60 {
					t.Fatalf("%s: %d fits, %d rows", name, len(r.Fits), r.Rows)
				}
				for _, f := range r.Fits {
					for _, p := range f.Points {
						all := corners(t, m, source, f.Lambda, p.Eps, scale, at, limits)
						holds, worst := 0.0, 0.0
						for i := range y {
							broken, most := false, math.Inf(-1)
							for _, c := range all {
								var link []float64
								for k := range c.link {
									link = append(link, c.link[k][i])
								}
								broken = broken || wrong(link, y[i])
								most = max(most, q.Family.Deviance(link[0], y[i]))
							}
							if !broken {
								holds += 1.0 / 60
							}
							worst += most / 60
						}
						what := fmt.Sprintf("%s, %s, range %v, λ %.4g, eps %g", name, units, limits, f.Lambda, p.Eps)
						if q.Family.Classes() {
							near(t, what+", certified", p.Certified, holds)
							if *p.Robust < *p.Certified || q.Family == linear.Binomial && *p.Differ != 0 {
								t.Errorf("%s: robust %v, certified %v, %d differ", what, *p.Robust, *p.Certified, *p.Differ)
							}
						}
						if q.Family != linear.Multinomial {
							near(t, what+", loss", p.Worst, worst)
						}
						if q.Family == linear.Gaussian {
							near(t, what+", attacked", p.Attacked, worst)
						}
						if p.Attacked != nil && *p.Attacked > *p.Worst*(1+1e-12) {
							t.Errorf("%s: attacks have %v, the worst case %v", what, *p.Attacked, *p.Worst)
						}
					}
				}
			}
		}
	}
}

// TestBall: for l2 no point of a fine grid of directions is worse than the closed form, and the worst of them is
// near. Two columns move.
func TestBall(t *testing.T) {
	data := people(t)
	for name, q := range each(t, data) {
		q.Columns = []string{"a", "b", "city"}
		_, dir := fit(t, q)
		m, source := open(t, dir, data)
		y := truth(t, m, source)
		lambda := m.Fits[len(m.Fits)-1].Lambda
		const eps = 0.4
		r := run(t, fits.Request{Model: dir, Path: data, Units: fits.Raw, Norm: attack.L2, Eps: []float64{eps}, Lambda: &lambda,
			Names: []string{"fgsm"}})
		a, _ := source.Column("a")
		b, _ := source.Column("b")
		worst, broken := make([]float64, len(y)), make([]bool, len(y))
		const directions = 360
		for k := range directions {
			angle := 2 * math.Pi * float64(k) / directions
			u, v := slices.Clone(a.Numbers), slices.Clone(b.Numbers)
			for i := range u {
				u[i] += eps * math.Cos(angle)
				v[i] += eps * math.Sin(angle)
			}
			moved, err := source.Drop("a", "b")
			if err == nil {
				moved, err = moved.With("a", u)
			}
			if err == nil {
				moved, err = moved.With("b", v)
			}
			if err != nil {
				t.Fatal(err)
			}
			p, err := m.Predict(moved, &lambda)
			if err != nil {
				t.Fatal(err)
			}
			for i := range y {
				var link []float64
				for k := range p.Link {
					link = append(link, p.Link[k][i])
				}
				broken[i] = broken[i] || wrong(link, y[i])
				worst[i] = max(worst[i], q.Family.Deviance(link[0], y[i]))
			}
		}
		holds, loss := 0.0, 0.0
		for i := range y {
			if !broken[i] {
				holds += 1.0 / 60
			}
			loss += worst[i] / 60
		}
		p := r.Fits[0].Points[0]
		if q.Family.Classes() && !(*p.Certified <= holds+1e-12 && *p.Certified >= holds-1.5/60) {
			t.Errorf("%s: certified %v, %d directions leave %v", name, *p.Certified, directions, holds)
		}
		if q.Family != linear.Multinomial && !(*p.Worst >= loss*(1-1e-12) && *p.Worst <= loss*(1+1e-4)) {
			t.Errorf("%s: worst loss %v, the worst of %d directions %v", name, *p.Worst, directions, loss)
		}
	}
}

// TestRobustOfTheFit: where all columns move, text too, losses equal pare lasso -robust, on the rows
// left out and on others.
func TestRobustOfTheFit(t *testing.T) {
	data := people(t)
	for _, name := range []string{"gaussian", "binomial"} {
		q := each(t, data)[name]
		q.Robust, q.TestSize = 0.15, 0.4
		result, dir := fit(t, q)
		share := 1.0
		if name == "binomial" {
			share = 0.5 // logistic losses are half the deviance
		}
		r := run(t, fits.Request{Model: dir, Path: data, LeftOut: true, Move: []string{"*"}, Eps: []float64{0.15}})
		if r.Rows != 24 || len(r.Fits) != len(result.Robust.Path) || len(r.Moving) != 4 {
			t.Fatalf("%d rows, %d fits, %v move", r.Rows, len(r.Fits), r.Moving)
		}
		for k, want := range result.Robust.Path {
			got := r.Fits[k]
			for _, c := range []struct{ got, want float64 }{{share * *got.Loss, want.Clean}, {share * *got.Points[0].Worst, want.Loss},
				{float64(got.Features), float64(want.Selected)}} {
				if math.Abs(c.got-c.want) > 1e-12*(1+c.want) {
					t.Errorf("%s, λ %v: %v, -robust has %v", name, got.Lambda, c.got, c.want)
				}
			}
			if name == "binomial" {
				near(t, "certified", got.Points[0].Certified, 1-want.Flipped)
			}
		}
	}
}

// TestOneSeedOneResult: for any number of threads, one seed gives one result, to the bit, and accuracy does not rise
// with eps.
func TestOneSeedOneResult(t *testing.T) {
	data := people(t)
	_, dir := fit(t, each(t, data)["multinomial"])
	q := fits.Request{Model: dir, Path: data, Eps: []float64{0.4, 0, 0.8, 0.2}, Seed: 5, Names: []string{"fgsm", "pgd", "apgd", "square"}}
	parallel.SetThreads(1)
	one := run(t, q)
	parallel.SetThreads(3)
	defer parallel.SetThreads(0)
	if three := run(t, q); !reflect.DeepEqual(one, three) {
		t.Error("three threads have another result")
	}
	for _, f := range one.Fits {
		last, eps := *f.Clean, -1.0
		for _, p := range f.Points {
			if *p.Robust > last || p.Eps <= eps || p.Eps == 0 && *p.Robust != last {
				t.Errorf("λ %v: robust accuracy %v at eps %v, before %v", f.Lambda, *p.Robust, p.Eps, last)
			}
			last, eps = *p.Robust, p.Eps
		}
	}
}

// TestFiles: the JSON is read back as the result, the table has a row for each λ, and text and chart
// name the measures.
func TestFiles(t *testing.T) {
	data := people(t)
	for name, words := range map[string][]string{
		"gaussian":    {"mean square", "attacked 0.3", "worst case 0.3", "attacks reach the closed form in every row"},
		"poisson":     {"deviance", "attacked 0.3", "worst case 0.3"},
		"binomial":    {"clean", "robust 0.3", "certified 0.3", "agree in all", "moving: a, b", "staying: city"},
		"multinomial": {"clean", "robust 0.3", "certified 0.3"},
	} {
		_, dir := fit(t, each(t, data)[name])
		r := run(t, fits.Request{Model: dir, Path: data, Eps: []float64{0.3}})
		got := map[string]string{}
		for _, f := range r.Files() {
			var b bytes.Buffer
			if err := f.Write(&b); err != nil {
				t.Fatal(err)
			}
			got[f.Name] = b.String()
		}
		var read fits.Result
		if err := json.Unmarshal([]byte(got["attack.json"]), &read); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(read.Fits, r.Fits) || read.Family != name {
			t.Errorf("%s: attack.json is another result", name)
		}
		lines := strings.Split(strings.TrimSpace(got["attack.csv"]), "\n")
		if len(lines) != len(r.Fits)+1 || !strings.HasPrefix(lines[0], "lambda,features,moving,norm_l1,clean_") {
			t.Errorf("%s: %d lines, %s", name, len(lines), lines[0])
		}
		if !strings.Contains(got["attack.svg"], "<svg") {
			t.Errorf("%s: %.40s", name, got["attack.svg"])
		}
		var text bytes.Buffer
		r.WriteText(&text)
		for _, word := range words {
			if !strings.Contains(text.String(), word) {
				t.Errorf("%s: no %q in\n%s", name, word, &text)
			}
		}
	}
}

// TestRelaxedAndBetween: the mixture of a relaxed lasso and a λ between two of the path predict as -predict does.
func TestRelaxedAndBetween(t *testing.T) {
	data := people(t)
	q := each(t, data)["gaussian"]
	q.Relax = true
	_, dir := fit(t, q)
	m, err := lasso.ReadModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	lambda, gamma := (m.Fits[3].Lambda+m.Fits[4].Lambda)/2, 0.3
	r := run(t, fits.Request{Model: dir, Path: data, Lambda: &lambda, Gamma: &gamma, Eps: []float64{0}})
	p, err := lasso.Prediction{Model: dir, Path: data, Lambda: &lambda, Gamma: &gamma}.Run()
	if err != nil {
		t.Fatal(err)
	}
	near(t, "clean loss", r.Fits[0].Loss, p.Score.Loss)
	near(t, "loss at eps 0", r.Fits[0].Points[0].Worst, p.Score.Loss)
}

// TestBadInput: each is one line.
func TestBadInput(t *testing.T) {
	data := people(t)
	q := each(t, data)
	_, gaussian := fit(t, q["gaussian"])
	_, binomial := fit(t, q["binomial"])
	_, counts := fit(t, q["offset"])
	products := q["gaussian"]
	products.Interactions = true
	_, interactions := fit(t, products)
	m, err := lasso.ReadModel(gaussian)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(gaussian, lasso.ModelFile))
	if err != nil {
		t.Fatal(err)
	}
	var old map[string]any
	if err := json.Unmarshal(text, &old); err != nil {
		t.Fatal(err)
	}
	for _, f := range old["features"].([]any) {
		delete(f.(map[string]any), "deviation")
	}
	if text, err = json.Marshal(old); err != nil {
		t.Fatal(err)
	}
	earlier := write(t, "model.json", string(text))
	of := func(v float64) *float64 { return &v }
	first, last := m.Fits[0].Lambda, m.Fits[len(m.Fits)-1].Lambda
	for _, c := range []struct {
		q    fits.Request
		want string
	}{
		{fits.Request{Model: "nowhere"}, "nowhere: no such file or folder"},
		{fits.Request{Path: "nowhere.csv"}, "nowhere.csv: there is no such file"},
		{fits.Request{Path: write(t, "n.csv", "a,b,city,y\n1,2,east,3\n")}, `n.csv: no column "c", which the model uses; did you mean a or b?`},
		{fits.Request{Path: write(t, "n.csv", "a,b,c,city\n1,2,3,east\n")},
			`n.csv: no column "y", the target of the model; did you mean a or b?`},
		{fits.Request{Path: write(t, "n.csv", "a,b,c,city,y\n1,2,3,south,1\n")},
			`n.csv: column city has 1 value that the model does not know, "south" (row 1); it knows east, north, west`},
		{fits.Request{Path: write(t, "n.csv", "a,b,c,city,y\n1,2,3,east,\n2,2,3,east,NA\n")},
			"n.csv: no row has a target, and an attack needs the true one"},
		{fits.Request{Path: write(t, "n.csv", "a,b,c,city,y\n1,2,3,east,high\n")}, `n.csv: row 1, column y: "high" is not a number`},
		{fits.Request{Model: binomial, Path: write(t, "n.csv", "a,b,c,city,again\n1,2,3,east,maybe\n")},
			`n.csv: row 1, column again: "maybe" is no class of the model (no, yes)`},
		{fits.Request{Model: counts, Path: write(t, "n.csv", "a,b,c,city,exposure,visits\n1,2,3,east,0,-2\n")},
			"n.csv: row 1, column visits: -2 is negative, and the model predicts counts"},
		{fits.Request{Model: counts, Move: []string{"exposure"}}, "-move names exposure, the offset of the model, which stays"},
		{fits.Request{Lambda: of(2 * first)},
			fmt.Sprintf("-lambda is %v, and the path of the model goes from λ = %.6g down to %.6g", 2*first, first, last)},
		{fits.Request{Lambda: of(math.NaN())},
			fmt.Sprintf("-lambda is NaN, and the path of the model goes from λ = %.6g down to %.6g", first, last)},
		{fits.Request{Lambda: of(first)},
			fmt.Sprintf("at λ = %.6g the model has no features, and one prediction for all rows; take a smaller λ", first)},
		{fits.Request{Gamma: of(0.5)}, "-gamma is the mixture of a relaxed lasso, and the model was fitted without -relax"},
		{fits.Request{Move: []string{"salary"}},
			`-move names "salary", which is no column of people.csv; the columns are city, a, b, c, exposure, y, again, level, visits`},
		{fits.Request{Fixed: []string{"[a"}}, `-fixed: the pattern "[a" is malformed`},
		{fits.Request{Fixed: []string{"?", "city"}}, "none of the columns that the model uses moves (city, a, b, c): columns of text stay " +
			"unless -move names them, columns of -fixed always"},
		{fits.Request{Model: earlier},
			"the model is of an earlier version and has no standard deviation of column a; fit again, or give -units raw"},
		{fits.Request{Range: []float64{-1, 1}, Units: fits.Raw}, ", column a: "},
		{fits.Request{LeftOut: true},
			"-left-out takes the rows that the fit left out for testing, and the model names none; fit with -test-size"},
		{fits.Request{Names: []string{"fab"}}, "fab: fab looks for the boundary of classes, but the examples have numbers"},
		{fits.Request{Names: []string{"standard"}}, "standard: apgdt aims at classes, but the examples have numbers"},
		{fits.Request{Eps: []float64{1e31}}, "eps 1e+31: it must be a number from 0 to 1e+30"},
		{fits.Request{Model: interactions}, "and attacks move columns alone; keep "},
	} {
		if c.q.Model == "" {
			c.q.Model = gaussian
		}
		if c.q.Path == "" {
			c.q.Path = data
		}
		if c.q.Names == nil {
			c.q.Names = []string{"fgsm"}
		}
		if c.q.Eps == nil {
			c.q.Eps = []float64{0.1}
		}
		c.q.Attacks = attacks(t, c.q.Names...)
		_, err := c.q.Run(context.Background())
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	if _, err := (fits.Request{Model: gaussian, Path: data}).Run(context.Background()); err == nil {
		t.Error("an attack without a size or attacks passes")
	}
	run(t, fits.Request{Model: earlier, Path: data, Units: fits.Raw, Eps: []float64{0.1}})
	stopped, stop := context.WithCancel(context.Background())
	stop()
	q0 := fits.Request{Model: gaussian, Path: data, Eps: []float64{0.1}, Names: []string{"fgsm"}, Attacks: attacks(t, "fgsm")}
	if _, err := q0.Run(stopped); err != context.Canceled {
		t.Errorf("stopped: %v", err)
	}
}
