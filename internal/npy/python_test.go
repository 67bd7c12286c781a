package npy

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// TestNumPy exchanges files with NumPy in both directions.
func TestNumPy(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	if err := exec.Command(python, "-c", "import numpy").Run(); err != nil {
		t.Skip("python3 has no numpy")
	}
	dir := t.TempDir()
	want := make([]float32, 24)
	for i := range want {
		want[i] = float32(i)
	}
	var buf bytes.Buffer
	if err := Write(&buf, []int{2, 3, 4}, want); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "in.npy"), buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, filepath.Join("testdata", "exchange.py"), dir).CombinedOutput()
	if err != nil {
		t.Fatalf("exchange.py: %v\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "out_*.npy"))
	if err != nil || len(files) != 20 {
		t.Fatalf("found %d files, want 20: %v", len(files), err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		shape, data, err := Read(bytes.NewReader(b))
		if err != nil || !slices.Equal(shape, []int{2, 3, 4}) || !slices.Equal(data, want) {
			t.Errorf("%s: %v %v %v", filepath.Base(name), shape, data, err)
		}
	}
}
