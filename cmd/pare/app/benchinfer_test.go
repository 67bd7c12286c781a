package app

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pare/cmd/internal/cli"
	"pare/export"
	"pare/infer"
	"pare/internal/bench"
	"pare/layers"
	"pare/nn"
	"pare/report"
	"pare/run"
)

// inferring runs the comparison with -json.
func inferring(t *testing.T, args ...string) report.Inference {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(succeed(t, append([]string{"bench", "-infer", "-json", "-steps", "4"}, args...)...)))
	d.DisallowUnknownFields()
	var r report.Inference
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

// All forms of a run, with the counts of its summary and times that fit together.
func TestBenchInfer(t *testing.T) {
	folder, summary := tinyRun(t)
	r := inferring(t, folder)
	var names []string
	for _, n := range r.Networks {
		names = append(names, n.Name)
		pruned := n.Name == run.VersionPruned || n.Name == sideDynamic
		if n.Of != "" != (n.Name == sideDynamic) || n.Of != "" && n.Of != run.VersionPruned {
			t.Errorf("%s is of %q", n.Name, n.Of)
		}
		if !pruned && (n.MACs != r.Networks[0].MACs || n.Params != summary.ParamsBefore) ||
			pruned && (n.MACs != summary.MACsAfter || n.Params != summary.ParamsAfter) {
			t.Errorf("%s: %d parameters, %d multiply-accumulates; the summary is %+v", n.Name, n.Params, n.MACs, summary)
		}
		if !(n.Needed > 0 && n.Needed < float64(n.MACs)) {
			t.Errorf("%s needs %g multiply-accumulates of %d", n.Name, n.Needed, n.MACs)
		}
		total := 0
		for _, k := range n.Cost.Counts {
			total += k
		}
		if total != min(r.Examples, observedMost) || n.Cost.Least > n.Needed || n.Needed > n.Cost.Most*(1+1e-9) {
			t.Errorf("%s: histogram %+v of needs of %g on average", n.Name, n.Cost, n.Needed)
		}
		if len(n.Layers) != 3 || n.Layers[0].Name != "conv1" || !(n.Layers[0].Times[1].MedianMs > 0) {
			t.Errorf("%s: layers %+v", n.Name, n.Layers)
		}
		for i, x := range n.Times {
			sorted := slices.IsSorted([]float64{0, x.FirstQuartile, x.Median, x.ThirdQuartile, x.P95})
			if x.Batch != inferBatches[i] || x.Count != 4 || !sorted || x.FirstQuartile == 0 {
				t.Errorf("%s: %+v", n.Name, x)
			}
			first := r.Networks[0].Times[i]
			if math.Abs(x.Reached*x.Median/x.Ideal-1) > 1e-9 || math.Abs(x.Speedup*x.Median/first.Median-1) > 1e-9 ||
				math.Abs(x.IdealSpeedup*x.Ideal/first.Ideal-1) > 1e-9 || n.Of == "" && x.Executed != float64(n.MACs) ||
				!(x.Executed > 0 && x.Executed <= float64(n.MACs)) {
				t.Errorf("%s: %+v, the first is %+v", n.Name, x, first)
			}
		}
	}
	if want := []string{"original", "masked", "pruned", "dynamic"}; !slices.Equal(names, want) || r.Inputs != "test" || len(r.Notes) != 1 {
		t.Errorf("networks %v on %s inputs, notes %q", names, r.Inputs, r.Notes)
	}
	// The units that are 0 need nothing of the layer behind them.
	if masked, original := r.Networks[1].Layers[2].Density, r.Networks[0].Layers[2].Density; masked >= original {
		t.Errorf("of the masked inputs of fc2 %g are not 0, of the original's %g", masked, original)
	}
}

