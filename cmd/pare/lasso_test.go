package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/cmd/internal/cli"
)

// grades writes a table of which the columns a and b make y, c is noise and school is
// text that matters a little.
func grades(t *testing.T) string {
	t.Helper()
	r := rand.New(rand.NewPCG(4, 5))
	var b strings.Builder
	b.WriteString("a,b,c,school,pass,level,team,w,y\n")
	schools := []string{"east", "north", "west"}
	for i := range 120 {
		a, c, e := r.NormFloat64(), r.NormFloat64(), r.NormFloat64()
		d := 0.5*a + r.NormFloat64()
		k := i % 3
		y := 3 + 2*a - d + 0.5*float64(k) + 0.3*e
		pass, level := "no", "low"
		if y+r.NormFloat64() > 3 {
			pass = "yes"
		}
		if y > 2 {
			level = "mid"
		}
		if y > 4.5 {
			level = "top"
		}
		fmt.Fprintf(&b, "%v,%v,%v,%s,%s,%s,%d,%d,%v\n", a, d, c, schools[k], pass, level, i/4, 1+k, y)
	}
	return file(t, "grades.csv", b.String())
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// fitted is what -json prints for one λ.
type fitted struct {
	Lambda, Intercept, Objective, Gap, Tolerance float64
	Coefficients                                 map[string]float64
	Iterations                                   int
	Converged                                    bool
	ChosenBy                                     string `json:"chosen_by"`
	Path                                         []struct{ Lambda, Gap, Tolerance float64 }
	Guard                                        struct{ Selected []string }
	Test                                         struct{ R2 float64 }
}

func fitJSON(t *testing.T, args ...string) fitted {
	t.Helper()
	var m fitted
	out := succeed(t, append([]string{"lasso", "-json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &m); err != nil {
		t.Fatalf("%v in %.200s", err, out)
	}
	return m
}

const numbers = "a,b,c"

func TestLassoOneLambda(t *testing.T) {
	data := grades(t)
	m := fitJSON(t, "-data", data, "-target", "y", "-features", numbers, "-lambda", "0.5")
	if m.Lambda != 0.5 || !m.Converged || m.Gap < 0 || m.Gap > m.Tolerance || m.Objective <= 0 {
		t.Errorf("%+v", m)
	}
	if len(m.Coefficients) != 3 || m.Coefficients["c"] != 0 || !(m.Coefficients["a"] > 1) || !(m.Coefficients["b"] < 0) {
		t.Errorf("coefficients %v", m.Coefficients)
	}
	if again := fitJSON(t, "-data", data, "-target", "y", "-features", numbers, "-lambda", "0.5", "-threads", "1"); again.Objective != m.Objective {
		t.Error("the result depends on the number of threads")
	}
	// λ above its largest value selects nothing, which is a result.
	none := fitJSON(t, "-data", data, "-target", "y", "-features", numbers, "-lambda", "100")
	for name, v := range none.Coefficients {
		if v != 0 {
			t.Errorf("%s is %v at a large λ", name, v)
		}
	}
	contains(t, succeed(t, "lasso", "-data", data, "-target", "y", "-features", numbers, "-lambda", "100"), "no feature is selected", "certified")
}

func TestLassoOptionsMatter(t *testing.T) {
	data := grades(t)
	base := []string{"-data", data, "-target", "y", "-features", numbers, "-lambda", "0.01"}
	at := func(args ...string) fitted { return fitJSON(t, append(base[:len(base):len(base)], args...)...) }
	plain := at()
	if m := at("-positive"); m.Coefficients["b"] != 0 || m.Coefficients["a"] == 0 {
		t.Errorf("-positive: %v", m.Coefficients)
	}
	if m := at("-lower-limits", "b=-0.5"); m.Coefficients["b"] != -0.5 {
		t.Errorf("-lower-limits: %v", m.Coefficients)
	}
	if m := at("-upper-limits", "a=1"); m.Coefficients["a"] != 1 {
		t.Errorf("-upper-limits: %v", m.Coefficients)
	}
	if m := at("-penalty-factor", "a=inf"); m.Coefficients["a"] != 0 {
		t.Errorf("-penalty-factor: %v", m.Coefficients)
	}
	if m := at("-penalty-factor", "c=100"); m.Coefficients["c"] != 0 || plain.Coefficients["c"] == 0 {
		t.Errorf("-penalty-factor: %v, without %v", m.Coefficients, plain.Coefficients)
	}
	for _, args := range [][]string{{"-intercept=false"}, {"-standardize=false"}, {"-alpha", "0.5"}, {"-weights", "w"}} {
		if m := at(args...); m.Objective == plain.Objective || !m.Converged {
			t.Errorf("%q changes nothing", args)
		}
	}
	hot := fitJSON(t, "-data", data, "-target", "y", "-drop", "pass,level,team,w", "-one-hot", "-lambda", "0.01")
	if _, ok := hot.Coefficients["school=west"]; !ok || len(hot.Coefficients) != 6 {
		t.Errorf("-one-hot: %v", hot.Coefficients)
	}
	first := fitJSON(t, "-data", data, "-target", "y", "-drop", "pass,level,team,w", "-one-hot", "-drop-first", "-lambda", "0.01")
	if _, ok := first.Coefficients["school=east"]; ok {
		t.Errorf("-drop-first: %v", first.Coefficients)
	}
	group := fitJSON(t, "-data", data, "-target", "y", "-drop", "pass,level,team,w", "-one-hot", "-group-lasso", "-lambda", "0.05")
	east, north, west := group.Coefficients["school=east"], group.Coefficients["school=north"], group.Coefficients["school=west"]
	if !group.Converged || (east == 0) != (north == 0) || (north == 0) != (west == 0) {
		t.Errorf("-group-lasso: %v", group.Coefficients)
	}
	pairs := fitJSON(t, "-data", data, "-target", "y", "-features", numbers, "-interactions", "-lambda", "0.001")
	if _, ok := pairs.Coefficients["a:b"]; !ok {
		t.Errorf("-interactions: %v", pairs.Coefficients)
	}
}

func TestLassoCrossValidation(t *testing.T) {
	data := grades(t)
	args := []string{"-data", data, "-target", "y", "-features", numbers, "-cv", "5", "-path", "30", "-seed", "3"}
	one := fitJSON(t, append(args, "-threads", "1")...)
	if two := fitJSON(t, append(args, "-threads", "2")...); two.Lambda != one.Lambda || two.Objective != one.Objective {
		t.Error("cross-validation depends on the number of threads")
	}
	if len(one.Path) > 30 || one.ChosenBy != "cross-validation, 1se" {
		t.Errorf("%d λ, chosen by %q", len(one.Path), one.ChosenBy)
	}
	for _, m := range one.Path {
		if m.Gap < 0 || m.Gap > m.Tolerance {
			t.Errorf("gap %v at λ = %v, tolerance %v", m.Gap, m.Lambda, m.Tolerance)
		}
	}
	if least := fitJSON(t, append(args, "-select", "min")...); least.Lambda > one.Lambda {
		t.Error("λ.min is above λ.1se")
	}
	fitJSON(t, "-data", data, "-target", "y", "-features", numbers, "-foldid", "w")
	fitJSON(t, "-data", data, "-target", "y", "-features", numbers, "-cv", "5", "-groups", "team")
	held := fitJSON(t, append(args, "-test-size", "0.25")...)
	if held.Test.R2 < 0.8 || held.Test.R2 > 1 {
		t.Errorf("R² %v on rows left out", held.Test.R2)
	}
}

func TestLassoClasses(t *testing.T) {
	data := grades(t)
	m := fitJSON(t, "-data", data, "-target", "pass", "-features", numbers, "-family", "binomial", "-lambda", "0.05")
	if !m.Converged || !(m.Coefficients["a"] > 0) {
		t.Errorf("%+v", m)
	}
	out := succeed(t, "lasso", "-data", data, "-target", "level", "-features", numbers, "-family", "multinomial", "-lambda", "0.05", "-json")
	var multi struct {
		Classes      []string
		Intercept    map[string]float64
		Coefficients map[string]map[string]float64
		Converged    bool
	}
	if err := json.Unmarshal([]byte(out), &multi); err != nil {
		t.Fatal(err)
	}
	if !multi.Converged || len(multi.Classes) != 3 || len(multi.Intercept) != 3 || len(multi.Coefficients["top"]) != 3 {
		t.Errorf("%s", out)
	}
	contains(t, succeed(t, "lasso", "-data", data, "-target", "level", "-features", numbers, "-family", "multinomial", "-cv", "3"), "class mid", "deviance")
}

func TestLassoGuards(t *testing.T) {
	data := grades(t)
	for _, guard := range []string{"knockoffs", "stability", "permutation"} {
		args := []string{"-data", data, "-target", "y", "-features", numbers, "-guard", guard, "-q", "0.2", "-seed", "1"}
		m := fitJSON(t, append(args, "-threads", "1")...)
		// Knockoffs allow for a share of chance, which package selection tests; b and y are
		// hardly correlated where a is not held fixed, which permutations do not.
		want := map[string]string{"knockoffs": "a,b", "stability": "a,b", "permutation": "a"}[guard]
		if got := strings.Join(m.Guard.Selected, ","); !strings.HasPrefix(got, want) || guard != "knockoffs" && got != want {
			t.Errorf("%s lets %q pass", guard, got)
		}
		if two := fitJSON(t, append(args, "-threads", "2")...); strings.Join(two.Guard.Selected, ",") != strings.Join(m.Guard.Selected, ",") {
			t.Errorf("%s depends on the number of threads", guard)
		}
		if (guard == "permutation") != (m.Lambda > 0) {
			t.Errorf("%s: λ = %v is chosen", guard, m.Lambda)
		}
		// Noise alone: an empty selection is a result.
		out := succeed(t, "lasso", "-data", data, "-target", "c", "-features", "w,b", "-guard", guard, "-q", "0.05", "-path", "20")
		contains(t, out, "nothing passes: that is a result")
	}
	fitJSON(t, "-data", data, "-target", "y", "-features", numbers, "-guard", "knockoffs", "-fixed-x", "-q", "0.4")
	fitJSON(t, "-data", data, "-target", "pass", "-family", "binomial", "-features", numbers, "-guard", "knockoffs")
	pairs := fitJSON(t, "-data", data, "-target", "y", "-features", numbers, "-interactions", "-guard", "permutation", "-permutations", "99")
	if len(pairs.Guard.Selected) == 0 {
		t.Error("nothing passes with interactions")
	}
}

func TestLassoAuditRobustFiles(t *testing.T) {
	data := grades(t)
	dir := filepath.Join(t.TempDir(), "out")
	out := succeed(t, "lasso", "-data", data, "-target", "pass", "-family", "binomial", "-features", numbers+",school", "-one-hot",
		"-cv", "4", "-audit", "school", "-robust", "0.1", "-test-size", "0.3", "-guard", "stability", "-out", dir)
	contains(t, out, "audit of school, on rows left out", "largest gap", "trained for the worst case", "files in")
	for _, name := range []string{"lasso.json", "path.csv", "coefficients.csv", "guard.csv", "audit.csv", "path.svg", "cv.svg", "audit.svg", "robust.svg"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		}
		if len(b) < 50 || bytes.Contains(b, []byte("NaN")) && strings.HasSuffix(name, ".svg") {
			t.Errorf("%s: %d bytes", name, len(b))
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "lasso.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Robust struct {
			Lasso []struct {
				Fitted float64 `json:"worst_case_loss_fitted"`
			}
			Trained struct{ Objective, Gap float64 }
		}
		Audit struct {
			Path []struct{ Groups map[string]any }
		}
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Audit.Path) == 0 || len(all.Audit.Path[0].Groups) != 3 {
		t.Errorf("audit: %+v", all.Audit)
	}
	// Nothing beats the model that is trained for the worst case.
	for _, m := range all.Robust.Lasso {
		if m.Fitted < all.Robust.Trained.Objective-all.Robust.Trained.Gap-1e-9 || all.Robust.Trained.Gap < 0 {
			t.Errorf("a lasso model has a worst case of %v, below the optimum %v", m.Fitted, all.Robust.Trained.Objective)
		}
	}
	contains(t, succeed(t, "lasso", "-data", data, "-target", "y", "-features", numbers, "-ols", "-robust", "0.2", "-audit", "school", "-test-size", "0.3"),
		"least squares", "gap of loss", "least worst case")
}

func TestLassoTargetFile(t *testing.T) {
	x := file(t, "x.csv", "1 2\n2 1\n3 5\n4 0\n")
	m := fitJSON(t, "-data", x, "-no-header", "-sep", " ", "-target-file", file(t, "y.csv", "1\n2\n3\n4\n"), "-lambda", "0.01")
	if !(m.Coefficients["x1"] > 0.9) {
		t.Errorf("%v", m.Coefficients)
	}
	fail(t, cli.ExitBadInput, "y.csv has 3 rows, x.csv has 4", "lasso", "-data", x, "-no-header", "-sep", " ", "-target-file", file(t, "y.csv", "1\n2\n3\n"), "-lambda", "1")
}

func TestLassoBadInput(t *testing.T) {
	data := grades(t)
	for _, c := range []struct{ text, csv, args string }{
		{"row 2, column a: no number (the cell is empty, NA or NaN); -drop-missing", "a,b,y\n1,2,3\nNaN,1,2\n3,3,1\n", "-target y"},
		{"row 3, column b: +Inf is not finite", "a,b,y\n1,2,3\n2,1,2\n3,Inf,1\n", "-target y"},
		{"row 1, column y", "a,b,y\n1,2,\n2,1,2\n3,4,1\n", "-target y"},
		{"column b is constant", "a,b,y\n1,2,3\n2,2,2\n3,2,1\n", "-target y"},
		{"columns b, c are constant", "a,b,c,y\n1,2,0,3\n2,2,0,2\n3,2,0,1\n", "-target y"},
		{"needs at least 2", "a,b,y\n1,2,3\n", "-target y"},
		{"row 2 has 2 cells", "a,b,y\n1,2,3\n1,2\n", "-target y"},
		{"-one-hot makes them", "a,b,y\n1,u,3\n2,v,2\n3,u,1\n", "-target y"},
		{"is 3 in every row", "a,b,y\n1,2,3\n2,1,3\n3,0,3\n", "-target y"},
		{"yes in every row", "a,y\n1,yes\n2,yes\n", "-target y -family binomial"},
		{"has 3 values (p, q, r); -family binomial needs 2", "a,y\n1,p\n2,q\n3,r\n", "-target y -family binomial"},
		{"too many for classes", "a,y\n1,1\n2,2\n3,3\n", "-target y -family multinomial"},
		{"is text (p, q); for classes use -family binomial", "a,y\n1,p\n2,q\n", "-target y"},
		{`no column "yy"; did you mean y?`, "a,y\n1,1\n2,2\n", "-target yy"},
		{"no column is left", "y\n1\n2\n", "-target y"},
		{"negative", "a,w,y\n1,1,1\n2,-1,2\n", "-target y -weights w"},
	} {
		fail(t, cli.ExitBadInput, c.text, append([]string{"lasso", "-lambda", "0.1", "-data", file(t, "t.csv", c.csv)}, strings.Fields(c.args)...)...)
	}
	for args, text := range map[string]string{
		"-lambda -1":                      "-lambda is -1",
		"-lambda NaN":                     "-lambda is NaN",
		"-lambda 1 -path 5":               "contradict",
		"-lambda 1 -cv 5":                 "contradict",
		"-lambda 1 -lambda-min-ratio 0.1": "contradict",
		"-path 1":                         "at least 2",
		"-cv 1":                           "at least 2",
		"-cv 1000":                        "120 rows",
		"-alpha 0":                        "-alpha is 0",
		"-alpha 1.5":                      "-alpha is 1.5",
		"-guard knockoffs -q 0":           "-q is 0",
		"-guard knockoffs -q 1":           "-q is 1",
		"-guard magic":                    `-guard is "magic"`,
		"-q 0.1":                          "give -guard too",
		"-guard stability -fixed-x":       "-fixed-x is for",
		"-guard stability -knockoffs 2":   "-knockoffs is for",
		"-guard permutation -q 0.01 -permutations 10": "at least 99",
		"-guard knockoffs -interactions":              "use -guard permutation",
		"-guard knockoffs -penalty-factor a=2":        "alike",
		"-guard knockoffs -weights w":                 "contradict",
		"-knockoffs 3":                                "give -guard too",
		"-robust 0":                                   "-robust is 0",
		"-robust 0.1 -interactions":                   "contradict",
		"-family poisson":                             `-family is "poisson"`,
		"-positive -lower-limits a=-1":                "contradict",
		"-lower-limits a=1":                           "at most 0",
		"-upper-limits a=-1":                          "at least 0",
		"-penalty-factor a=-1":                        "at least 0",
		"-penalty-factor a":                           "not column=number",
		"-penalty-factor bb=1":                        "did you mean",
		"-penalty-factor a=0 -positive":               "contradict each other",
		"-group-lasso":                                "give both",
		"-drop-first":                                 "give both",
		"-select min":                                 "give -cv too",
		"-cv 5 -select best":                          "must be min or 1se",
		"-groups team":                                "give -cv or -test-size",
		"-groups team -foldid w":                      "contradict",
		"-foldid w -cv 3":                             "contradict",
		"-features a -drop b":                         "contradict",
		"-test-size 1":                                "between 0 and 1",
		"-tol -1":                                     "-tol is -1",
		"-target-file x.csv":                          "contradict",
		"-audit nosuch":                               `no column "nosuch"`,
		"-audit a":                                    "at most 50 groups",
		"-ols -weights w":                             "contradict",
		"-sep ab":                                     "one character",
	} {
		given := []string{"lasso", "-data", data, "-target", "y"}
		if !strings.Contains(args, "-features") {
			given = append(given, "-drop", "school,pass,level")
		}
		fail(t, cli.ExitBadInput, text, append(given, strings.Fields(args)...)...)
	}
	fail(t, cli.ExitBadInput, "no -data FILE given", "lasso")
	fail(t, cli.ExitBadInput, "no -target COLUMN given", "lasso", "-data", data)
	fail(t, cli.ExitBadInput, "there is no such file", "lasso", "-data", "nosuch.csv", "-target", "y")
	fail(t, cli.ExitBadInput, "is a file; name a folder", "lasso", "-data", data, "-target", "y", "-out", data)
	fail(t, cli.ExitBadInput, "there is no folder", "lasso", "-data", data, "-target", "y", "-out", filepath.Join(t.TempDir(), "a", "b"))
	fail(t, cli.ExitBadInput, "not multinomial", "lasso", "-data", data, "-target", "level", "-family", "multinomial", "-features", numbers, "-guard", "knockoffs")
	fail(t, cli.ExitBadInput, "not multinomial", "lasso", "-data", data, "-target", "level", "-family", "multinomial", "-features", numbers, "-audit", "school")
	// What is refused goes through when it is asked for.
	fitJSON(t, "-data", file(t, "t.csv", "a,b,c,y\n1,2,1,3\n2,2,NA,2\n3,2,5,1\n4,2,2,0\n"), "-target", "y", "-drop-constant", "-drop-missing", "-lambda", "0.1")
}

func TestLassoNotConverged(t *testing.T) {
	status, out, errs := pare("lasso", "-data", grades(t), "-target", "pass", "-family", "binomial", "-features", numbers, "-lambda", "1e-4", "-max-iter", "1", "-tol", "1e-15", "-json")
	var m fitted
	if err := json.Unmarshal([]byte(out), &m); err != nil || status != 0 {
		t.Fatal(status, err, errs)
	}
	if m.Converged {
		t.Skip("one sweep was enough")
	}
	if !(m.Gap > m.Tolerance) || math.IsInf(m.Gap, 0) {
		t.Errorf("gap %v, tolerance %v", m.Gap, m.Tolerance)
	}
	contains(t, errs, "not converged", "gap", "tolerance")
}

func TestLassoInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := t.TempDir()
	var out, errs bytes.Buffer
	if status := execute(ctx, []string{"lasso", "-data", grades(t), "-target", "y", "-features", numbers, "-out", dir}, &out, &errs); status != cli.ExitInterrupted {
		t.Errorf("status %d, %s", status, errs.String())
	}
	absent(t, dir)
}
