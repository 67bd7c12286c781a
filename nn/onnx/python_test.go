package onnx

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pare/internal/npy"
)

func writeFile(t *testing.T, name string, write func(b *bytes.Buffer) error) {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestPython has the sample checked by onnx, run by onnxruntime and saved again
// by onnx, and compares with a computation in Go.
func TestPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	if err := exec.Command(python, "-c", "import numpy, onnx, onnxruntime").Run(); err != nil {
		t.Skip("python3 has no numpy, onnx or onnxruntime")
	}
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	w := newSampleWeights(rng)
	model := sampleModel(w)
	writeFile(t, filepath.Join(dir, "model.onnx"), func(b *bytes.Buffer) error { return Write(b, model) })
	const image = inC * inH * inW
	inputs := map[int][]float32{1: random(rng, image), 17: random(rng, 17*image)}
	for batch, x := range inputs {
		writeFile(t, filepath.Join(dir, fmt.Sprintf("in_%d.npy", batch)), func(b *bytes.Buffer) error {
			return npy.Write(b, []int{batch, inC, inH, inW}, x)
		})
	}
	if out, err := exec.Command(python, filepath.Join("testdata", "run.py"), dir).CombinedOutput(); err != nil {
		t.Fatalf("run.py: %v\n%s", err, out)
	}
	for batch, x := range inputs {
		b, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("out_%d.npy", batch)))
		if err != nil {
			t.Fatal(err)
		}
		shape, got, err := npy.Read(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(shape, []int{batch, classes}) {
			t.Fatalf("batch %d: output shape %v", batch, shape)
		}
		for i := range batch {
			for k, want := range w.forward(x[i*image : (i+1)*image]) {
				if v := float64(got[i*classes+k]); math.Abs(v-want) > 1e-5*(1+math.Abs(want)) {
					t.Errorf("batch %d: output [%d, %d] is %v, want %v", batch, i, k, v, want)
				}
			}
		}
	}
	for _, name := range []string{"again.onnx", "typed.onnx"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(model, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
