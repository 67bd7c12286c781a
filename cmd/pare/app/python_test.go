package app

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"pare/export"
	"pare/layers"
	"pare/nn"
)

// checkExport returns a function that runs scripts/check_export.py on a folder; it skips
// the test where the tools are missing.
func checkExport(t *testing.T) func(dir string) (string, error) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	if err := exec.Command(python, "-c", "import numpy, onnx, onnxruntime, safetensors").Run(); err != nil {
		t.Skip("python3 has no numpy, onnx, onnxruntime or safetensors")
	}
	return func(dir string) (string, error) {
		out, err := exec.Command(python, filepath.Join("..", "..", "..", "scripts", "check_export.py"), dir).CombinedOutput()
		return string(out), err
	}
}

// TestPython makes the reference as the header of the script says and has ONNX
// Runtime compute the same, at batch sizes 1 and 17.
func TestPython(t *testing.T) {
	check := checkExport(t)
	dir := copyRun(t)
	inputs, logits := filepath.Join(dir, "inputs.npy"), filepath.Join(dir, "logits.npy")
	succeed(t, "predict", dir, "-split", "test", "-limit", "64", "-dump-inputs", inputs)
	for _, batch := range []string{"1", "17"} {
		succeed(t, "predict", dir, "-inputs", inputs, "-out", logits, "-batch", batch)
		if out, err := check(dir); err != nil {
			t.Fatalf("batch %s: check_export.py: %v\n%s", batch, err, out)
		}
	}
	// The comparison must also be able to fail.
	shape, x := readArray(t, logits)
	x[3] += 0.1
	if err := os.Rename(writeArray(t, shape, x), logits); err != nil {
		t.Fatal(err)
	}
	if out, err := check(dir); err == nil {
		t.Errorf("check_export.py accepts other logits:\n%s", out)
	}
}

// Colour images go in channels first, as into the ONNX model.
func TestPythonColour(t *testing.T) {
	check := checkExport(t)
	rng := rand.New(rand.NewPCG(5, 6))
	net, err := nn.New("colour", nn.Shape{3, 5, 4}, rng)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range []nn.Layer{&layers.Conv{Out: 4, Kernel: layers.Square(3)}, &layers.Flatten{}, &layers.Linear{Out: 6}} {
		if err := net.Add(l.Kind()+string(rune('a'+i)), l); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	for _, err := range []error{export.Save(dir, export.Model{Net: net}), export.SaveONNX(dir, export.Model{Net: net})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	x := make([]float32, 19*net.Input.Size())
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	inputs := filepath.Join(dir, "inputs.npy")
	succeed(t, "predict", dir, "-inputs", writeArray(t, []int{19, 3, 5, 4}, x), "-dump-inputs", inputs, "-out",
		filepath.Join(dir, "logits.npy"))
	_, fed := readArray(t, inputs)
	near(t, fed, x)
	if out, err := check(dir); err != nil {
		t.Errorf("check_export.py: %v\n%s", err, out)
	}
}
