package export

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"pare/internal/atomicfile"
	"pare/internal/npy"
	"pare/nn"
)

// channelsFirst turns examples in the batched layout into [N, C, H, W].
func channelsFirst(x []float32, s nn.Shape) []float32 {
	c, positions := s.Units(), s.Positions()
	out := make([]float32, len(x))
	for i, v := range x {
		example, at := i/s.Size(), i%s.Size()
		out[example*s.Size()+at%c*positions+at/c] = v
	}
	return out
}

// writeRun makes a run folder with the reference that the script wants.
func writeRun(t *testing.T, dir string, m Model, examples int) {
	t.Helper()
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	x := randomInputs(m.Net, examples)
	write := func(name string, shape []int, data []float32) error {
		return atomicfile.Write(filepath.Join(dir, name), func(w io.Writer) error { return npy.Write(w, shape, data) })
	}
	for _, err := range []error{
		Save(dir, m), SaveONNX(dir, m),
		write("inputs.npy", append([]int{examples}, m.Net.Input...), channelsFirst(x, m.Net.Input)),
		write("logits.npy", append([]int{examples}, m.Net.Output().Shape...),
			channelsFirst(outputs(t, m.Net, x, examples), m.Net.Output().Shape)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestPython has ONNX Runtime and the safetensors package read every network.
func TestPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	if err := exec.Command(python, "-c", "import numpy, onnx, onnxruntime, safetensors").Run(); err != nil {
		t.Skip("python3 has no numpy, onnx, onnxruntime or safetensors")
	}
	script := filepath.Join("..", "scripts", "check_export.py")
	root := t.TempDir()
	args := []string{script}
	for _, net := range networks(t) {
		dir := filepath.Join(root, net.Name)
		writeRun(t, dir, full(net), 19)
		args = append(args, dir)
	}
	out, err := exec.Command(python, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("check_export.py: %v\n%s", err, out)
	}
	t.Logf("%s", out)

	// The script must also be able to fail.
	wrong := filepath.Join(root, "everything")
	if err := SaveONNX(wrong, full(pruned(t, everything(t), 0.5))); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(python, script, wrong).CombinedOutput(); err == nil {
		t.Errorf("check_export.py accepted another network's ONNX file:\n%s", out)
	}
}
