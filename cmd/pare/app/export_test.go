package app

import (
	"os"
	"path/filepath"
	"testing"

	"pare/cmd/internal/cli"
	"pare/export"
	"pare/run"
)

func sameBytes(t *testing.T, a, b string) {
	t.Helper()
	x, errX := os.ReadFile(a)
	y, errY := os.ReadFile(b)
	if errX != nil || errY != nil || string(x) != string(y) {
		t.Errorf("%s and %s differ: %v, %v", a, b, errX, errY)
	}
}

func TestExport(t *testing.T) {
	folder, _ := tinyRun(t)
	dir := t.TempDir()
	onnx, weights := filepath.Join(dir, "x.onnx"), filepath.Join(dir, "deep", "weights")
	contains(t, succeed(t, "export", folder, "-onnx", onnx, "-safetensors", weights), "wrote "+onnx, weights)
	sameBytes(t, onnx, filepath.Join(folder, export.ONNXFile))
	for _, name := range []string{export.SafetensorsFile, export.ArchitectureFile} {
		sameBytes(t, filepath.Join(weights, name), filepath.Join(folder, name))
	}
	// One form from the other.
	back := filepath.Join(dir, "back.onnx")
	succeed(t, "export", weights, "-onnx", back)
	sameBytes(t, back, onnx)
	succeed(t, "export", onnx, "-safetensors", filepath.Join(dir, "back"))
	sameBytes(t, filepath.Join(dir, "back", export.SafetensorsFile), filepath.Join(weights, export.SafetensorsFile))
}

// The final network of a run that exported less, or nothing, is there all the
// same.
func TestExportOfSparseRuns(t *testing.T) {
	folder, _ := tinyRun(t)
	for _, without := range [][]string{
		{export.ONNXFile},
		{export.SafetensorsFile, export.ArchitectureFile},
		{export.SafetensorsFile, export.ArchitectureFile, export.ONNXFile},
	} {
		dir := copyRun(t, without...)
		onnx := filepath.Join(t.TempDir(), "x.onnx")
		succeed(t, "export", dir, "-onnx", onnx, "-safetensors", dir)
		sameBytes(t, onnx, filepath.Join(folder, export.ONNXFile))
		sameBytes(t, filepath.Join(dir, export.SafetensorsFile), filepath.Join(folder, export.SafetensorsFile))
	}
}

func TestExportErrors(t *testing.T) {
	folder, _ := tinyRun(t)
	dir := t.TempDir()
	fail(t, cli.ExitBadInput, "nothing to write", "export", folder)
	fail(t, cli.ExitBadInput, "there is no folder", "export", folder, "-onnx", filepath.Join(dir, "none", "x.onnx"))
	fail(t, cli.ExitBadInput, "is not a regular file", "export", folder, "-onnx", dir)
	fail(t, cli.ExitBadInput, "not finished", "export", copyRun(t, run.SummaryFile), "-onnx", filepath.Join(dir, "x.onnx"))
	fail(t, cli.ExitBadInput, "holds a", "export", folder, "-safetensors", copyRun(t))
	absent(t, dir)
}
