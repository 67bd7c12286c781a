package run

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/export"
)

// TestFilesChanged: a run goes on only with the files that it began with, and a finished run is
// another one once they have changed.
func TestFilesChanged(t *testing.T) {
	const listed = "model: {layers: [flatten, {linear: {out: 10, name: fc}}]"
	first, second := finish(t, parse(t, base+listed+"}\n")), finish(t, parse(t, base+listed+"}\n", "train.optimizer.lr=0.01"))
	dir := t.TempDir()
	place := func(name string, r result) {
		t.Helper()
		for _, file := range []string{export.SafetensorsFile, export.ArchitectureFile, export.ONNXFile} {
			write(t, filepath.Join(dir, name, file), []byte(r.read(t, file)))
		}
	}
	for _, c := range []struct{ key, path, text string }{
		{"model.file", "net/" + export.ONNXFile, "model: {type: onnx, file: net/model.onnx}\n"},
		{"model.weights", "net/" + export.SafetensorsFile, listed + ", weights: net/model.safetensors}\n"},
		{"model.run", "net", "model: {type: saved, run: net}\n"},
		{"train.distill.run", "net", perceptron + "train: {epochs: 1, batch: 32, distill: {run: net}}\n"},
	} {
		place("net", first)
		text := strings.Replace(base, "train: {epochs: 2, batch: 32, optimizer: {type: adam, lr: 0.005}}\n", "", 1) + c.text
		if !strings.Contains(text, "\ntrain:") {
			text += "train: {epochs: 1, batch: 32}\n"
		}
		file := filepath.Join(dir, "config.yaml")
		write(t, file, []byte(text))
		config := parseFile(t, file)
		if paths := config.Paths(); len(paths) != 1 || paths[0].Key != c.key || paths[0].Text != filepath.Join(dir, c.path) {
			t.Fatalf("the paths are %+v", paths)
		}
		r := finish(t, config)
		whole := r.weights(t)
		if !r.folder.Finished(config) {
			t.Errorf("%s: the run is not taken for finished", c.key)
		}
		_, err := Run(context.Background(), Options{Config: parseFile(t, r.folder.path(ConfigFile)), Folder: r.folder})
		if err != nil || r.weights(t) != whole {
			t.Errorf("%s: going on with the same file: %v", c.key, err)
		}
		place("net", second)
		_, err = Run(context.Background(), Options{Config: config, Folder: r.folder})
		want := c.key + ", " + filepath.Join(dir, c.path) + ", has changed since the run in " + string(r.folder) +
			" began; put it back as it was, or start a new run"
		if err == nil || err.Error() != want || !IsInput(err) {
			t.Errorf("the error is %v, want %s", err, want)
		}
		if r.folder.Finished(config) {
			t.Errorf("%s: the run is taken for finished with another file", c.key)
		}
		// Folders of earlier versions hold no digests: the first session stores them.
		var print dataPrint
		if _, err := r.folder.readJSON(dataFile, &print); err != nil || len(print.Files) != 1 {
			t.Fatalf("%v, %v", print, err)
		}
		print.Files = nil
		if err := r.folder.writeJSON(dataFile, print); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(context.Background(), Options{Config: config, Folder: r.folder}); err != nil {
			t.Errorf("%s: an old folder: %v", c.key, err)
		}
		if _, err := r.folder.readJSON(dataFile, &print); err != nil || len(print.Files) != 1 {
			t.Errorf("%s: an old folder has %v, %v", c.key, print.Files, err)
		}
	}
	// A teacher that is gone is no fault of a run that it has taught.
	place("net", first)
	r := finish(t, parse(t, base+perceptron, "train.distill.run="+filepath.Join(dir, "net")))
	if err := os.RemoveAll(filepath.Join(dir, "net")); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), Options{Config: parseFile(t, r.folder.path(ConfigFile)), Folder: r.folder}); err != nil {
		t.Errorf("without the teacher: %v", err)
	}
}
