//go:build unix

package app

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/cmd/internal/cli"
	"pare/export"
	"pare/layers"
	"pare/nn"
)

// onnxFile writes a network of images of digits with five outputs.
func onnxFile(t *testing.T) string {
	t.Helper()
	net, err := nn.New("given", nn.Shape{1, 8, 8}, rand.New(rand.NewPCG(7, 7)))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []struct {
		name  string
		layer nn.Layer
	}{{"conv1", &layers.Conv{Out: 8, Kernel: layers.Square(3), Pad: layers.Around(1)}},
		{"bn1", &layers.BatchNorm{Eps: 1e-5, Momentum: 0.1}},
		{"relu1", layers.ReLU()}, {"flat", &layers.Flatten{}}, {"fc1", &layers.Linear{Out: 16}},
		{"relu2", layers.ReLU()}, {"fc2", &layers.Linear{Out: 5}}} {
		if err := net.Add(l.name, l.layer); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	if err := export.SaveONNX(dir, export.Model{Net: net}); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, export.ONNXFile)
}

// TestKillAndResumeTeacher: so do runs that learn from another run and from their own network before
// pruning, and runs on the network of an ONNX file with a new last layer.
func TestKillAndResumeTeacher(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "teacher.yaml"), replace(t, crashConfig, "seed: 3", "seed: 4"))
	ok(t, dir, "-config", "teacher.yaml", "-out", "teacher", "-quiet")
	taught := replace(t, crashConfig, "train:\n", "train:\n  distill: {run: "+dir+"/teacher}\n")
	taught = replace(t, taught, "finetune: {", "finetune: {distill: {run: self, temperature: 2}, ")
	model := crashConfig[strings.Index(crashConfig, "model:"):strings.Index(crashConfig, "train:\n")]
	given := replace(t, crashConfig, model, "model: {type: onnx, file: "+onnxFile(t)+"}\n")
	given = replace(t, given, "  - {type: l1, on: gates, lambda: 0.01, warmup: 1}\n", "")
	for name, config := range map[string]string{"distill": taught, "onnx": given} {
		t.Run(name, func(t *testing.T) {
			whole := killAndResume(t, config, 1)
			if files := read(t, whole, "data.json"); !strings.Contains(files, `"files"`) {
				t.Errorf("data.json lacks digests: %s", files)
			}
		})
	}
}

// TestTeachersRefused: a teacher that cannot teach is one line with the place of its key, and
// there is no run folder.
func TestTeachersRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "glyphs.yaml"),
		"data: {dataset: glyphs, train: 200, test: 50}\nmodel: {type: mlp, hidden: [4]}\ntrain: {epochs: 0}\n")
	ok(t, dir, "-config", "glyphs.yaml", "-out", "glyphs", "-quiet")
	write(t, filepath.Join(dir, "small.yaml"), smallConfig)
	ok(t, dir, "-config", "small.yaml", "-out", "small", "-quiet")
	renamed, err := export.Load(filepath.Join(dir, "small"))
	if err != nil {
		t.Fatal(err)
	}
	renamed.Classes = append([]string{"nil"}, renamed.Classes[1:]...)
	if err := export.Save(filepath.Join(dir, "renamed"), renamed); err != nil {
		t.Fatal(err)
	}
	unfinished := filepath.Join(dir, "unfinished")
	if err := os.MkdirAll(unfinished, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(unfinished, "config.yaml"), smallConfig)
	write(t, filepath.Join(dir, "five.onnx"), read(t, onnxFile(t)))
	for run, words := range map[string][]string{
		"glyphs":     {"glyphs cannot teach: the teacher reads"},
		"renamed":    {`renamed cannot teach: class 0 of digits is "0", but the network's is "nil"`},
		"five.onnx":  {"five.onnx cannot teach: the teacher has 5 outputs, the network has 10"},
		"nowhere":    {"nowhere does not exist"},
		".":          {". is neither a run folder"},
		"unfinished": {"unfinished is not finished; go on with train -resume unfinished"},
		"fresh":      {"fresh does not exist"}, // the run itself
	} {
		config := replace(t, smallConfig, "train: {", "train: {distill: {run: "+run+"}, ")
		write(t, filepath.Join(dir, "taught.yaml"), config)
		o := launch(t, dir, "-config", "taught.yaml", "-out", "fresh", "-quiet")
		if o.code != cli.ExitBadInput || len(o.lines()) != 1 ||
			!strings.HasPrefix(o.stderr, "train: taught.yaml:9:24: train.distill.run: ") {
			t.Errorf("%s: status %d: %s", run, o.code, o.stderr)
		}
		for _, word := range words {
			if !strings.Contains(o.stderr, word) {
				t.Errorf("%s: %q is not in: %s", run, word, o.stderr)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "fresh")); err == nil {
			t.Fatalf("%s: there is a run folder", run)
		}
	}
}
