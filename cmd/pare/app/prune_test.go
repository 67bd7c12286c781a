package app

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pare/cmd/internal/cli"
	"pare/export"
	"pare/run"
)

// prunedTo reads the files of prune and checks that all of them hold one network.
func prunedTo(t *testing.T, dir string) (export.Model, run.Pruning) {
	t.Helper()
	var p run.Pruning
	text, err := os.ReadFile(filepath.Join(dir, "prune.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	m, err := export.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p.Report.After, m.Net.Count()); diff != "" {
		t.Errorf("prune.json and the network: %s", diff)
	}
	if i := inspected(t, filepath.Join(dir, export.ONNXFile)); i.Network.Total != p.Report.After {
		t.Errorf("model.onnx has %+v, want %+v", i.Network.Total, p.Report.After)
	}
	return m, p
}

func TestPruneZeros(t *testing.T) {
	folder, s := tinyRun(t)
	dir := filepath.Join(t.TempDir(), "a", "b")
	out := succeed(t, "prune", folder, "-out", dir)
	contains(t, out, "params", " → ", "accuracy", "certificate  passed", "on 320 inputs", "fc1", "wrote the network to "+dir)
	m, p := prunedTo(t, dir)
	if p.Report.After.Params != s.ParamsAfter || p.After.Correct != s.CorrectAfterPrune ||
		p.Before.Correct != s.CorrectBeforePrune || p.Seed != 3 {
		t.Errorf("got %+v, the run had %+v", p, s)
	}
	if len(m.Classes) != 10 || len(m.Preprocess.Mean) != 1 {
		t.Errorf("classes %q and preprocessing %+v", m.Classes, m.Preprocess)
	}
	fail(t, cli.ExitBadInput, "holds a", "prune", folder, "-out", dir)
	fail(t, cli.ExitBadInput, "holds a", "prune", folder, "-out", folder)
}

func TestPruneBudget(t *testing.T) {
	folder, s := tinyRun(t)
	root := t.TempDir()
	for name, args := range map[string][]string{
		"magnitude": {"-method", "magnitude", "-macs", "0.5"},
		"layer":     {"-method", "magnitude", "-macs", "0.5", "-scope", "layer", "-trained"},
		"random":    {"-method", "random", "-params", "0.5", "-seed", "9"},
		"taylor":    {"-method", "least", "-macs", "0.5"},
		"activity":  {"-method", "least", "-importance", "activation", "-macs", "0.5", "-threads", "1"},
		"final":     {"-method", "random", "-params", "0.5", "-final", "-threads", "1"},
	} {
		dir := filepath.Join(root, name)
		contains(t, succeed(t, append([]string{"prune", "-out", dir, folder}, args...)...), " trained → ", " zeroed → ", " removed (")
		_, p := prunedTo(t, dir)
		full := s.MACsBefore
		trained := s.AccuracyTrained
		given := filepath.Join(folder, "trained")
		if name == "final" {
			full, trained, given = s.MACsAfter, s.AccuracyFinal, folder
		}
		// The count of values that are not 0 is older than the zeros of the chosen units.
		if m, err := export.Load(given); err != nil || p.Report.Before != m.Net.Count() {
			t.Errorf("%s: %+v before, %v; the network given has other counts", name, p.Report.Before, err)
		}
		if p.Report.Before.MACs != full || p.Trained.Accuracy != trained || p.Before.Correct != p.After.Correct {
			t.Errorf("%s: %+v", name, p)
		}
		if p.MACs > 0 && float64(p.Report.After.MACs) > p.MACs*float64(full) {
			t.Errorf("%s: %d MACs are over the budget", name, p.Report.After.MACs)
		}
		if p.Params > 0 && float64(p.Report.After.Params) > p.Params*float64(p.Report.Before.Params) {
			t.Errorf("%s: %d parameters are over the budget", name, p.Report.After.Params)
		}
	}
	again := filepath.Join(root, "again")
	succeed(t, "prune", folder, "-out", again, "-method", "random", "-params", "0.5", "-seed", "9", "-threads", "1")
	for _, name := range []string{export.SafetensorsFile, export.ArchitectureFile, export.ONNXFile} {
		a, errA := os.ReadFile(filepath.Join(root, "random", name))
		b, errB := os.ReadFile(filepath.Join(again, name))
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Errorf("%s differs between two prunings of one seed", name)
		}
	}
}

// Without data there is a certificate all the same.
func TestPruneWithoutData(t *testing.T) {
	folder, _ := tinyRun(t)
	dir := filepath.Join(t.TempDir(), "small")
	status, out, errs := pare("prune", filepath.Join(folder, export.ONNXFile), "-method", "magnitude", "-params", "0.3", "-out", dir)
	if status != 0 || !strings.Contains(errs, "random inputs only") || !strings.Contains(out, "on 64 inputs") ||
		strings.Contains(out, "accuracy") {
		t.Errorf("status %d, prints %q and %q", status, out, errs)
	}
	_, p := prunedTo(t, dir)
	if p.Trained != nil || p.Before != nil || p.After != nil {
		t.Errorf("accuracies from nowhere: %+v", p)
	}
	if len(p.Warnings) != 1 || !strings.Contains(errs, "pare prune: warning: "+p.Warnings[0]) {
		t.Errorf("warnings %q, on standard error %q", p.Warnings, errs)
	}
	contains(t, succeed(t, "inspect", dir), "warning: "+p.Warnings[0])
}

