package app

import (
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/cmd/internal/cli"
	"pare/internal/npy"
)

// TestCalibration: a network without data is repaired on pictures without labels, which brings its
// outputs nearer to those before pruning; an array of the same inputs does the same.
func TestCalibration(t *testing.T) {
	file, dir := foreignONNX(t, 3), t.TempDir()
	photos := filepath.Join(dir, "photos")
	rng := rand.New(rand.NewPCG(5, 5))
	for i := range 80 {
		im := image.NewRGBA(image.Rect(0, 0, 12, 12))
		for p := range im.Pix {
			im.Pix[p] = uint8(rng.IntN(256))
		}
		path := filepath.Join(photos, fmt.Sprint(i%2), fmt.Sprintf("%02d.png", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		writePNG(t, path, im)
	}
	logits := func(model string) []float32 {
		t.Helper()
		out := filepath.Join(t.TempDir(), "p.npy")
		succeed(t, "predict", model, photos, "-imagenet", "-out", out)
		f, err := os.Open(out)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		_, x, err := npy.Read(f)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	pruned := func(name string, args ...string) string {
		t.Helper()
		out := filepath.Join(dir, name)
		status, _, noted := pare(append([]string{"prune", file, "-macs", "0.6", "-importance", "magnitude", "-out", out}, args...)...)
		if status != 0 || strings.Contains(noted, "random inputs only") == slices.Contains(args, "-calibration") {
			t.Fatalf("%s: status %d, %s", name, status, noted)
		}
		return out
	}
	dense := logits(file)
	distance := func(model string) (sum float64) {
		for i, v := range logits(model) {
			d := float64(v - dense[i])
			sum += d * d
		}
		return sum
	}
	plain, repaired := pruned("plain"), pruned("repaired", "-repair", "-calibration", photos, "-imagenet")
	if before, after := distance(plain), distance(repaired); after > before/2 {
		t.Errorf("outputs differ by %g before the repair and by %g after it", before, after)
	}
	_, p := prunedTo(t, repaired)
	if p.Calibration != photos || len(p.Repaired) == 0 || p.Report.Certificate.Inputs != 64+80 {
		t.Errorf("calibration %q, %d layers repaired, certificate %+v", p.Calibration, len(p.Repaired), p.Report.Certificate)
	}
	inputs := filepath.Join(dir, "x.npy")
	succeed(t, "predict", file, photos, "-imagenet", "-dump-inputs", inputs)
	if by := pruned("array", "-repair", "-calibration", inputs); distance(by) != distance(repaired) {
		t.Error("an array of the same inputs gives another network")
	}
	some := pruned("some", "-repair", "-calibration", photos, "-imagenet", "-repair-examples", "30")
	if _, p := prunedTo(t, some); p.Report.Certificate.Inputs != 64+30 || distance(some) == distance(repaired) {
		t.Errorf("30 examples: %+v", p.Report.Certificate)
	}
	again := pruned("again", "-repair", "-calibration", photos, "-imagenet", "-repair-examples", "30")
	if distance(again) != distance(some) {
		t.Error("the same seed gives another network")
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"-calibration: it is an option of -repair; add it, or leave this out", []string{"-calibration", photos}},
		{"-imagenet: it is for the images of -calibration", []string{"-repair", "-imagenet"}},
		{"a repair needs examples, and there is no data; give unlabelled examples with -calibration, or name the folder of the run's data",
			[]string{"-repair"}},
		{"-calibration: " + dir + "/none: there is no such file", []string{"-repair", "-calibration", dir + "/none"}},
		{"-calibration: " + dir + "/p.npy: ", []string{"-repair", "-calibration", dir + "/p.npy"}},
	} {
		args := []string{"prune", file, "-macs", "0.6", "-importance", "magnitude", "-out", dir + "/x"}
		fail(t, cli.ExitBadInput, c.want, append(args, c.args...)...)
	}
}
