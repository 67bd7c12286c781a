package lasso

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pare/internal/table"
	"pare/stat/estimate"
	"pare/stat/linear"
)

// people writes a table with a column of text, one of numbers that are categories, and targets
// of each family.
func people(t *testing.T) string {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 7))
	var b strings.Builder
	b.WriteString("city,room,a,b,y,again,level\n")
	cities := []string{"west", "east", "north"}
	for range 150 {
		x, z := r.NormFloat64(), r.NormFloat64()
		city, room := cities[r.IntN(3)], 1+r.IntN(2)
		y := 2*x - z + float64(room) + r.NormFloat64()/2
		if city == "east" {
			y += 2
		}
		again, level := "no", "low"
		if y+r.NormFloat64() > 2 {
			again = "yes"
		}
		if y > 1 {
			level = "mid"
		}
		if y > 3 {
			level = "top"
		}
		fmt.Fprintf(&b, "%s,%d,%v,%v,%v,%s,%s\n", city, room, x, z, y, again, level)
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

// fitFolder fits a table and writes the folder of the result.
func fitFolder(t *testing.T, q Request) (*Result, string) {
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

// TestPredictionsAreTheFit: on the rows of the fit the written model has the linear predictors
// of the fit, at every λ, with categories, products, classes and refits.
func TestPredictionsAreTheFit(t *testing.T) {
	data := people(t)
	source := estimate.Source{Path: data, OneHot: true, Categorical: []string{"room"}}
	for name, q := range map[string]Request{
		"gaussian":    {Table{Source: source, Target: "y"}, Options{}},
		"drop first":  {Table{Source: source, Target: "y"}, Options{}},
		"products":    {Table{Source: source, Target: "y"}, Options{Interactions: true}},
		"binomial":    {Table{Source: source, Target: "again"}, Options{Family: linear.Binomial, Relax: true}},
		"multinomial": {Table{Source: source, Target: "level"}, Options{Family: linear.Multinomial}},
		"one relaxed": {Table{Source: source, Target: "y"}, Options{Relax: true, Gammas: []float64{0.3},
			Search: estimate.Search{Lambda: ptr(0.2)}}},
		"validated": {Table{Source: source, Target: "y"}, Options{Relax: true, Search: estimate.Search{Folds: 4, OneSE: true}}},
	} {
		for _, other := range []string{"y", "again", "level"} {
			if other != q.Target {
				q.Drop = append(slices.Clone(q.Drop), other)
			}
		}
		q.DropFirst = name == "drop first"
		if q.Lambda == nil {
			q.Count = 15
		}
		r, dir := fitFolder(t, q)
		same := func(f *Fit, gamma float64, p *Predictions) {
			t.Helper()
			for k, want := range predictors(f.Model, r.problem.X) {
				for i := range want {
					if got := p.Link[k][i]; math.Abs(got-want[i]) > 1e-12*max(1, math.Abs(want[i])) || p.Row[i] != i+1 {
						t.Fatalf("%s, λ %v, γ %v, row %d: %v, the fit has %v", name, f.Lambda, gamma, i, got, want[i])
					}
				}
			}
		}
		for _, f := range r.Path {
			gammas := []float64{1}
			if f.Refit != nil {
				gammas = append(gammas, 0, 0.4)
			}
			for _, gamma := range gammas {
				ask := Prediction{Model: dir, Path: data, Lambda: &f.Lambda}
				if f.Refit != nil {
					ask.Gamma = &gamma
				}
				p, err := ask.Run()
				if err != nil {
					t.Fatal(err)
				}
				same(f.blend(gamma), gamma, p)
			}
		}
		if r.Chosen != nil {
			p, err := Prediction{Model: dir, Path: data}.Run()
			if err != nil {
				t.Fatal(err)
			}
			same(r.Chosen, r.Chosen.Gamma, p)
			if p.Gamma != r.Chosen.Gamma || p.Lambda != r.Chosen.Lambda {
				t.Errorf("%s: predicted at λ %v, γ %v", name, p.Lambda, p.Gamma)
			}
		}
	}
}

// TestPredictionBetweenLambdas: coefficients are interpolated between two λ, and the nearest
// λ counts outside the path.
func TestPredictionBetweenLambdas(t *testing.T) {
	data := people(t)
	_, dir := fitFolder(t, Request{Table{Source: estimate.Source{Path: data, Columns: []string{"a", "b"}}, Target: "y"},
		Options{Lambdas: []float64{0.4, 0.2}}})
	at := func(lambda float64) []float64 {
		p, err := Prediction{Model: dir, Path: data, Lambda: &lambda}.Run()
		if err != nil {
			t.Fatal(err)
		}
		return p.Link[0]
	}
	high, low, between := at(0.4), at(0.2), at(0.25)
	for i := range between {
		if want := 0.25*high[i] + 0.75*low[i]; math.Abs(between[i]-want) > 1e-12 {
			t.Fatalf("row %d: %v, want %v", i, between[i], want)
		}
	}
	if !slices.Equal(at(3), high) || !slices.Equal(at(0), low) {
		t.Error("outside the path another λ counts")
	}
	_, err := Prediction{Model: dir, Path: data}.Run()
	want := "the model is a path of 2 λ, from 0.4 to 0.2, and none is chosen; give -lambda, or fit with -cv"
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

// TestPredictionOfOtherTables: columns and levels may have another order, columns that the model
// does not use may be missing; everything else is one line.
func TestPredictionOfOtherTables(t *testing.T) {
	data := people(t)
	q := Request{Table{Source: estimate.Source{Path: data, OneHot: true, Categorical: []string{"room"}, Drop: []string{"again", "level"}},
		Target: "y"}, Options{Search: estimate.Search{Lambda: ptr(0.05)}}}
	r, dir := fitFolder(t, q)
	predict := func(text string, complete bool) (*Predictions, error) {
		return Prediction{Model: dir, Path: write(t, "new.csv", text), Complete: complete}.Run()
	}
	p, err := predict("b,extra,room,a,city\n0.5,x,2.0,1,north\n-1,y,1,0.25,east\n", false)
	if err != nil {
		t.Fatal(err)
	}
	coefficient := map[string]float64{}
	for k, j := range r.Chosen.Index {
		coefficient[r.Name(j)] = r.Chosen.Value[k]
	}
	for i, want := range []float64{
		r.Chosen.Intercept + 0.5*coefficient["b"] + coefficient["a"] + coefficient["room=2"] + coefficient["city=north"],
		r.Chosen.Intercept - coefficient["b"] + 0.25*coefficient["a"] + coefficient["room=1"] + coefficient["city=east"],
	} {
		if math.Abs(p.Link[0][i]-want) > 1e-12 {
			t.Errorf("row %d: %v, want %v", i, p.Link[0][i], want)
		}
	}
	const head = "city,room,a,b\n"
	for text, want := range map[string]string{
		"city,room,a\nwest,1,2\n":  `new.csv: no column "b", which the model uses; did you mean a?`,
		"city,rooms,A\nwest,1,2\n": "new.csv: 3 columns that the model uses are not there: room, a, b",
		head + "west,1,2,3\nsouth,1,2,3\nup,1,2,3\nsouth,2,1,1\n": `new.csv: column city has 2 values that the model does not know, ` +
			`"south" (row 2), "up" (row 3); it knows east, north, west`,
		head + "west,3,2,3\n":           `new.csv: column room has 1 value that the model does not know, "3" (row 1); it knows 1, 2`,
		head + "west,1,2,3\n,1,2,3\n":   `new.csv: column city: the cell "(empty)" (row 2) is missing; leave such rows out with -complete`,
		head + "west,1,2,3\nNA,1,2,3\n": `new.csv: column city: the cell "NA" (row 2) is missing; leave such rows out with -complete`,
		head + "west,1,2,3\neast,1,,3\n": "new.csv: row 2, column a: the cell has no number " +
			"(it is empty, NA, NaN or another word for a missing value); " +
			"leave such rows out with -complete",
		head + "west,1,2,3\neast,1,u,3\n": `new.csv: row 2, column a: "u" is not a number`,
		head + "west,1,2\n":               "new.csv: row 1 has 3 cells, the header has 4",
		head:                              "new.csv: the file has a header but no rows",
	} {
		if _, err := predict(text, false); err == nil || err.Error() != want {
			t.Errorf("%q:\n%v, want\n%s", text, err, want)
		}
	}
	p, err = predict(head+"west,1,2,3\n,1,2,3\neast,1,2,\neast,2,1,1\n", true)
	if err != nil || !slices.Equal(p.Row, []int{1, 4}) || !slices.Contains(p.Notes, "2 of 4 rows with a missing cell are left out") {
		t.Errorf("%+v, %v", p, err)
	}
	// With the rule of the fit, without being asked again.
	q.Complete = true
	_, dir = fitFolder(t, q)
	if p, err = predict(head+"west,1,2,3\neast,1,2,\n", false); err != nil || !slices.Equal(p.Row, []int{1}) {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestPredictionCSV: the table has probabilities that add up to one, the class of the largest,
// and the target, which is scored.
func TestPredictionCSV(t *testing.T) {
	data := people(t)
	for target, family := range map[string]linear.Family{"y": linear.Gaussian, "again": linear.Binomial, "level": linear.Multinomial} {
		r, dir := fitFolder(t, Request{Table{Source: estimate.Source{Path: data, Columns: []string{"a", "b"}}, Target: target},
			Options{Family: family, Search: estimate.Search{Lambda: ptr(0.02)}}})
		p, err := Prediction{Model: dir, Path: data}.Run()
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := p.WriteCSV(&b); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil || len(rows) != 151 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		want := map[string]string{"y": "row,prediction,target", "again": "row,class,p(no),p(yes),link,target",
			"level": "row,class,p(low),p(mid),p(top),link(low),link(mid),link(top),target"}[target]
		if got := strings.Join(rows[0], ","); got != want {
			t.Errorf("header %s, want %s", got, want)
		}
		for _, row := range rows[1:] {
			if family == linear.Gaussian {
				break
			}
			sum, best, class := 0.0, 0.0, ""
			for k, name := range r.Data.Classes {
				v, err := strconv.ParseFloat(row[2+k], 64)
				if err != nil {
					t.Fatal(err)
				}
				if sum += v; v > best {
					best, class = v, name
				}
			}
			if math.Abs(sum-1) > 1e-14 || class != row[1] {
				t.Errorf("%v", row)
			}
		}
		if s := p.Score; s == nil || s.Rows != 150 || math.Abs(s.R2-r.Chosen.Explained) > 1e-9 {
			t.Errorf("%s: score %+v, the fit explains %v", target, p.Score, r.Chosen.Explained)
		}
	}
}

// TestSparseModelFile: a model of a svmlight file takes a column that does not occur in the new
// file for zeros.
func TestSparseModelFile(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var b strings.Builder
	for range 300 {
		y, cells := r.NormFloat64()/10, ""
		for j := range 600 {
			if r.IntN(100) == 0 || j < 5 && r.IntN(3) == 0 {
				v := r.NormFloat64()
				cells += fmt.Sprintf(" %d:%v", j+1, v)
				if j < 5 {
					y += 3 * v
				}
			}
		}
		fmt.Fprintf(&b, "%v%s\n", y, cells)
	}
	data := write(t, "d.svm", b.String())
	q := Request{Table{Source: estimate.Source{Path: data, DropConstant: true}, Target: table.TargetName},
		Options{Search: estimate.Search{Lambda: ptr(0.01)}}}
	fit, dir := fitFolder(t, q)
	if fit.Data.Sparse == nil || fit.Data.X != nil {
		t.Error("the design is filled")
	}
	p, err := Prediction{Model: dir, Path: write(t, "new.svm", "0 1:2\n0 599:1 700:1\n")}.Run()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(fit.Data.Names, "x1")
	beta := fit.Chosen.Coefficients(fit.Features)
	if want := fit.Chosen.Intercept + 2*beta[at]; math.Abs(p.Link[0][0]-want) > 1e-12 || beta[at] < 2 {
		t.Errorf("%v, want %v", p.Link[0][0], want)
	}
	q.TestSize = 0.3
	split, err := q.Run()
	if err != nil || split.Data.Sparse == nil || split.Data.Test.Sparse.Rows != 90 || !(split.Chosen.Test.R2 > 0.5) {
		t.Errorf("%+v, %v", split.Chosen.Test, err)
	}
}

// TestSparseDesignOfText: one-hot columns of many levels give the fit of the design with all its
// zeros.
func TestSparseDesignOfText(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	var b strings.Builder
	b.WriteString("city,a,y\n")
	for i := range 1400 {
		city := i % 700
		fmt.Fprintf(&b, "c%d,%v,%v\n", city, r.NormFloat64(), r.NormFloat64()+float64(city%2))
	}
	q := Request{Table{Source: estimate.Source{Path: write(t, "cities.csv", b.String()), OneHot: true}, Target: "y"},
		Options{Search: estimate.Search{Count: 10, Tolerance: 1e-14}}}
	few, err := q.Run()
	if err != nil || few.Data.Sparse == nil {
		t.Fatal(err)
	}
	d := *few.Data
	d.X, d.Sparse = d.Sparse.Dense(), nil
	full, err := Run(&d, q.Options)
	if err != nil {
		t.Fatal(err)
	}
	for k, f := range few.Path {
		other := full.Path[k]
		if math.Abs(f.Objective-other.Objective) > 1e-10*other.Objective || f.Gap > f.Tolerance || !f.Converged {
			t.Errorf("λ %v: objectives %v and %v, gap %v", f.Lambda, f.Objective, other.Objective, f.Gap)
		}
		u, v := f.Predict(few.problem.X), other.Predict(full.problem.X)
		for i := range u {
			if math.Abs(u[i]-v[i]) > 1e-7 {
				t.Fatalf("λ %v: predictions %v and %v", f.Lambda, u[i], v[i])
			}
		}
	}
	for j := range 5 {
		if a, b := few.problem.deviation(j), full.problem.deviation(j); math.Abs(a-b) > 1e-14 {
			t.Errorf("deviations %v and %v", a, b)
		}
	}
}

// TestHeldOutFile: every row has its number in the file, its fold and its target.
func TestHeldOutFile(t *testing.T) {
	text := "t,a,y\n"
	for i := range 40 {
		cell := strconv.Itoa(i * i % 17)
		if i == 5 {
			cell = ""
		}
		text += fmt.Sprintf("2020-01-%02d,%s,%d\n", 1+i%28, cell, i%11)
	}
	q := Request{Table{Source: estimate.Source{Path: write(t, "d.csv", text), Complete: true}, Target: "y", Time: "t"},
		Options{Search: estimate.Search{Folds: 3, Count: 5}}}
	r, err := q.Run()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.heldOutFile().Write(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows[0], ","); got != "row,repeat,fold,prediction,target" {
		t.Errorf("header %s", got)
	}
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		number, _ := strconv.Atoi(row[0])
		if seen[row[0]] || number == 6 || row[4] != strconv.Itoa((number-1)%11) {
			t.Errorf("%v", row)
		}
		seen[row[0]] = true
	}
	if len(seen) < 25 || len(seen) > 32 {
		t.Errorf("%d rows are in folds", len(seen))
	}
}

// FuzzModel: a file that is no model is an error of one line, and a model predicts or says why
// not.
func FuzzModel(f *testing.F) {
	c := sampleModel()
	text, err := json.Marshal(c)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"kind":"pare lasso model","format":1,"family":"gaussian"}`))
	f.Add([]byte(`[]`))
	rows, err := table.ReadCSV("new.csv", strings.NewReader("a,k\n1,u\n2,v\n"), table.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := decodeModel(text)
		if err == nil {
			_, err = m.Predict(rows, nil)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\r") {
			t.Fatalf("error of several lines: %q", err)
		}
	})
}

// sampleModel is a small model with each part that a file may have.
func sampleModel() *Model {
	return &Model{Kind: modelKind, Format: estimate.Format, Family: "binomial", Target: "y", Classes: []string{"no", "yes"},
		Columns:  []Column{{Name: "a"}, {Name: "k", Levels: []string{"u", "v"}}},
		Features: []Feature{{Cell: Cell{0, -1}}, {Cell: Cell{1, 1}}, {Cell: Cell{0, -1}, Times: &Cell{1, 0}}},
		Null:     []float64{0.5},
		Fits: []SavedFit{{Lambda: 1, Terms: []Terms{{Intercept: 1, Feature: []int{0, 2}, Value: []float64{2, 3}}},
			Refit: []Terms{{Feature: []int{1}, Value: []float64{1}}}}},
		Chosen: &Choice{Lambda: 1, Gamma: 0.5}}
}

// TestDamagedModels: each is an error of one line that names the fault.
func TestDamagedModels(t *testing.T) {
	for want, damage := range map[string]func(m *Model){
		`not the model of a lasso: its kind is "", expected "pare lasso model"`: func(m *Model) { m.Kind = "" },
		"format 9; this version reads format 1":                                 func(m *Model) { m.Format = 9 },
		`the model is damaged: unknown family "cox"`:                            func(m *Model) { m.Family = "cox" },
		"the model is damaged: 1 classes":                                       func(m *Model) { m.Classes = m.Classes[1:] },
		"the model is damaged: it has no fits":                                  func(m *Model) { m.Fits = nil },
		"the model is damaged: feature 1 is of column 2 of 2":                   func(m *Model) { m.Features[1].Column = 2 },
		"the model is damaged: feature 1 is level 2 of 2":                       func(m *Model) { m.Features[1].Level = 2 },
		"the model is damaged: feature 0 is level 0 of 0":                       func(m *Model) { m.Features[0].Level = 0 },
		"the model is damaged: the fit at lambda 1 names features that are not there": func(m *Model) {
			m.Fits[0].Terms[0].Feature[0] = 3
		},
		"the model is damaged: the fit at lambda 1 has 2 predictors, or is out of order": func(m *Model) {
			m.Fits[0].Terms = append(m.Fits[0].Terms, Terms{})
		},
		"the model is damaged: the chosen model is not among the fits": func(m *Model) { m.Chosen.Lambda = 2 },
		"the model is damaged: a separator or decimal mark is no single character": func(m *Model) {
			m.Cells.Separator = "ab"
		},
	} {
		m := sampleModel()
		damage(m)
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeModel(text); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for text, want := range map[string]string{
		"{":       "not the model of a lasso: unexpected EOF",
		"{}\n{}":  "not the model of a lasso: the file goes on after the model",
		"{}  }\n": "not the model of a lasso: the file goes on after the model",
	} {
		if _, err := decodeModel([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := ReadModel("nowhere"); err == nil || err.Error() != "nowhere: no such file or folder" {
		t.Errorf("%v", err)
	}
}

// TestRepeatedFeaturesAdd: the coefficients of features that a model names twice are added, of
// levels as of numbers.
func TestRepeatedFeaturesAdd(t *testing.T) {
	rows, err := table.ReadCSV("new.csv", strings.NewReader("a,k\n1,u\n2,v\n"), table.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := sampleModel()
	m.Chosen.Gamma = 1
	m.Fits[0].Terms[0] = Terms{Feature: []int{0, 1, 0, 1}, Value: []float64{1, 10, 2, 20}}
	p, err := m.Predict(rows, nil)
	if err != nil || !slices.Equal(p.Link[0], []float64{3, 36}) {
		t.Errorf("%v, %v", p.Link, err)
	}
}

// TestAbsentIndexIsLevelZero: an index that does not occur in a svmlight file is a column of
// zeros, also where the fit took its numbers for categories.
func TestAbsentIndexIsLevelZero(t *testing.T) {
	text := "1 1:2 2:1\n0 1:1 2:3\n3 2:2\n1 1:2 2:2\n0 1:1\n4 2:1\n1 1:2\n3 2:4\n"
	q := Request{Table{Source: estimate.Source{Path: write(t, "rows.svm", text), Categorical: []string{"x1"}}},
		Options{Penalty: linear.Ridge{}, Search: estimate.Search{Lambda: ptr(0.1)}}}
	_, dir := fitFolder(t, q)
	with, err := Prediction{Model: dir, Path: write(t, "with.svm", "0 2:3\n0 1:1 2:3\n")}.Run()
	if err != nil {
		t.Fatal(err)
	}
	without, err := Prediction{Model: dir, Path: write(t, "without.svm", "0 2:3\n")}.Run()
	if err != nil {
		t.Fatal(err)
	}
	if a, b := with.Link[0][0], without.Link[0][0]; a != b {
		t.Errorf("prediction %v, and %v where x1 is 0 in every row", a, b)
	}
}

// TestTargetFileOfSVMLight: indices that do not occur are 0 also beside a file of targets, and
// errors number the rows of the file although some are left out.
func TestTargetFileOfSVMLight(t *testing.T) {
	m := sampleModel()
	m.Columns[0].Name, m.Chosen.Gamma = "x1", 1
	m.Fits[0].Terms[0] = Terms{Intercept: 1, Feature: []int{0}, Value: []float64{2}}
	folder := t.TempDir()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, ModelFile), text, 0o600); err != nil {
		t.Fatal(err)
	}
	q := Prediction{Model: folder, Path: write(t, "rows.svm", "0 2:1\n0 3:1\n"), Target: write(t, "target.csv", "y\nno\nyes\n")}
	p, err := q.Run()
	if err != nil || !slices.Equal(p.Link[0], []float64{1, 1}) || !slices.Equal(p.Truth, []string{"no", "yes"}) {
		t.Errorf("%v", err)
	}
	q = Prediction{Model: folder, Path: write(t, "rows.csv", "x1\n\nNA\n2\nodd\n"), Complete: true}
	if _, err := q.Run(); err == nil || !strings.Contains(err.Error(), `rows.csv: row 3, column x1: "odd" is not a number`) {
		t.Errorf("%v", err)
	}
}
