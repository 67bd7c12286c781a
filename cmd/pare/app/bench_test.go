package app

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pare/cmd/internal/cli"
	"pare/internal/npy"
	"pare/layers"
	"pare/models"
	"pare/nn"
)

// measured runs the benchmark with -json and returns its objects.
func measured(t *testing.T, args ...string) []benchResult {
	t.Helper()
	var out []benchResult
	for _, line := range strings.Split(strings.TrimSpace(succeed(t, append([]string{"bench", "-json"}, args...)...)), "\n") {
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		var r benchResult
		if err := d.Decode(&r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		out = append(out, r)
	}
	return out
}

// The parameters are those of the same nets in PyTorch; the multiply-accumulates
// of a step are counted by hand from those of the first convolution.
func TestBenchAll(t *testing.T) {
	results := measured(t, "-model", "all", "-batch", "2", "-steps", "2", "-threads", "1")
	want := []struct {
		model             string
		params, first, in int64
		classes           int
	}{
		{"mlp", 266610, 784 * 300, 784, 10}, {"lenet5", 431080, 24 * 24 * 25 * 20, 784, 10},
		{"cnn", 160234, 32 * 32 * 27 * 32, 3072, 10}, {"inception", 88922, 32 * 32 * 27 * 32, 3072, 10},
		{"resnet20", 272492, 32 * 32 * 27 * 16, 3072, 10}, {"rnn", 123841, 0, 64, 65}, {"lstm", 420289, 0, 64, 65},
		{"gru", 321473, 0, 64, 65}, {"transformer", 818241, 0, 64, 65},
	}
	if len(results) != len(want) {
		t.Fatalf("%d results, want %d", len(results), len(want))
	}
	for i, r := range results {
		w := want[i]
		if r.Model != w.model || r.Params != w.params || int64(r.Input.Size()) != w.in || r.Classes != w.classes {
			t.Errorf("got %+v, want %+v", r, w)
		}
		if r.Batch != 2 || r.Steps != 2 || r.Threads != 1 || r.Go != runtime.Version() || r.Kernels == "" {
			t.Errorf("%s: conditions %+v", r.Model, r)
		}
		if !(r.StepMs > 0 && r.ForwardMs > 0 && r.ForwardMs < 100*r.StepMs) {
			t.Errorf("%s: step %g ms, forward %g ms", r.Model, r.StepMs, r.ForwardMs)
		}
		flops := 2 * 2 * float64(3*r.MACs-w.first)
		if got := r.GFLOPs * r.StepMs * 1e6; math.Abs(got/flops-1) > 0.01 {
			t.Errorf("%s: %g operations in a step, want %g", r.Model, got, flops)
		}
		if runtime.GOOS == "linux" && (r.PeakBytes < 1<<20 || (r.FirstStepS > 0) != (i == 0)) {
			t.Errorf("%s: peak %d bytes, first step after %g s", r.Model, r.PeakBytes, r.FirstStepS)
		}
	}
}

func TestBenchText(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(succeed(t, "bench", "-model", "resnet8", "-batch", "1", "-steps", "1")), "\n")
	head, row := lines[len(lines)-2], lines[len(lines)-1]
	contains(t, lines[0], "batch 1", "threads", "kernels", "go1")
	contains(t, head, "model", "params", "MACs", "step ms", "forward ms", "GFLOP/s", "peak MiB", "first step s")
	contains(t, row, "resnet8", "78048")
	if utf8.RuneCountInString(head) != utf8.RuneCountInString(row) {
		t.Errorf("the columns are not aligned:\n%s\n%s", head, row)
	}
}

// The parts of a step make up the step.
func TestBenchProfile(t *testing.T) {
	for _, by := range []string{"kinds", "layers"} {
		r := measured(t, "-model", "lenet5", "-batch", "8", "-steps", "20", "-threads", "1", "-profile", by)[0]
		sum, ops := 0.0, map[string]int{}
		for _, row := range r.Profile {
			sum += row.Ms
			ops[row.Operation] = row.Count
		}
		if sum < r.StepMs/5 || sum > r.StepMs*5 {
			t.Errorf("by %s: parts of %g ms in a step of %g ms", by, sum, r.StepMs)
		}
		if want := map[string]int{"kinds": 2, "layers": 0}[by]; ops["maxpool/dx"] != want || ops["update"] != 1 {
			t.Errorf("by %s: %v", by, ops)
		}
	}
	contains(t, succeed(t, "bench", "-model", "mlp", "-batch", "1", "-steps", "1", "-profile", "kinds"), "share", "linear/dw", "update")
}

// The networks of a run before and after pruning.
func TestBenchRun(t *testing.T) {
	folder, summary := tinyRun(t)
	r := measured(t, folder, filepath.Join(folder, "trained"), "-batch", "4", "-steps", "2")
	if len(r) != 3 || r[0].Model != "trained" || r[1].Model != "pruned" || r[2].Model != "trained" {
		t.Fatalf("%+v", r)
	}
	if r[0].Params != summary.ParamsBefore || r[1].Params != summary.ParamsAfter || r[1].MACs != summary.MACsAfter || r[2].MACs != r[0].MACs {
		t.Errorf("%+v, want the counts of %+v", r, summary)
	}
}

