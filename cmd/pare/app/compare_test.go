package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// compared is a line of pare compare -json.
type compared struct {
	Name, Method, Label, Point, Measure string
	Seed                                uint64
	Seeds                               int
	Value, Spread                       float64
	Params                              [2]int64
}

func TestCompare(t *testing.T) {
	first, s := tinyRun(t)
	second := filepath.Join(t.TempDir(), "other")
	o, err := makeRun(second, strings.NewReplacer("seed: 3", "seed: 4", "name: tiny", "name: other").Replace(tinyConfig))
	if err != nil {
		t.Fatal(err)
	}
	var rows []compared
	if err := json.Unmarshal([]byte(succeed(t, "compare", first, second, "-json")), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 || rows[0].Seed != 3 || rows[1].Seed != 4 || rows[2].Seeds != 2 {
		t.Fatalf("got %+v", rows)
	}
	a, b := 1-s.AccuracyFinal, 1-o.AccuracyFinal
	if want := (a + b) / 2; math.Abs(rows[2].Value-want) > 1e-12 {
		t.Errorf("mean %g, expected %g", rows[2].Value, want)
	}
	if want := math.Abs(a-b) / math.Sqrt2; math.Abs(rows[2].Spread-want) > 1e-12 {
		t.Errorf("spread %g, expected %g", rows[2].Spread, want)
	}
	svg := filepath.Join(t.TempDir(), "c.svg")
	contains(t, succeed(t, "compare", first, second, "-markdown", "-svg", svg), "| penalty | λ 0.006 | tiny | 3 | error ",
		fmt.Sprintf("| mean of 2 | error %.2f %% ± ", 100*rows[2].Value))
	picture, err := os.ReadFile(svg)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, string(picture), "multiply-accumulates left, %", "penalty, λ 0.006: error ")
	board := t.TempDir()
	succeed(t, "compare", first, second, "-tensorboard", board)
	if files, err := filepath.Glob(filepath.Join(board, "experiment", "events.out.tfevents.*")); err != nil || len(files) != 1 {
		t.Errorf("-tensorboard wrote %v, %v", files, err)
	}
	succeed(t, "compare", first, second, "-svg", svg, "-over", "params")
	if picture, err = os.ReadFile(svg); err != nil {
		t.Fatal(err)
	}
	contains(t, string(picture), "parameters left, %")
	succeed(t, "compare", first, second, "-svg", svg, "-over", "activations")
	if picture, err = os.ReadFile(svg); err != nil {
		t.Fatal(err)
	}
	contains(t, string(picture), "activations that are not 0, %")
	png := filepath.Join(t.TempDir(), "c.png")
	succeed(t, "compare", first, second, "-png", png)
	if picture, err = os.ReadFile(png); err != nil || !bytes.HasPrefix(picture, []byte("\x89PNG")) {
		t.Errorf("no PNG: %v", err)
	}
	out := filepath.Join(t.TempDir(), "report")
	succeed(t, "compare", first, "-latency", "-over", "latency", "-out", out) // one run is enough
	for _, name := range []string{"results.csv", "figure.svg", "figure.png", "tables.md", "tables.tex", "report.html"} {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() == 0 {
			t.Errorf("no %s: %v", name, err)
		}
	}
}

func TestCompareErrors(t *testing.T) {
	folder, _ := tinyRun(t)
	fail(t, 2, "no RUN given", "compare")
	fail(t, 2, "needs -latency", "compare", folder, "-svg", "x.svg", "-over", "latency")
	fail(t, 2, "experiment for TensorBoard", "compare", folder, "-tensorboard", filepath.Join(folder, "summary.json"))
	fail(t, 2, "give -svg", "compare", folder, "-over", "params")
	fail(t, 2, "macs, params, nonzero, nonzero-macs, activations or latency", "compare", folder, "-over", "flops")
	fail(t, 2, "give one of -markdown", "compare", folder, "-json", "-markdown")
	unfinished := copyRun(t, "summary.json")
	fail(t, 2, "is not a finished run", "compare", unfinished)
	status, out, notes := pare("compare", unfinished, filepath.Join(folder, "trained"), folder)
	if status != 0 || strings.Count(notes, "left out: ") != 2 || !strings.Contains(notes, unfinished+" is not a finished run") {
		t.Errorf("status %d beside an unfinished run: %s", status, notes)
	}
	contains(t, out, "tiny")
	if status, _, notes := pare("compare", unfinished, unfinished); status != 2 ||
		!strings.Contains(notes, "none of the 2 is a finished run") {
		t.Errorf("status %d with nothing left: %s", status, notes)
	}
	fail(t, 2, "nothing does not exist", "compare", filepath.Join(folder, "nothing"))
}

