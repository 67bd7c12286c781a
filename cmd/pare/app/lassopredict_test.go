package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/cmd/internal/cli"
)

// TestLassoPredict: the folder of a fit predicts new rows, on standard output or into a folder.
func TestLassoPredict(t *testing.T) {
	data, dir := grades(t), filepath.Join(t.TempDir(), "model")
	succeed(t, "lasso", "-data", data, "-target", "y", "-drop", "c,pass,level,team,w", "-one-hot", "-cv", "4", "-relax", "-out", dir)
	for _, name := range []string{"model.json", "cv-predictions.csv"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	fresh := file(t, "new.csv", "b,school,a\n0.5,west,1\n0,east,0\n")
	lines := strings.Split(strings.TrimSpace(succeed(t, "lasso", "-predict", fresh, "-model", dir)), "\n")
	if len(lines) != 3 || lines[0] != "row,prediction" || !strings.HasPrefix(lines[2], "2,") {
		t.Errorf("%q", lines)
	}
	var p struct {
		Row        []int
		Prediction []float64
		Gamma      float64
		Test       struct{ R2 float64 }
	}
	text := succeed(t, "lasso", "-predict", data, "-model", dir, "-json", "-gamma", "1", "-lambda", "0.1")
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Prediction) != 120 || p.Row[119] != 120 || p.Gamma != 1 || !(p.Test.R2 > 0.8) {
		t.Errorf("%d predictions, γ %v, R² %v", len(p.Prediction), p.Gamma, p.Test.R2)
	}
	out := filepath.Join(t.TempDir(), "out")
	contains(t, succeed(t, "lasso", "-predict", data, "-model", dir, "-out", out),
		"y: predictions for 120 rows at λ", "R²", "wrote the folder")
	table, err := os.ReadFile(filepath.Join(out, "predictions.csv"))
	if err != nil || !strings.HasPrefix(string(table), "row,prediction,target\n1,") {
		t.Errorf("%.60s, %v", table, err)
	}
	for args, text := range map[string]string{
		"-predict " + fresh: "-predict needs -model DIR, the folder that a fit has written with -out",
		"-model " + dir:     "-model is the model of -predict FILE; give -predict too",
		"-predict " + fresh + " -model " + dir + " -cv 3":      "-cv: it is an option of fits, and -predict takes the model as it was fitted",
		"-predict " + fresh + " -model " + dir + " -data x":    "-data: it is an option of fits, and -predict takes the model as it was fitted",
		"-predict nowhere.csv -model " + dir:                   "nowhere.csv: there is no such file",
		"-predict " + fresh + " -model nowhere":                "nowhere: no such file or folder",
		"-predict " + fresh + " -model " + fresh:               "new.csv: not the model of a lasso",
		"-predict " + fresh + " -model " + out:                 "model.json: no such file; pare lasso -out DIR writes it",
		"-predict " + fresh + " -model " + dir + " -gamma 0,1": "-gamma has 2 values, and -predict takes one model; give one",
		"-predict " + fresh + " -model " + dir + " -gamma 2":   "-gamma is 2, it must be between 0 and 1",
		"-predict " + file(t, "new.csv", "b,school,a\n1,south,2\n") + " -model " + dir: "new.csv: column school has 1 value " +
			`that the model does not know, "south" (row 1); it knows east, north, west`,
		"-predict " + file(t, "new.csv", "b,school\n1,west\n") + " -model " + dir:    `new.csv: no column "a", which the model uses`,
		"-predict " + file(t, "new.csv", "b,school,a\n1,west,\n") + " -model " + dir: "new.csv: row 1, column a: the cell has no number",
	} {
		fail(t, cli.ExitBadInput, text, append([]string{"lasso"}, strings.Fields(args)...)...)
	}
}