// Examples of a file are taken in turn until the batch is full.
func TestBenchInputs(t *testing.T) {
	folder, _ := tinyRun(t)
	r := measured(t, filepath.Join(folder, "trained"), "-steps", "1")[0]
	n := r.Input.Size()
	write := func(shape ...int) string {
		var b bytes.Buffer
		if err := npy.Write(&b, shape, make([]float32, 3*n)); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "x.npy")
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	measured(t, folder, "-inputs", write(append([]int{3}, r.Input...)...), "-batch", "4", "-steps", "1")
	fail(t, cli.ExitBadInput, "shape is", "bench", folder, "-inputs", write(3*n))
	x := make([]float32, 5)
	fillFrom([]float32{1, 2})(x, nil)
	if !slices.Equal(x, []float32{1, 2, 1, 2, 1}) {
		t.Errorf("filled with %v", x)
	}
}

func TestBenchRefuses(t *testing.T) {
	for text, args := range map[string][]string{
		"give -model or a SOURCE":   {},
		"no-such does not exist":    {"no-such"},
		`unknown model "vgg"`:       {"-model", "vgg"},
		"depth is 21":               {"-model", "resnet21"},
		"-batch is 0":               {"-model", "mlp", "-batch", "0"},
		"-batch is 100000, it must": {"-model", "mlp", "-batch", "100000"},
		"-profile is \"x\"":         {"-model", "mlp", "-profile", "x"},
		"-steps is -1":              {"-model", "mlp", "-steps", "-1"},
		"-inputs is for":            {"-model", "mlp", "-inputs", "x.npy"},
		"-threads is -2":            {"-model", "mlp", "-threads", "-2"},
		"lenet5 does not exist":     {"-model", "mlp", "lenet5"},
		"is no .safetensors file":   {"-model", "mlp", "."},
	} {
		fail(t, cli.ExitBadInput, text, append([]string{"bench"}, args...)...)
	}
}

// Ctrl-C ends a benchmark at once, without a result.
func TestBenchInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	var out, errs bytes.Buffer
	start := time.Now()
	if got := execute(ctx, []string{"bench", "-model", "mlp"}, &out, &errs); got != cli.ExitInterrupted {
		t.Errorf("status %d, want %d; %s", got, cli.ExitInterrupted, &errs)
	}
	if spent := time.Since(start); spent > stepBudget/2 {
		t.Errorf("it took %v to end", spent)
	}
	if out.Len() > 0 || strings.Count(errs.String(), "\n") != 1 {
		t.Errorf("prints %q and %q", &out, &errs)
	}
}

func TestBenchKnowsAllModels(t *testing.T) {
	for _, name := range models.Kinds.Names() {
		if _, ok := inputKinds[name]; !ok && name != "saved" && name != "onnx" { // no networks of their own
			t.Errorf("inputKinds has no row for %s", name)
		}
	}
}

// Layers before which nothing is trained need no gradient to their input, however
// many read it.
func TestStepMACs(t *testing.T) {
	net, err := nn.New("two stems", nn.Shape{2, 4, 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []struct {
		name   string
		layer  nn.Layer
		inputs []string
	}{
		{"pool", &layers.MaxPool{}, nil},
		{"a", &layers.Conv{Out: 3, Kernel: layers.Square(1)}, []string{"pool"}},
		{"b", &layers.Conv{Out: 5, Kernel: layers.Square(1)}, []string{"pool"}},
		{"concat", &layers.Concat{}, []string{"a", "b"}},
		{"flatten", &layers.Flatten{}, nil},
		{"fc", &layers.Linear{Out: 10}, nil},
	} {
		if err := net.Add(l.name, l.layer, l.inputs...); err != nil {
			t.Fatal(err)
		}
	}
	const stems, fc = 4*2*3 + 4*2*5, 32 * 10
	if got, want := stepMACs(net), int64(2*stems+3*fc); got != want {
		t.Errorf("%d multiply-accumulates, want %d", got, want)
	}
}

// Without a number of steps the budget decides, but for a least number.
func TestBenchSteps(t *testing.T) {
	ctx, n := context.Background(), 0
	for _, c := range []struct {
		steps  int
		budget time.Duration
		lo, hi int
	}{
		{0, 0, benchMinSteps, benchMinSteps}, {0, 30 * time.Millisecond, benchMinSteps, 30}, {4, time.Hour, 4, 4},
	} {
		n = 0
		var last [2]int64
		b := stepBench{steps: c.steps, show: func(_ string, done, total int64) { last = [2]int64{done, total} }}
		times, err := b.time(ctx, "test", c.budget, func() { n++; time.Sleep(time.Millisecond) })
		if err != nil || len(times) < c.lo || len(times) > c.hi || n != len(times)+benchWarmup {
			t.Errorf("%+v: %d steps, %d counted, error %v", c, n, len(times), err)
		}
		if last[0] != last[1] {
			t.Errorf("%+v: progress ends at %v", c, last)
		}
	}
	if got := medianMs([]time.Duration{9e6, 1e6, 2e6, 4e6}); got != 3 {
		t.Errorf("median %g, want 3", got)
	}
}
