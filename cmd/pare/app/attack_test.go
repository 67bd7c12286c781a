package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/report"
	"pare/run"
)

func TestAttack(t *testing.T) {
	folder := copyRun(t)
	svg := filepath.Join(t.TempDir(), "a.svg")
	out := succeed(t, "attack", folder, "-eps", "0.1, 2/255", "-limit", "60", "-certify", "-bounds", "crown-ibp", "-svg", svg)
	contains(t, out, "60 test examples of digits, linf, values 0..1", "trained network: ", "final network: ", "2/255", "CROWN-IBP",
		"product of operator norms", "wrote "+filepath.Join(folder, run.AttackFile)+", and a section of")
	page := readFile(t, filepath.Join(folder, run.ReportFile))
	contains(t, page, "<h2>Robustness</h2>", "Classes of the final network", "data:image/png;base64,")
	contains(t, readFile(t, svg), "<svg", "final, robust")

	var r report.Robustness
	text := succeed(t, "attack", folder, "-eps", "0,0.05,0.1", "-limit", "60", "-networks", "final", "-attack", "{pgd: {steps: 5}}", "-json")
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Networks) != 1 || len(r.Networks[0].Points) != 3 || r.Networks[0].Points[0].Robust != r.Networks[0].Clean {
		t.Errorf("got %+v", r)
	}
	for i, p := range r.Networks[0].Points[1:] {
		if p.Robust > r.Networks[0].Points[i].Robust {
			t.Errorf("robust accuracy rises with eps: %+v", r.Networks[0].Points)
		}
	}
	stored, err := run.ReadAttack(folder)
	if err != nil || stored.Networks[0].Points[2].Robust != r.Networks[0].Points[2].Robust {
		t.Errorf("stored %+v, %v", stored, err)
	}
	if again := readFile(t, filepath.Join(folder, run.ReportFile)); strings.Count(again, "<h2>Robustness</h2>") != 1 {
		t.Error("a second attack adds a second section")
	}
	contains(t, succeed(t, "inspect", folder), "attack  final network, 60 test examples, linf: clean ", "; at 0.1 robust ", run.AttackFile+" in")
	// The same seed gives the same result.
	if again := succeed(t, "attack", folder, "-eps", "0,0.05,0.1", "-limit", "60", "-networks", "final", "-attack", "{pgd: {steps: 5}}", "-json"); again != text {
		t.Error("the same command gives another result")
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A model or an ONNX file takes its data from a config, and nothing is written beside it.
func TestAttackWithoutARun(t *testing.T) {
	folder, _ := tinyRun(t)
	config := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(config, []byte(tinyConfig), 0o644); err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(folder, "model.onnx")
	out := succeed(t, "attack", model, "-config", config, "-eps", "0.1", "-limit", "20", "-norm", "l2")
	contains(t, out, "20 test examples of digits, l2", "\nnetwork: ")
	if strings.Contains(out, "wrote") {
		t.Errorf("wrote something: %s", out)
	}
	fail(t, 2, "belongs to no run, so no config names its data; give -config", "attack", model, "-eps", "0.1")
}

// A run folder that cannot be written is attacked all the same: the result is printed, and a warning says that
// it is not stored.
func TestAttackOfAClosedFolder(t *testing.T) {
	folder := copyRun(t)
	file := filepath.Join(folder, run.AttackFile)
	if err := os.Mkdir(file, 0o755); err != nil { // permissions do not bind every user
		t.Fatal(err)
	}
	status, out, errs := pare("attack", folder, "-eps", "0.1", "-limit", "20", "-attack", "fgsm")
	if status != 0 || strings.Contains(out, "wrote") {
		t.Errorf("status %d, %s", status, out)
	}
	contains(t, out, "final network: ")
	contains(t, errs, "warning: "+file+" cannot be written: it exists and is not a regular file; the result is printed alone")
	const closed = "/sys/kernel"
	if _, err := os.Stat(closed); err == nil {
		fail(t, 2, "/sys/kernel/a.svg cannot be written: ", "attack", folder, "-eps", "0.1", "-svg", closed+"/a.svg")
	}
}

func TestAttackErrors(t *testing.T) {
	folder, _ := tinyRun(t)
	for _, c := range []struct{ args, want string }{
		{"", "no size of perturbations given; give -eps, such as -eps 0.1,0.2 or -eps 8/255"},
		{"-eps -0.1", `-eps is "-0.1"; sizes of perturbations must be finite numbers of at least 0`},
		{"-eps NaN", `-eps is "NaN"; it must be numbers with commas between them`},
		{"-eps 1/0", `-eps is "1/0"; sizes of perturbations must be finite numbers of at least 0`},
		{"-eps 0.1,", `-eps is "0.1,"; it must be numbers`},
		{"-eps 0.1,0.1", "-eps has 0.1 twice"},
		{"-eps 0.1 -norm l1", `-norm is "l1", it must be linf or l2`},
		{"-eps 0.1 -attack pdg", `-attack: unknown attack "pdg"; did you mean pgd?`},
		{"-eps 0.1 -attack {pgd:{steps:0}}", "-attack: pgd.steps must be at least 1, got 0"},
		{"-eps 0.1 -attack fgsm,{pgd:{stps:1}}", "-attack: pgd.stps is not an option of pgd; did you mean pgd.steps? its options are"},
		{"-eps 0.1 -attack [", "-attack: "},
		{"-eps 0.1 -standard -attack pgd", "-standard is a set of attacks; leave -attack out"},
		{"-eps 0.1 -range 1,0", `-range is "1,0"; it must be two numbers, the lower one first, or none`},
		{"-eps 0.1 -range 0.4,0.6 -limit 20", "valid inputs are in 0.4..0.6"},
		{"-eps 0.1 -bounds ibp", "-bounds: it is a method of -certify"},
		{"-eps 0.1 -limit -1", "-limit is -1, it must be a number of at least 0"},
		{"-eps 0.1 -config c.yaml", "-config: it is for a SOURCE that is no run"},
		{"-eps 0.1 -pictures -1", "-pictures is -1, it must be 0 to 1000"},
	} {
		fail(t, 2, c.want, append([]string{"attack", folder}, strings.Fields(c.args)...)...)
	}
	numbers, _ := sequenceRun(t, addingConfig)
	fail(t, 2, "robust accuracy is of one class for each example", "attack", numbers, "-eps", "0.1")
	sequences, _ := sequenceRun(t, strings.Replace(chainConfig, "name: chain", "name: attacked", 1))
	fail(t, 2, "no small changes of a token", "attack", sequences, "-eps", "0.1")
}
