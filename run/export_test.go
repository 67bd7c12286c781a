package run

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/config"
	"pare/layers"
	"pare/nn"
)

// bare is a layer of another module that has no ONNX form.
type bare struct{ nn.Layer }

func (bare) Kind() string { return "bare" }

func init() { nn.RegisterLayer("of the tests", func() nn.Layer { return bare{layers.ReLU()} }) }

// TestExportIsChecked: a layer without an ONNX form is refused before any training.
func TestExportIsChecked(t *testing.T) {
	text := base + "model: {layers: [flatten, bare, {linear: {out: 10}}]}\n"
	_, _, err := Plan(t.Context(), parse(t, text+"export: {onnx: true}\n"), nil)
	var located *config.Error
	want := "export.onnx: layer bare1: bare has no ONNX form; set export.onnx to false, or give the layer a method ONNX"
	if !errors.As(err, &located) || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	if _, _, err := Plan(t.Context(), parse(t, text+"export: {onnx: false}\n"), nil); err != nil {
		t.Error(err)
	}
}

func TestFreeFolderBelowAFile(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "a.txt")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		file:                            "is a file; choose a folder",
		filepath.Join(file, "b"):        "cannot be made: " + file + " is a file",
		filepath.Join(file, "b", "c"):   "cannot be made: " + file + " is a file",
		filepath.Join(root, "new", "c"): "",
		root:                            "",
	} {
		err := FreeFolder(dir)
		var in *InputError
		if (want == "") != (err == nil) || err != nil && (!errors.As(err, &in) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", dir, err, want)
		}
	}
}
