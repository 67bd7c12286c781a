package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/attack/fits"
	"pare/cmd/internal/cli"
	"pare/stat/estimate/lasso"
)

// TestAttackFit: the folder of pare lasso is attacked on a table, at every λ or one, and keeps the outcome.
func TestAttackFit(t *testing.T) {
	data, dir := grades(t), filepath.Join(t.TempDir(), "model")
	succeed(t, "lasso", "-data", data, "-target", "pass", "-family", "binomial", "-columns", "a,b,c,school", "-one-hot", "-cv", "4",
		"-path", "12", "-test-size", "0.5", "-out", dir)
	svg := filepath.Join(t.TempDir(), "a.svg")
	out := succeed(t, "attack", dir, "-data", data, "-eps", "0.1,1/4", "-svg", svg)
	contains(t, out, "(binomial of pass): 120 rows of grades.csv, linf, eps in standard deviations", "moving: a, b",
		"robust 0.1  certified 0.1", "← chosen", "attacks and closed form agree in all",
		"classes at λ = ", "certified 0.25", "wrote "+filepath.Join(dir, "attack.json"))
	contains(t, readFile(t, svg), "<svg", "robust = certified, ε 0.1")
	contains(t, readFile(t, filepath.Join(dir, "attack.csv")), "robust_accuracy_linf_0.1,certified_accuracy_linf_0.1,worst_loss_linf_0.1")
	contains(t, readFile(t, filepath.Join(dir, "attack.svg")), "<svg")

	one := []string{"attack", dir, "-data", data, "-left-out", "-eps", "0.1,0.25", "-lambda", "0.02", "-move", "*", "-fixed", "c",
		"-units", "raw", "-range", "none", "-norm", "l2", "-attack", "apgd", "-limit", "50"}
	contains(t, succeed(t, one...), "50 rows of grades.csv, l2, eps in units of the columns",
		"note: the first 50 of 60 rows; -limit 0 takes all", "λ = 0.02: ", "median distance to the boundary")
	var r fits.Result
	text := succeed(t, append(one, "-json")...)
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Fits) != 1 || len(r.Fits[0].Points) != 2 || r.Attacks[0] != "apgd" || strings.Join(r.Fixed, ",") != "c" {
		t.Errorf("%.300s", text)
	}
	if again := succeed(t, append(one, "-json", "-threads", "1")...); again != text {
		t.Error("one thread has another result")
	}

	// The file alone is attacked too; nothing is written beside it.
	alone := filepath.Join(t.TempDir(), lasso.ModelFile)
	if err := os.WriteFile(alone, []byte(readFile(t, filepath.Join(dir, lasso.ModelFile))), 0o644); err != nil {
		t.Fatal(err)
	}
	target := file(t, "y.csv", "pass\n"+strings.Repeat("yes\n", 120))
	out = succeed(t, "attack", alone, "-data", data, "-eps", "0.1", "-certify", "-target-file", target)
	if !strings.Contains(out, "(binomial of target)") || strings.Contains(out, "wrote") {
		t.Errorf("wrote something: %s", out)
	}

	run, _ := tinyRun(t)
	for args, text := range map[string]string{
		dir + " -eps 0.1":                                 " is a fit of pare lasso, which names no data; give -data FILE with rows and their target",
		dir + " -data " + data:                            "no size of perturbations given; give -eps, such as -eps 0.1,0.2 or -eps 8/255",
		dir + " -data " + data + " -eps -0.1":             `-eps is "-0.1"; sizes of perturbations must be finite numbers of at least 0`,
		dir + " -eps 0.1 -data nowhere.csv":               "nowhere.csv: there is no such file",
		dir + " -eps 0.1 -networks final":                 "-networks: it is for networks, and this is a fit of pare lasso",
		dir + " -eps 0.1 -certify -bounds ibp":            "-bounds: it is for networks, and this is a fit of pare lasso",
		dir + " -eps 0.1 -config c.yaml":                  "-config: it is for networks, and this is a fit of pare lasso",
		dir + " -eps 0.1 -units m -data " + data:          `-units is "m", it must be sd or raw`,
		dir + " -eps 0.1 -lambda -1 -data " + data:        "-lambda is -1, it must be a number of at least 0",
		dir + " -eps 0.1 -lambda 7 -data " + data:         "-lambda is 7, and the path of the model goes from λ = ",
		dir + " -eps 0.1 -gamma 2 -data " + data:          "-gamma is 2, it must be at least 0 and at most 1",
		dir + " -eps 0.1 -gamma 1 -data " + data:          "-gamma is the mixture of a relaxed lasso, and the model was fitted without -relax",
		dir + " -eps 0.1 -fixed * -data " + data:          "none of the columns that the model uses moves (",
		dir + " -eps 0.1 -attack pdg -data " + data:       `-attack: unknown attack "pdg"; did you mean pgd?`,
		dir + " -eps 0.1 -range 0,1 -data " + data:        "is outside -range 0,1 (standard deviations from the mean)",
		dir + " -eps 0.1 -left-out -data " + run:          "-left-out takes rows of the file of the fit, grades.csv, and -data is " + run,
		run + " -eps 0.1 -data " + data:                   "-data: it is for a fit of pare lasso, and " + run + " is none: it has no model.json",
		run + " -eps 0.1 -units raw":                      "-units: it is for a fit of pare lasso, and " + run + " is none: it has no model.json",
		file(t, "m.json", "{}") + " -eps 0.1 -data x.csv": "m.json: not the model of a lasso",
	} {
		fail(t, cli.ExitBadInput, text, append([]string{"attack"}, strings.Fields(args)...)...)
	}
}