// Tables fit a terminal of 80 columns but for the first lines, and -report adds the section.
func TestBenchInferText(t *testing.T) {
	folder := copyRun(t)
	text := succeed(t, "bench", folder, "-infer", "-report", "-steps", "2", "-batch", "4", "-threads", "1")
	contains(t, text, "400 test examples in turn, threads 1", "original", "masked", "pruned", "executed, 4",
		"layers, batch 4", "dynamic: pruned, served", "MACs needed by input, pruned")
	_, tables, _ := strings.Cut(text, "\n\n")
	for _, line := range strings.Split(tables, "\n") {
		if n := utf8.RuneCountInString(line); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	page, err := os.ReadFile(filepath.Join(folder, run.ReportFile))
	if err != nil || bytes.Count(page, []byte("<h2>Inference</h2>")) != 1 {
		t.Errorf("the report has no section, or two: %v", err)
	}
	checkPaint(t, run.ReportFile, page)
}

// The approximate side is reported apart: thresholds of ReLUs within the budget on validation examples, fewer
// inputs that are not 0, and its effect on the inputs of the measurement.
func TestBenchApproximate(t *testing.T) {
	folder, _ := tinyRun(t)
	for _, budget := range []string{"0.05", "change=0.05"} {
		r := inferring(t, folder, "-approximate", budget, "-batch", "4")
		exact, last := r.Networks[len(r.Networks)-3], r.Networks[len(r.Networks)-1]
		a := last.Approximation
		if last.Name != sideApproximate || last.Of != run.VersionPruned || a == nil || exact.Approximation != nil {
			t.Fatalf("%s: the last network is %s of %q, %+v", budget, last.Name, last.Of, a)
		}
		if a.Effect.Classes > 0.05 && a.Classes > 0 || a.Effect.Change > 0.05 && a.Change > 0 || a.Classes+a.Change != 0.05 || a.Energy == 0 ||
			a.OnInputs.Change == 0 || last.Needed >= exact.Needed || last.MACs != exact.MACs {
			t.Errorf("%s: %+v; %g multiply-accumulates needed, exact %g", budget, a, last.Needed, exact.Needed)
		}
	}
	page := copyRun(t)
	text := succeed(t, "bench", page, "-infer", "-report", "-steps", "2", "-approximate", "0.05")
	contains(t, text, "approximate: pruned, small activations set to 0, by 100 validation", "MACs needed by input, approximate")
	_, tables, _ := strings.Cut(text, "\n\n")
	for _, line := range strings.Split(tables, "\n") {
		if n := utf8.RuneCountInString(line); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	html, err := os.ReadFile(filepath.Join(page, run.ReportFile))
	if err != nil || !bytes.Contains(html, []byte("approximate is pruned with thresholds of its ReLUs")) {
		t.Errorf("the report says nothing of the approximation: %v", err)
	}
}

// Without a run there is one network, and without a config there are random inputs.
func TestBenchInferAlone(t *testing.T) {
	folder, _ := tinyRun(t)
	for path, want := range map[string]string{
		filepath.Join(folder, "pruned"):        "test",
		filepath.Join(folder, export.ONNXFile): "random",
	} {
		r := inferring(t, path, "-batch", "1")
		if len(r.Networks) != 2 || r.Networks[1].Of != run.VersionOnly || r.Networks[0].Name != run.VersionOnly ||
			r.Inputs != want || !strings.Contains(r.Notes[0], "has no original") {
			t.Errorf("%s: %s inputs, notes %q", path, r.Inputs, r.Notes)
		}
		if random := strings.Contains(strings.Join(r.Notes, "\n"), "inputs are random"); random != (want == "random") {
			t.Errorf("%s: notes %q", path, r.Notes)
		}
	}
}

func TestBenchInferRefuses(t *testing.T) {
	folder, _ := tinyRun(t)
	onnx := filepath.Join(folder, export.ONNXFile)
	for text, args := range map[string][]string{
		"-infer measures the networks of a SOURCE": {"-model", "resnet20"},
		"-batch is 0, it must":                     {folder, "-batch", "0"},
		"it is for training steps":                 {folder, "-profile", "kinds"},
		"adds to the report of a run":              {onnx, "-report"},
		"-data-dir is for the data of a run":       {onnx, "-data-dir", "x"},
		"is not finished; go on with train":        {copyRun(t, run.SummaryFile)},
		"no.npy: no such file":                     {folder, "-inputs", "no.npy"},
		`-approximate is "2"; it is a share`:       {folder, "-approximate", "2"},
		`-approximate is "change=x"; it is`:        {folder, "-approximate", "change=x"},
	} {
		fail(t, cli.ExitBadInput, text, append([]string{"bench", "-infer"}, args...)...)
	}
	fail(t, cli.ExitBadInput, "-approximate: it is for predictions; give -infer", "bench", folder, "-approximate", "0.1")
	fail(t, cli.ExitBadInput, "-report: it is for predictions; give -infer", "bench", folder, "-report")
}

// A layer that skips zeros executes the work that its inputs need, where it has enough rows; its ideal
// counts this work.
func TestExecutedBehindReLU(t *testing.T) {
	net, err := nn.New("ffn", nn.Shape{64, 64}, nil)
	if err != nil {
		t.Fatal(err)
	}
	up, down := &layers.Linear{Out: 64}, &layers.Linear{Out: 64}
	for _, l := range []struct {
		name  string
		layer nn.Layer
	}{{"up", up}, {"relu", layers.ReLU()}, {"down", down}} {
		if err := net.Add(l.name, l.layer); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 8 { // of 64 units
		up.Params()[1].Data()[i] = 1
	}
	p, err := infer.New(net, infer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	x := inferInputs{x: make([]float32, 2*64*64), n: 2}
	for i := range x.x {
		x.x[i] = 1
	}
	work, err := observe(t.Context(), p, x, nil)
	if err != nil {
		t.Fatal(err)
	}
	const macs = 64 * 64 * 64
	if want := []float64{macs * 9 / 8, macs * 9 / 8}; !slices.Equal(work.needed, want) {
		t.Errorf("needed are %v, want %v", work.needed, want)
	}
	peaks := bench.Roofline{GFLOPs: 1e-3, Memory: []bench.Bandwidth{{Bytes: 1, GBs: 1e3}}}
	l := work.layers([]int{1, 16}, peaks)[1]
	if l.Density != 0.125 || l.Times[0].Executed != macs || l.Times[1].Executed != macs/8 || l.Times[1].Bound != "arithmetic" {
		t.Errorf("%+v", l)
	}
	if want := 2 * macs / 8 * 16 / 1e6 * 1e3; math.Abs(l.Times[1].IdealMs/want-1) > 1e-9 {
		t.Errorf("the ideal is %g ms, want %g", l.Times[1].IdealMs, want)
	}
	if got := work.elsewhere(16, peaks); got != 0 {
		t.Errorf("the ReLU takes %g s, though the layer before computes it", got)
	}
}

// Quantiles are interpolated between times.
func TestQuantile(t *testing.T) {
	times := []time.Duration{1e6, 2e6, 3e6, 5e6}
	for q, want := range map[float64]float64{0: 1, 0.5: 2.5, 0.75: 3.5, 0.95: 4.7, 1: 5} {
		if got := quantile(times, q); math.Abs(got-want) > 1e-9 {
			t.Errorf("quantile %g is %g, want %g", q, got, want)
		}
	}
}
