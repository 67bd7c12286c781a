package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
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

// fitted is the JSON of one λ.
type fitted struct {
	Rows                                         int
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
	m := fitJSON(t, "-data", data, "-target", "y", "-columns", numbers, "-lambda", "0.5")
	if m.Lambda != 0.5 || !m.Converged || m.Gap < 0 || m.Gap > m.Tolerance || m.Objective <= 0 {
		t.Errorf("%+v", m)
	}
	if len(m.Coefficients) != 3 || m.Coefficients["c"] != 0 || !(m.Coefficients["a"] > 1) || !(m.Coefficients["b"] < 0) {
		t.Errorf("coefficients %v", m.Coefficients)
	}
	again := fitJSON(t, "-data", data, "-target", "y", "-columns", numbers, "-lambda", "0.5", "-threads", "1")
	if again.Objective != m.Objective {
		t.Error("the result depends on the number of threads")
	}
	// λ above its largest value selects nothing, which is a result.
	none := fitJSON(t, "-data", data, "-target", "y", "-columns", numbers, "-lambda", "100")
	for name, v := range none.Coefficients {
		if v != 0 {
			t.Errorf("%s is %v at a large λ", name, v)
		}
	}
	contains(t, succeed(t, "lasso", "-data", data, "-target", "y", "-columns", numbers, "-lambda", "100"),
		"no feature is selected", "certified")
}

func TestLassoOptionsMatter(t *testing.T) {
	data := grades(t)
	base := []string{"-data", data, "-target", "y", "-columns", numbers, "-lambda", "0.01"}
	at := func(args ...string) fitted { return fitJSON(t, append(base[:len(base):len(base)], args...)...) }
	plain := at()
	if m := at("-nonnegative"); m.Coefficients["b"] != 0 || m.Coefficients["a"] == 0 {
		t.Errorf("-nonnegative: %v", m.Coefficients)
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
	pairs := fitJSON(t, "-data", data, "-target", "y", "-columns", numbers, "-interactions", "-lambda", "0.001")
	if _, ok := pairs.Coefficients["a:b"]; !ok {
		t.Errorf("-interactions: %v", pairs.Coefficients)
	}
}

func TestLassoCrossValidation(t *testing.T) {
	data := grades(t)
	args := []string{"-data", data, "-target", "y", "-columns", numbers, "-cv", "5", "-path", "30", "-seed", "3"}
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
	if least := fitJSON(t, append(args, "-one-se=false")...); least.Lambda > one.Lambda {
		t.Error("λ.min is above λ.1se")
	}
	fitJSON(t, "-data", data, "-target", "y", "-columns", numbers, "-foldid", "w")
	fitJSON(t, "-data", data, "-target", "y", "-columns", numbers, "-cv", "5", "-groups", "team")
	held := fitJSON(t, append(args, "-test-size", "0.25")...)
	if held.Test.R2 < 0.8 || held.Test.R2 > 1 {
		t.Errorf("R² %v on rows left out", held.Test.R2)
	}
}

func TestLassoClasses(t *testing.T) {
	data := grades(t)
	m := fitJSON(t, "-data", data, "-target", "pass", "-columns", numbers, "-family", "binomial", "-lambda", "0.05")
	if !m.Converged || !(m.Coefficients["a"] > 0) {
		t.Errorf("%+v", m)
	}
	out := succeed(t, "lasso", "-data", data, "-target", "level", "-columns", numbers, "-family", "multinomial", "-lambda", "0.05", "-json")
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
	contains(t, succeed(t, "lasso", "-data", data, "-target", "level", "-columns", numbers,
		"-family", "multinomial", "-cv", "3"), "class mid", "deviance")
}

func TestLassoGuards(t *testing.T) {
	data := grades(t)
	for _, guard := range []string{"knockoffs", "stability", "permutation"} {
		args := []string{"-data", data, "-target", "y", "-columns", numbers, "-guard", guard, "-q", "0.2", "-seed", "1"}
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
		out := succeed(t, "lasso", "-data", data, "-target", "c", "-columns", "w,b", "-guard", guard, "-q", "0.05", "-path", "20")
		contains(t, out, "nothing passes: that is a result")
	}
	fitJSON(t, "-data", data, "-target", "y", "-columns", numbers, "-guard", "knockoffs", "-fixed-x", "-q", "0.4")
	fitJSON(t, "-data", data, "-target", "pass", "-family", "binomial", "-columns", numbers, "-guard", "knockoffs")
	pairs := fitJSON(t, "-data", data, "-target", "y", "-columns", numbers, "-interactions", "-guard", "permutation", "-permutations", "99")
	if len(pairs.Guard.Selected) == 0 {
		t.Error("nothing passes with interactions")
	}
}

func TestLassoAuditRobustFiles(t *testing.T) {
	data := grades(t)
	dir := filepath.Join(t.TempDir(), "out")
	out := succeed(t, "lasso", "-data", data, "-target", "pass", "-family", "binomial", "-columns", numbers+",school", "-one-hot",
		"-cv", "4", "-audit", "school", "-robust", "0.1", "-test-size", "0.3", "-guard", "stability", "-out", dir)
	contains(t, out, "audit of school, on rows left out", "largest gap", "trained for the worst case", "wrote the folder")
	for _, name := range []string{"result.json", "path.csv", "coefficients.csv", "guard.csv", "audit.csv", "path.svg",
		"cv.svg", "audit.svg", "robust.svg"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		}
		if len(b) < 50 || bytes.Contains(b, []byte("NaN")) && strings.HasSuffix(name, ".svg") {
			t.Errorf("%s: %d bytes", name, len(b))
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "result.json"))
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
	contains(t, succeed(t, "lasso", "-data", data, "-target", "y", "-columns", numbers,
		"-ols", "-robust", "0.2", "-audit", "school", "-test-size", "0.3"),
		"least squares", "gap of loss", "least worst case")
}
