package safetensors

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestPython exchanges files with the reference implementation in both
// directions.
func TestPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	if err := exec.Command(python, "-c", "import safetensors.numpy").Run(); err != nil {
		t.Skip("python3 has no safetensors or numpy")
	}
	want := sample()
	var buf bytes.Buffer
	if err := Write(&buf, want); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "in.safetensors"), buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, filepath.Join("testdata", "exchange.py"), dir).CombinedOutput()
	if err != nil {
		t.Fatalf("exchange.py: %v\n%s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "out.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := readBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	// The reference implementation chooses its own order.
	byName := map[string]Tensor{}
	for _, tensor := range got.Tensors {
		byName[tensor.Name] = tensor
	}
	got.Tensors = nil
	for _, tensor := range want.Tensors {
		got.Tensors = append(got.Tensors, byName[tensor.Name])
	}
	for _, name := range []string{"half", "double"} {
		want.Tensors = append(want.Tensors, Tensor{name, []int{3}, []float32{-1, 0.25, 2}})
		got.Tensors = append(got.Tensors, byName[name])
	}
	if d := diff(want, *got); d != "" {
		t.Fatal(d)
	}
}
