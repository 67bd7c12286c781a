package lasso

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pare/internal/table"
	"pare/stat/estimate"
	"pare/stat/linear"
)

// sample is a table of 200 rows: y = 2a − b + noise, c is noise, kind is text.
func sample(t *testing.T) *table.Table {
	t.Helper()
	const n = 200
	r := rand.New(rand.NewPCG(1, 2))
	v := make([][]float64, 4)
	for j := range v {
		v[j] = make([]float64, n)
		for i := range v[j] {
			v[j][i] = r.NormFloat64()
		}
	}
	kind := table.Column{Name: "kind", Levels: []string{"q", "p", "r"}, Codes: make([]int32, n)}
	team := make([]float64, n)
	for i := range n {
		v[3][i] += 2*v[0][i] - v[1][i] + 5
		kind.Codes[i] = int32(r.IntN(3))
		team[i] = float64(i / 5)
	}
	out, err := table.New("sample", []table.Column{{Name: "a", Numbers: v[0]}, {Name: "b", Numbers: v[1]}, {Name: "c", Numbers: v[2]},
		kind, {Name: "team", Numbers: team}, {Name: "y", Numbers: v[3]}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func load(t *testing.T, c Table) *Data {
	t.Helper()
	c.Target = "y"
	d, err := Load(sample(t), linear.Gaussian, c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func fitted1(t *testing.T, d *Data, o Options) *Result {
	t.Helper()
	r, err := Run(d, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func ptr(v float64) *float64 { return &v }

func TestLoad(t *testing.T) {
	d := load(t, Table{Source: estimate.Source{OneHot: true}, Together: "team"})
	if want := []string{"a", "b", "c", "kind=p", "kind=q", "kind=r"}; !slices.Equal(d.Names, want) {
		t.Errorf("columns %v, want %v", d.Names, want)
	}
	if d.Of[4] != "kind" || d.Rows != 200 || len(d.X) != 6*200 {
		t.Errorf("%v, %d rows", d.Of, d.Rows)
	}
	split := load(t, Table{Source: estimate.Source{OneHot: true}, Together: "team", TestSize: 0.25, Seed: 3})
	if split.Rows != 150 || split.Test.Rows != 50 {
		t.Fatalf("%d rows and %d", split.Rows, split.Test.Rows)
	}
	for _, team := range split.Test.Together {
		if slices.Contains(split.Together, team) {
			t.Errorf("team %d is on both sides", team)
		}
	}
	sum := 0.0
	for _, v := range append(slices.Clone(split.Y), split.Test.Y...) {
		sum += v
	}
	for _, v := range d.Y {
		sum -= v
	}
	if math.Abs(sum) > 1e-9 {
		t.Error("the two sides are not all rows")
	}
	if again := load(t, Table{Source: estimate.Source{OneHot: true}, Together: "team", TestSize: 0.25, Seed: 3}); !slices.Equal(again.Y, split.Y) {
		t.Error("one seed, two splits")
	}
}

func TestFactorsOfTextColumns(t *testing.T) {
	d := load(t, Table{Source: estimate.Source{OneHot: true, Drop: []string{"team"}}})
	penalty, lower, upper, err := d.factors(&Options{PenaltyFactors: map[string]float64{"kind=q": 3, "kind": 2}, Upper: map[string]float64{"a": 1}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []float64{1, 1, 1, 2, 3, 2}; !slices.Equal(penalty, want) {
		t.Errorf("factors %v, want %v", penalty, want)
	}
	if lower != nil || upper[0] != 1 || !math.IsInf(upper[1], 1) {
		t.Errorf("limits %v, %v", lower, upper)
	}
	f, err := newProblem(d, &Options{Interactions: true, PenaltyFactors: map[string]float64{"a": math.Inf(1), "b": 0, "c": 4}})
	if err != nil {
		t.Fatal(err)
	}
	factor := map[string]float64{}
	for j, w := range f.PenaltyFactor {
		factor[f.name(j)] = w
	}
	for name, want := range map[string]float64{"a": math.Inf(1), "a:b": math.Inf(1), "b": 0, "b:c": 4, "b:kind=p": 1, "kind=p:kind=q": 1} {
		if factor[name] != want {
			t.Errorf("factor of %s is %v, want %v", name, factor[name], want)
		}
	}
}

// TestScore compares the measure on rows left out with one from the written model.
func TestScore(t *testing.T) {
	d := load(t, Table{Source: estimate.Source{Columns: []string{"a", "b", "c"}}, TestSize: 0.3, Seed: 1})
	r := fitted1(t, d, Options{Search: estimate.Search{Lambda: ptr(0.05)}, OLS: true})
	text, err := json.Marshal(r.JSON())
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Intercept    float64
		Coefficients map[string]float64
		Test         struct{ Loss, R2 float64 }
	}
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	if bytes.Index(text, []byte(`"a":`)) > bytes.Index(text, []byte(`"b":`)) {
		t.Error("coefficients are not in the order of columns")
	}
	loss, base, mean := 0.0, 0.0, 0.0
	for _, y := range d.Y {
		mean += y / float64(d.Rows)
	}
	for i, y := range d.Test.Y {
		s := m.Intercept
		for j, name := range d.Names {
			s += m.Coefficients[name] * d.Test.X[j*d.Test.Rows+i]
		}
		loss += (y - s) * (y - s) / float64(d.Test.Rows)
		base += (y - mean) * (y - mean) / float64(d.Test.Rows)
	}
	if math.Abs(loss-m.Test.Loss) > 1e-12*loss || math.Abs(1-loss/base-m.Test.R2) > 1e-12 {
		t.Errorf("loss %v and R² %v, want %v and %v", m.Test.Loss, m.Test.R2, loss, 1-loss/base)
	}
	if r.OLS.Rank != 3 || r.OLS.MinimumNorm || r.OLS.Test.R2 < 0.7 {
		t.Errorf("least squares %+v", r.OLS)
	}
}

// TestPathCSV: every row of the path is the model of its fit.
func TestPathCSV(t *testing.T) {
	d := load(t, Table{Source: estimate.Source{OneHot: true, Drop: []string{"team"}}})
	r := fitted1(t, d, Options{Search: estimate.Search{Count: 12, Folds: 3}, Interactions: true})
	var b bytes.Buffer
	if err := r.pathFile().Write(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(r.Path)+1 {
		t.Fatalf("%d rows for %d models", len(rows), len(r.Path))
	}
	for k, f := range r.Path {
		got := map[string]float64{}
		for j, name := range rows[0] {
			if v, err := strconv.ParseFloat(rows[k+1][j], 64); err == nil {
				got[name] = v
			}
		}
		if got["lambda"] != f.Lambda || got["(intercept)"] != f.Intercept || got["cv_mean"] != r.CV.Mean[k] {
			t.Errorf("model %d is written as %v", k, got)
		}
		for i, j := range f.Index {
			if got[r.Name(j)] != f.Value[i] {
				t.Errorf("%s is %v, want %v", r.Name(j), got[r.Name(j)], f.Value[i])
			}
		}
	}
}

func TestGuards(t *testing.T) {
	for _, guard := range []Guard{Knockoffs, Stability, Permutation} {
		d := load(t, Table{Source: estimate.Source{OneHot: true, Drop: []string{"team"}}})
		r := fitted1(t, d, Options{Search: estimate.Search{Count: 5, Seed: 4, Threads: 1}, Guard: guard, Q: 0.1})
		var names []string
		for _, j := range r.Selected() {
			names = append(names, r.Name(j))
		}
		if !slices.Contains(names, "a") || !slices.Contains(names, "b") || slices.Contains(names, "c") {
			t.Errorf("%s lets %v pass", guard, names)
		}
		// A target that is one of the columns: it passes, alone.
		d.Y = feature(r.problem.X, 2)
		empty := fitted1(t, d.take(all(d.Rows)), Options{Search: estimate.Search{Count: 5}, Guard: guard, Q: 0.1})
		if s := empty.Selected(); !slices.Equal(s, []int{2}) {
			t.Errorf("%s of column c lets %v pass", guard, s)
		}
	}
}

func TestRobustIsTheOptimum(t *testing.T) {
	d := load(t, Table{Source: estimate.Source{Columns: []string{"a", "b", "c"}}})
	r := fitted1(t, d, Options{Search: estimate.Search{Count: 60}, Robust: 0.15})
	b := r.Robust
	if !b.Converged || b.Gap < 0 || math.Abs(b.Trained.Loss-b.Objective) > 1e-9*b.Objective {
		t.Errorf("trained: %+v", b)
	}
	for _, c := range b.Path {
		if c.Loss < b.Objective-b.Gap || c.Loss < c.Clean {
			t.Errorf("λ = %v: worst case %v, loss %v, optimum %v", c.Lambda, c.Loss, c.Clean, b.Objective)
		}
	}
	if least := b.Path[b.Best].Loss; least > 1.05*b.Objective {
		t.Errorf("no λ comes near the optimum: %v, %v", least, b.Objective)
	}
}

func TestErrorsNameTheColumn(t *testing.T) {
	_, err := Load(sample(t), linear.Gaussian, Table{Target: "Y2"})
	if err == nil || !strings.Contains(err.Error(), "did you mean y?") {
		t.Errorf("%v", err)
	}
	_, err = Load(sample(t), linear.Gaussian, Table{Target: "y", Audit: "y", Source: estimate.Source{Drop: []string{"kind"}}})
	if want := "sample: column y is the target, an audit compares groups of rows whatever the target is"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