// chainRuns makes, for two seeds, a dense run, one that is cut from it to a budget of
// its own, one with the shape of that from scratch, and a narrow one.
func chainRuns(t *testing.T) (dir string, paths []string) {
	t.Helper()
	dir = t.TempDir()
	const data = "data: {dataset: digits, train: 320, validation: 50, test: 200}\n"
	const train = "train: {epochs: 1, batch: 32, optimizer: {type: adam, lr: 0.005}}\n"
	for seed := 1; seed <= 2; seed++ {
		at := func(kind string) string { return filepath.Join(dir, fmt.Sprintf("%s-s%d", kind, seed)) }
		saved := func(kind, weights string) string {
			return fmt.Sprintf("model: {type: saved, run: '%s', weights: %s}\n", at(kind), weights)
		}
		for _, r := range []struct{ kind, text string }{
			{"dense", train + "model: {type: mlp, hidden: [24, 16]}\nprune: {method: none}\n"},
			{"cut", "train: {epochs: 0}\n" + saved("dense", "kept") + fmt.Sprintf("prune: {method: magnitude, budget: {params: 0.%d}}\n", 50+seed)},
			{"scratch", train + saved("cut", "new") + "prune: {method: none}\n"},
			{"narrow", train + "model: {type: mlp, hidden: [12, 8]}\nprune: {method: none}\n"},
		} {
			name := "net" // of all: labels have to tell them apart
			if r.kind == "scratch" {
				name = fmt.Sprintf("scratch-s%d", seed)
			}
			if _, err := makeRun(at(r.kind), fmt.Sprintf("name: %s\nseed: %d\nthreads: %d\n%s%s", name, seed, seed, data, r.text)); err != nil {
				t.Fatal(err)
			}
			paths = append(paths, at(r.kind))
		}
	}
	return dir, paths
}

// TestCompareChains: runs that go on from runs of their own seed are one experiment,
// and the share they leave is measured against the first network.
func TestCompareChains(t *testing.T) {
	dir, paths := chainRuns(t)
	copied := filepath.Join(dir, "copy")
	if err := os.CopyFS(copied, os.DirFS(paths[0])); err != nil {
		t.Fatal(err)
	}
	svg := filepath.Join(dir, "c.svg")
	args := append([]string{"compare", "-json", "-svg", svg, copied, paths[0] + string(filepath.Separator)}, paths...)
	status, out, notes := pare(args...)
	if status != 0 || strings.Count(notes, "\n") != 2 || strings.Count(notes, "is the same run as "+copied) != 2 {
		t.Fatalf("status %d: %s", status, notes)
	}
	var rows []compared
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		t.Fatal(err)
	}
	means := map[string]compared{}
	for _, r := range rows {
		if r.Seeds > 1 {
			means[r.Label] = r
		}
	}
	const whole = 64*24 + 24 + 24*16 + 16 + 16*10 + 10
	for label, share := range map[string][2]float64{"scratch": {0.4, 0.53}, "dense": {1, 1}, "magnitude": {0.4, 0.53}, "narrow": {0.4, 0.53}} {
		r, ok := means[label]
		if !ok {
			t.Errorf("no means of %q", label)
			continue
		}
		if got := float64(r.Params[1]) / float64(r.Params[0]); got < share[0] || got > share[1] || r.Seeds != 2 || r.Params[0] != whole {
			t.Errorf("%s: %v parameters, want %g–%g of %d, with %d seeds", label, r.Params, share[0], share[1], whole, r.Seeds)
		}
	}
	if len(means) != 4 {
		t.Errorf("%d groups, want 4: %v", len(means), means)
	}
	if t.Failed() {
		t.Log(out)
	}
	if err := json.Unmarshal([]byte(succeed(t, "compare", "-json", "-of", filepath.Join(dir, "cut-s1"), filepath.Join(dir, "narrow-s2"))), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 || rows[0].Params != [2]int64{whole, 64*12 + 12 + 12*8 + 8 + 8*10 + 10} {
		t.Errorf("a narrow net measured against the dense one: %+v", rows)
	}
	// The same from another working directory, with paths relative to the folder of all
	// runs: the settings of the run before are still found.
	text, err := os.ReadFile(filepath.Join(paths[1], "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(paths[1], "config.yaml"),
		[]byte(strings.Replace(string(text), dir+string(filepath.Separator), "", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	contains(t, succeed(t, "compare", paths[1], paths[5]), "mean of 2")
}

// A note is one line, whatever a folder is called.
func TestCompareNotesAreLines(t *testing.T) {
	folder := copyRun(t)
	other := filepath.Join(filepath.Dir(folder), "a\nb")
	if err := os.CopyFS(other, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	status, _, notes := pare("compare", folder, other)
	if status != 0 || strings.Count(notes, "\n") != 1 || !strings.Contains(notes, `a\u000ab is the same run`) {
		t.Errorf("status %d, notes %q", status, notes)
	}
}