func TestPruneErrors(t *testing.T) {
	folder, _ := tinyRun(t)
	root := t.TempDir()
	dir := filepath.Join(root, "small")
	for text, args := range map[string][]string{
		`no method "best"`:                                                         {"-method", "best"},
		"needs exactly one budget":                                                 {"-method", "magnitude"},
		"either macs or params or latency":                                         {"-method", "random", "-macs", "0.5", "-params", "0.5"},
		"macs is 1.5, it must be above 0 and at most 1":                            {"-method", "random", "-macs", "1.5"},
		"-macs is 0; it must be above 0 and at most 1":                             {"-method", "random", "-macs", "0.0"},
		"-latency is 0; it must be above 0 and at most 1":                          {"-layers", "fc1=0.5", "-latency", "-0"},
		"params is NaN, it must be above 0 and at most 1":                          {"-method", "random", "-params", "NaN"},
		"for least, magnitude and":                                                 {"-method", "zeros", "-macs", "0.5"},
		"not global or layer":                                                      {"-method", "random", "-macs", "0.5", "-scope", "x"},
		"cannot be met":                                                            {"-method", "magnitude", "-macs", "1e-9"},
		"give one of them":                                                         {"-trained", "-final"},
		`unknown importance "tailor"; did you mean taylor?`:                        {"-method", "least", "-importance", "tailor", "-macs", "0.5"},
		"importance is for method least":                                           {"-method", "zeros", "-importance", "taylor"},
		"method least: it needs exactly one budget":                                {"-importance", "taylor"},
		"method weights: it needs":                                                 {"-importance", "magnitude", "-weights", "0.5", "-pattern", "2:4"},
		`keep.layers: "conv9" matches no layer with units of its own`:              {"-keep", "conv9"},
		`-keep: least is "x"; it must be a number above 0`:                         {"-keep", "fc1,least=x"},
		`-keep: there is no bound "most"; use least or lose`:                       {"-keep", "most=3"},
		`-keep: lose is 2; it must be a share above 0 and below 1`:                 {"-keep", "lose=2"},
		`-layers: "conv1" is no layer with a share, such as conv1=0.5`:             {"-method", "random", "-layers", "conv1"},
		`-layers: the share of fc1 is "2"; it must be a number above 0 and`:        {"-method", "random", "-layers", "fc1=2"},
		`-round-to is 0; it must be at least 1`:                                    {"-round-to", "0"},
		`the batch is 3; it must be at least 1, and only budget latency takes one`: {"-method", "random", "-macs", "0.5", "-batch", "3"},
		"method zeros takes no scope and no budget":                                {"-method", "zeros", "-latency", "0.5"},
		"chooses single weights; keep, round_to":                                   {"-method", "weights", "-weights", "0.5", "-round-to", "4"},
		"data.dir is not an option of digits":                                      {"-data-dir", root},
	} {
		fail(t, cli.ExitBadInput, text, append([]string{"prune", folder, "-out", dir}, args...)...)
	}
	fail(t, cli.ExitBadInput, "importance taylor needs data, and there are none; use importance magnitude",
		"prune", filepath.Join(folder, export.ONNXFile), "-method", "least", "-macs", "0.5", "-out", dir)
	fail(t, cli.ExitBadInput, "no -out", "prune", folder)
	fail(t, cli.ExitBadInput, "holds a single network", "prune", filepath.Join(folder, "pruned"), "-trained", "-out", dir)
	fail(t, cli.ExitBadInput, "not finished", "prune", copyRun(t, run.SummaryFile), "-final", "-out", dir)
	fail(t, cli.ExitBadInput, "no network before pruning", "prune", copyRun(t, "trained"), "-out", dir)
	absent(t, root)
}

// A network whose outputs overflow, with weights that are all finite, gives no answer:
// neither a pruned network nor predictions.
func TestOutputsNotFinite(t *testing.T) {
	folder, _ := tinyRun(t)
	m, err := export.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Net.Params() {
		p.Fill(3e38)
	}
	broken, root := t.TempDir(), t.TempDir()
	if err := export.Save(broken, m); err != nil {
		t.Fatal(err)
	}
	ones := make([]float32, 64)
	for i := range ones {
		ones[i] = 1
	}
	out := filepath.Join(root, "out")
	fail(t, cli.ExitBadInput, "not finite", "prune", broken, "-out", out)
	fail(t, cli.ExitBadInput, "not a finite number", "predict", broken, "-inputs", writeArray(t, []int{1, 1, 8, 8}, ones), "-out", out+".npy")
	absent(t, root)
}

// Weights that are not finite are no network for any command.
func TestWeightsNotFinite(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1)} {
		broken, root := copyRun(t), t.TempDir()
		for _, path := range []string{filepath.Join(broken, "trained", export.SafetensorsFile), filepath.Join(broken, export.SafetensorsFile)} {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			binary.LittleEndian.PutUint32(text[len(text)-4:], math.Float32bits(float32(v)))
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		zeros, out := writeArray(t, []int{1, 1, 8, 8}, make([]float32, 64)), filepath.Join(root, "out")
		for _, args := range [][]string{
			{"inspect"}, {"inspect", "-json"}, {"predict", "-split", "test", "-out", out + ".npy"}, {"predict", "-inputs", zeros, "-out", out + ".npy"},
			{"prune", "-out", out}, {"prune", "-out", out, "-final"}, {"prune", "-out", out, "-method", "magnitude", "-macs", "0.5"},
			{"export", "-onnx", out + ".onnx"}, {"export", "-safetensors", out}, {"memory"},
		} {
			fail(t, cli.ExitBadInput, fmt.Sprintf("is %g, not a finite number", v), append(args, broken)...)
		}
		absent(t, root)
	}
}
