package lasso

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"pare/stat/estimate"
	"pare/stat/linear"
)

// claims writes a table of counts with an exposure.
func claims(t *testing.T) string {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 9))
	var b strings.Builder
	b.WriteString("kind,a,b,c,d,years,claims\n")
	for range 200 {
		x, z, years := r.NormFloat64(), r.NormFloat64(), r.Float64()
		mean, kind := math.Exp(0.4*x-0.3+years), "car"
		if r.IntN(3) == 0 {
			kind, mean = "van", 2*mean
		}
		count := 0
		for p := r.Float64(); p > math.Exp(-mean) && count < 50; count++ {
			p *= r.Float64()
		}
		fmt.Fprintf(&b, "%s,%v,%v,%v,%v,%v,%d\n", kind, x, z, x+r.NormFloat64(), r.NormFloat64(), years, count)
	}
	return write(t, "claims.csv", b.String())
}

// TestPoissonWithOffset: the written model predicts the means of the fit on its rows, offsets
// included, measures them alike, and its cross-validation is of deviances.
func TestPoissonWithOffset(t *testing.T) {
	data := claims(t)
	q := Request{Table{Source: estimate.Source{Path: data, OneHot: true}, Target: "claims", Offset: "years"},
		Options{Family: linear.Poisson, Search: estimate.Search{Folds: 5}}}
	r, dir := fitFolder(t, q)
	if slices.Contains(r.Data.Names, "years") || r.Data.Offset == nil {
		t.Fatalf("features %v, offset %v", r.Data.Names, r.Data.Offset)
	}
	p, err := Prediction{Model: dir, Path: data}.Run()
	if err != nil {
		t.Fatal(err)
	}
	link := r.Chosen.Predict(r.problem.X)
	loss := 0.0
	for i, eta := range p.Link[0] {
		if want := link[i] + r.Data.Offset[i]; math.Abs(eta-want) > 1e-12 {
			t.Fatalf("row %d: predictor %v, want %v", i, eta, want)
		}
		loss += linear.Poisson.Deviance(eta, r.Data.Y[i]) / float64(r.Data.Rows)
	}
	if math.Abs(p.Score.Loss-loss) > 1e-9 || math.Abs(p.Score.R2-r.Chosen.Explained) > 1e-6 {
		t.Errorf("deviance %v, R² %v, want %v and %v", p.Score.Loss, p.Score.R2, loss, r.Chosen.Explained)
	}
	header, rows := p.table()
	if !slices.Equal(header, []string{"row", "prediction", "link", "target"}) || rows[0][1] != estimate.Number(math.Exp(p.Link[0][0])) {
		t.Errorf("predictions %v %v", header, rows[0])
	}
	if c := r.CV; !(c.Mean[c.Min] < c.Mean[0]) {
		t.Errorf("the least deviance in the folds is %v, that without features %v", c.Mean[c.Min], c.Mean[0])
	}
	if _, err := (Prediction{Model: dir, Path: write(t, "new.csv", "kind,a,b,c,d\ncar,0,0,0,0\n")}).Run(); err == nil ||
		!strings.Contains(err.Error(), `no column "years", which is the offset of the model`) {
		t.Errorf("without the column of the offset: %v", err)
	}
}

// TestGroupColumns: groups by pattern and by file are the same, and enter together.
func TestGroupColumns(t *testing.T) {
	table := Table{Source: estimate.Source{Path: claims(t), OneHot: true}, Target: "claims"}
	var models []*linear.Model
	for _, o := range []Options{
		{GroupColumns: []string{"[ac]", "[bd]"}},
		{GroupFile: write(t, "groups.csv", "column,group\na,one\nb,two\nc,one\nd,two\n")},
	} {
		o.Family, o.Lambda = linear.Poisson, ptr(0.05)
		r, err := Request{table, o}.Run()
		if err != nil {
			t.Fatal(err)
		}
		at := func(name string) bool { return slices.Contains(r.Chosen.Index, slices.Index(r.Data.Names, name)) }
		if at("a") != at("c") || at("b") != at("d") || !at("a") {
			t.Errorf("selected: a %v, c %v, b %v, d %v", at("a"), at("c"), at("b"), at("d"))
		}
		models = append(models, r.Chosen.Model)
	}
	if models[0].Objective != models[1].Objective || !models[0].Converged {
		t.Errorf("objectives %v and %v, converged %v", models[0].Objective, models[1].Objective, models[0].Converged)
	}
}

// TestGroupNamesAreNotColumns: the name of a group may be the name of a column that is in none.
func TestGroupNamesAreNotColumns(t *testing.T) {
	text := claims(t)
	groups := write(t, "groups.csv", "column,group\na,b\nc,b\n")
	want := Request{Table{Source: estimate.Source{Path: text, OneHot: true}, Target: "claims"},
		Options{GroupFile: groups, Search: estimate.Search{Lambda: ptr(0.1)}}}
	r, err := want.Run()
	if err != nil {
		t.Fatal(err)
	}
	cells, err := os.ReadFile(text)
	if err != nil {
		t.Fatal(err)
	}
	renamed := strings.Replace(string(cells), "kind,a,b,c,d", "kind,a,group b,c,d", 1)
	q := want
	q.Path = write(t, "renamed.csv", renamed)
	again, err := q.Run()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Chosen.Index, again.Chosen.Index) || !slices.Equal(r.Chosen.Value, again.Chosen.Value) {
		t.Errorf("coefficients %v, with the column b called \"group b\" %v", r.Chosen.Value, again.Chosen.Value)
	}
}