// TestLassoFolds: each option of cross-validation changes the choice or the folds, and is refused
// where it has no meaning.
func TestLassoFolds(t *testing.T) {
	data := grades(t)
	base := []string{"-data", data, "-target", "pass", "-family", "binomial", "-columns", numbers, "-cv", "4", "-path", "20"}
	plain := succeed(t, append([]string{"lasso"}, base...)...)
	for args, text := range map[string]string{
		"-measure auc":     "4 folds: λ.min 0.",
		"-measure error":   "share in the wrong class",
		"-repeats 3":       "4 folds 3 times",
		"-stratify school": "4 folds: ",
		"-time team":       "4 folds in time",
		"-relax":           "γ",
	} {
		out := succeed(t, append(append([]string{"lasso"}, base...), strings.Fields(args)...)...)
		contains(t, out, text)
		if out == plain {
			t.Errorf("%s changes nothing", args)
		}
	}
	own := fitJSON(t, "-data", data, "-target", "y", "-columns", numbers, "-lambdas", "0.01,1,0.1")
	if len(own.Path) != 3 || own.Path[0].Lambda != 1 || own.Path[2].Lambda != 0.01 {
		t.Errorf("%+v", own.Path)
	}
	relaxed := fitJSON(t, "-data", data, "-target", "y", "-columns", numbers, "-lambda", "0.8", "-relax")
	penalised := fitJSON(t, "-data", data, "-target", "y", "-columns", numbers, "-lambda", "0.8")
	if !(relaxed.Coefficients["a"] > 1.2*penalised.Coefficients["a"]) || penalised.Coefficients["a"] == 0 {
		t.Errorf("%v and %v", relaxed.Coefficients, penalised.Coefficients)
	}
	half := fitJSON(t, "-data", data, "-target", "y", "-columns", numbers, "-lambda", "0.8", "-relax", "-gamma", "0.5")
	if d := half.Coefficients["a"] - (relaxed.Coefficients["a"]+penalised.Coefficients["a"])/2; d > 1e-12 || d < -1e-12 {
		t.Errorf("%v is not between", half.Coefficients)
	}
	for args, text := range map[string]string{
		"-target y -measure mae":                            "-measure: it is of cross-validation; give -cv too",
		"-target y -repeats 2":                              "-repeats: it is of cross-validation; give -cv too",
		"-target y -time w":                                 "-time: it is of cross-validation; give -cv too",
		"-target y -stratify w":                             "-stratify: it is of cross-validation; give -cv too",
		"-target y -cv 3 -repeats 0":                        "-repeats is 0",
		"-target y -cv 3 -measure auc":                      "-measure auc is for -family binomial",
		"-target y -cv 3 -measure error":                    "-measure error is for classes, and -family is gaussian",
		"-target y -cv 3 -measure rmse":                     "-measure is \"rmse\"",
		"-target pass -family binomial -cv 3 -measure mae":  "-measure mae is for",
		"-target pass -family binomial -cv 60 -measure auc": "of pass is in fold",
		"-target pass -family binomial -cv 3 -time pass":    "cannot be two of target, weights, offset, groups, folds and time",
		"-target y -cv 30 -time w":                          "30 folds in time",
		"-target y -cv 3 -time yy":                          `no column "yy"`,
		"-target y -cv 3 -stratify yy":                      `no column "yy"`,
		"-target y -cv 3 -time w -repeats 2":                "-repeats draws folds again, and -foldid and -time draw none",
		"-target y -cv 3 -stratify w -groups team":          "-stratify spreads rows over the folds of -cv one by one",
		"-target y -cv 3 -time w -groups team":              "-time makes folds in time: leave out -foldid and -groups",
		"-target y -lambdas 1,x":                            `"x" is not a number`,
		"-target y -lambdas 1,-1":                           "-lambdas has -1, a λ is a number of 0 or more",
		"-target y -lambdas 1,1":                            "-lambdas has 1 twice",
		"-target y -lambdas ,":                              "it names no number",
		"-target y -lambdas 1 -path 5":                      "-lambdas are the λ of the path: leave out -lambda, -path and -ratio",
		"-target y -gamma 0.5":                              "-gamma mixes models with their refits; give -relax too",
		"-target y -relax -gamma 0.5":                       "-gamma is the mixture of one model; give -lambda or -cv too",
		"-target y -relax -gamma 2 -lambda 1":               "-gamma has 2, a γ is between 0 and 1",
		"-target y -relax -gamma 0,1 -lambda 1":             "-gamma has 2 values, and -lambda fits one model; give one",
		"-target y -relax -guard permutation":               "-relax and -guard permutation contradict each other",
	} {
		fail(t, cli.ExitBadInput, text, append([]string{"lasso", "-data", data, "-columns", numbers}, strings.Fields(args)...)...)
	}
}

// TestLassoSVMLight: a sparse file needs no target, and its errors are of one line.
func TestLassoSVMLight(t *testing.T) {
	path := file(t, "d.svm", "1 1:2 3:1\n2 1:1\n3.5 3:4\n0 2:1 3:-1\n")
	m := fitJSON(t, "-data", path, "-lambda", "0.1")
	if m.Rows != 4 || len(m.Coefficients) != 3 || !(m.Coefficients["x3"] > 0) {
		t.Errorf("%+v", m)
	}
	fail(t, cli.ExitBadInput, "d.svm: line 2: the label", "lasso", "-data", file(t, "d.svm", "1 1:2\nx 1:1\n"), "-lambda", "1")
	fail(t, cli.ExitBadInput, "are options of text, and this is svmlight", "lasso", "-data", path, "-no-header", "-lambda", "1")
	fail(t, cli.ExitBadInput, "no -target COLUMN given", "lasso", "-data", file(t, "d.csv", "a,b\n1,2\n2,1\n"), "-lambda", "1")
}
