package imported

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/export"
	"pare/models"
	"pare/nn"
)

func TestModel(t *testing.T) {
	task := models.Task{Input: nn.Shape{3, 12, 12}, Classes: 4}
	rng := rand.New(rand.NewPCG(1, 1))
	net, err := models.Build(&Model{File: "testdata/mobile.script.onnx"}, task, rng)
	if err != nil {
		t.Fatal(err)
	}
	x := readNPY(t, "testdata/mobile.input.npy")
	if d := difference(outputs(t, net, x), readNPY(t, "testdata/mobile.output.npy")); d > 1e-5 {
		t.Errorf("outputs differ by %.2e of the largest", d)
	}
	if _, err = models.Build(&Model{File: "testdata/none.onnx"}, task, rng); err == nil ||
		err.Error() != "onnx: stat testdata/none.onnx: no such file or directory" {
		t.Error(err)
	}
}

// TestOwnFile reads a file that pare wrote with its metadata, and by its graph where another
// program has changed the names of the parameters.
func TestOwnFile(t *testing.T) {
	m, err := Load("testdata/mobile.script.onnx", Options{})
	if err != nil {
		t.Fatal(err)
	}
	m.Classes = []string{"a", "b", "c", "d"}
	dir := t.TempDir()
	if err := export.SaveONNX(dir, m); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, export.ONNXFile)
	own, err := Load(path, Options{})
	if err != nil || len(own.Classes) != 4 || own.Net.Count() != m.Net.Count() {
		t.Error(own.Classes, err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b = []byte(strings.ReplaceAll(string(b), "fc1.weight", "onnx::Conv"))
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	changed, err := Load(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := changed.Net.Lookup("fc1"); !ok || len(changed.Classes) != 0 || changed.Net.Count() != m.Net.Count() {
		t.Error(changed.Net.Count(), changed.Classes)
	}
}
