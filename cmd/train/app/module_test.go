package app

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pare/run"
)

// TestAnotherModule builds a program of another module that registers a layer, a penalty, a
// dataset and a criterion of importance, trains it from YAML, prunes and exports.
func TestAnotherModule(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/module")); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	line, rest, _ := strings.Cut(string(mod), "\n")
	name := strings.TrimPrefix(line, "module ")
	theirs := "module example.org/stranger\n" + rest + "\nrequire " + name + " v0.0.0\nreplace " + name + " => " + root + "\n"
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	for file, data := range map[string][]byte{"go.mod": []byte(theirs), "go.sum": sums} {
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command := func(name string, args ...string) string {
		t.Helper()
		c := exec.Command(name, args...)
		c.Dir = dir
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", c, err, out)
		}
		return string(out)
	}
	command("go", "build", "-o", "stranger", ".")
	program := filepath.Join(dir, "stranger")
	list := command(program, "-list")
	for _, kind := range []string{"softsign", "sparse_group", "stripes", "largest"} {
		if !strings.Contains(list, kind) {
			t.Errorf("-list does not name %s", kind)
		}
	}
	if !strings.Contains(command(program, "-schema"), "height and width of an image") {
		t.Error("-schema does not describe the option of the dataset")
	}
	command(program, "-config", "config.yaml", "-out", "run")
	folder := filepath.Join(dir, "run")
	var s run.Summary
	data, err := os.ReadFile(filepath.Join(folder, run.SummaryFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	if s.Method != "least" || s.Importance != "largest" || s.ParamsAfter > s.ParamsBefore/2 {
		t.Errorf("%d of %d parameters left by %s %s", s.ParamsAfter, s.ParamsBefore, s.Method, s.Importance)
	}
	if s.AccuracyTrained < 0.95 {
		t.Errorf("accuracy %v", s.AccuracyTrained)
	}
	graph, err := os.ReadFile(filepath.Join(folder, "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(graph, []byte("Softsign")) {
		t.Error("model.onnx has no Softsign")
	}
	c := exec.Command(program, "-config", "config.yaml", "-set", "data.size=3")
	c.Dir = dir
	if out, err := c.CombinedOutput(); err == nil || c.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "side") {
		t.Errorf("a foreign option of the dataset: %v\n%s", err, out)
	}
	for set, want := range map[string][]string{
		"data={dataset: faulty}":           {"train: dataset faulty: ", "panic in main.(*FaultyStripes).Load (faulty.go:", "no stripes"},
		"data={dataset: faulty, in: fill}": {"panic in main.faultyPart.Fill (faulty.go:", "index out of range"},
		"model.layers=[flatten, {linear: {out: 4}}, faulty, {linear: {out: 2}}]": {
			"train: layer faulty: ", "panic in main.(*FaultyLayer).Build.func", "index out of range"},
	} {
		for _, trace := range []bool{false, true} {
			c := exec.Command(program, "-config", "config.yaml", "-set", set, "-out", t.TempDir()+"/faulty", "-quiet")
			c.Dir, c.Env = dir, append(os.Environ(), "PARE_TRACE=")
			if trace {
				c.Env = append(c.Env, "PARE_TRACE=1")
			}
			out, err := c.CombinedOutput()
			text := string(out)
			if err == nil || c.ProcessState.ExitCode() != 1 || strings.Count(text, "\n") > 1 != trace ||
				strings.Contains(text, "goroutine ") != trace {
				t.Errorf("%s: %v\n%s", set, err, text)
			}
			for _, part := range want {
				if !strings.Contains(text, part) {
					t.Errorf("%s: %q is not in %s", set, part, text)
				}
			}
		}
	}
}
