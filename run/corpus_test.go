package run

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pare/config"
	"pare/export"
	"pare/internal/npy"
	"pare/nn"
	"pare/train"
)

// corpus lists the folders that programs of earlier versions wrote, a version a folder.
// They are never written again: whatever a new version changes, it loads them.
func corpus(t *testing.T, pattern string) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join("testdata", "v*", pattern))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no folders of earlier versions: %v", err)
	}
	return dirs
}

// A network of an earlier version computes the logits that the program computed then, from
// its folder and from its ONNX file.
func TestCorpusLogits(t *testing.T) {
	for _, dir := range corpus(t, "[^i]*") {
		t.Run(dir, func(t *testing.T) {
			_, x := readNPY(t, filepath.Join(dir, "inputs.npy"))
			_, want := readNPY(t, filepath.Join(dir, "logits.npy"))
			a, err := OpenArtifact(dir)
			if err != nil {
				t.Fatal(err)
			}
			s, err := a.Summary()
			if err != nil {
				t.Fatal(err)
			}
			if s.ParamsBefore < s.ParamsAfter || s.ParamsAfter <= 0 || s.Certificate.Inputs <= 0 {
				t.Errorf("summary has %d → %d parameters, certificate %v", s.ParamsBefore, s.ParamsAfter, s.Certificate)
			}
			folder, err := a.Final()
			if err != nil {
				t.Fatal(err)
			}
			file, err := os.ReadFile(filepath.Join(dir, "model.onnx"))
			if err != nil {
				t.Fatal(err)
			}
			onnx, err := export.ReadONNX(file)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Trained(); err != nil {
				t.Error(err)
			}
			for _, m := range []export.Model{folder, onnx} {
				near(t, logits(t, m.Net, x), want)
			}
		})
	}
}

// An interrupted run of an earlier version goes on to its end, with its epochs kept.
func TestCorpusResumes(t *testing.T) {
	for _, dir := range corpus(t, "interrupted*") {
		t.Run(dir, func(t *testing.T) {
			old, err := train.ReadMetrics(filepath.Join(dir, MetricsFile))
			if err != nil {
				t.Fatal(err)
			}
			copied := filepath.Join(t.TempDir(), "run")
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			f, err := OpenFolder(copied)
			if err != nil {
				t.Fatal(err)
			}
			c, err := config.Load(f.path(ConfigFile), nil)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Run(context.Background(), Options{Config: c, Folder: f})
			if err != nil {
				t.Fatal(err)
			}
			result{s, f}.check(t)
			all, err := train.ReadMetrics(f.path(MetricsFile))
			if err != nil {
				t.Fatal(err)
			}
			if len(all) <= len(old) {
				t.Fatalf("%d epochs after %d before", len(all), len(old))
			}
			for i, r := range old {
				if all[i].Loss != r.Loss {
					t.Errorf("epoch %d has loss %v, before the resumption %v", i+1, all[i].Loss, r.Loss)
				}
			}
		})
	}
}

// Files of a later version of the program are refused in one line that says so.
func TestLaterFormats(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "v0", "digits"))); err != nil {
		t.Fatal(err)
	}
	refused := func(err error) {
		t.Helper()
		if !IsInput(err) || !strings.Contains(err.Error(), "newer version of pare") || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v", err)
		}
	}
	sessions := filepath.Join(dir, sessionsFile)
	if err := os.WriteFile(sessions, []byte(`{"format": 2, "sessions": {"by": []}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := OpenArtifact(dir)
	refused(err)
	_, err = OpenFolder(dir)
	refused(err)
	if err := os.Remove(sessions); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, export.ArchitectureFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = append([]byte(`{"format": 3, "units": "new",`), text[1:]...)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	a, err := OpenArtifact(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Final()
	refused(err)
}

func readNPY(t *testing.T, path string) ([]int, []float32) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	shape, x, err := npy.Read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return shape, x
}

// logits runs a network on inputs in PyTorch's order and returns outputs in it.
func logits(t *testing.T, net *nn.Network, x []float32) []float32 {
	t.Helper()
	var out []float32
	source := Examples{X: ChannelsLast(x, net.Input), Size: net.Input.Size(), Batch: 7}
	err := Logits(context.Background(), net, source, 7, func(_ train.Batch, y []float32) error {
		out = append(out, y...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ChannelsFirst(out, net.Output().Shape)
}

// near demands the same numbers up to the order of sums, which differs with the processor.
func near(t *testing.T, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	var scale, worst float64
	for i := range want {
		scale = max(scale, math.Abs(float64(want[i])))
		worst = max(worst, math.Abs(float64(got[i]-want[i])))
	}
	if !(worst <= 1e-5*scale) {
		t.Errorf("logits differ by %g, the largest is %g", worst, scale)
	}
}
