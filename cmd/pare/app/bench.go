package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"pare/cmd/internal/cli"
	"pare/models"
)

// mostSteps bounds the steps of a measurement, whose times are kept.
const mostSteps = 1_000_000

// benchCommand measures training steps of models and of networks of runs.
var benchCommand = command{
	name: "bench",
	args: "-model NAME|all or SOURCE... [-infer [-report] [-approximate BUDGET]] [-inputs FILE] [-batch 64] [-steps N] [-threads N] " +
		"[-profile kinds|layers] [-json]",
	doc: "measures training steps of a model or of the networks of a run, or predictions before and after pruning",
	examples: []string{
		"pare bench -model resnet20                     # a training step of a built-in model",
		"pare bench -model all -threads 1",
		"pare bench runs/resnet -profile layers          # of the networks of a run: original and pruned",
		"pare bench runs/resnet -infer                   # predictions on test data: original, masked, pruned",
		"pare bench runs/resnet -infer -approximate 0.01  # and with small activations at 0, for at most 1 % of other classes",
	},
	run: runBench,
}

// maxBenchBatch keeps a slip of the keyboard from asking for all memory.
const maxBenchBatch = 1 << 16

func runBench(ctx context.Context, f *flags) error {
	var b stepBench
	model := f.String("model", "", "`name` of the model with its default options; resnetN is the ResNet of depth N, all is every model; "+
		"with FILE.safetensors: the model whose weights it holds")
	inference := f.Bool("infer", false, "measure predictions of the original, masked and pruned network in turn, "+
		"with the roofline's ideal of this machine")
	inReport := f.Bool("report", false, "with -infer: add tables and pictures to the report.html of the run")
	approximate := f.String("approximate", "", "with -infer: serve the last network with thresholds of its ReLUs, too; "+
		"`budget` is the share of predicted classes that may change, such as 0.01, or change=0.01: "+
		"the largest change of an output as a share of the largest output")
	dataDir := f.String("data-dir", "", "with -infer: folder with the data, in place of data.dir of the run's config")
	f.IntVar(&b.batch, "batch", 64, "examples per step; with -infer also 1 unless given")
	f.IntVar(&b.steps, "steps", 0, "steps to measure, after three to warm up; 0: as many as fit into five seconds, at least ten; "+
		"with -infer: rounds of predictions, at least twenty in two seconds for each network")
	inputs := f.String("inputs", "", "`file.npy` of examples for the networks of runs, shape (N, ...) "+
		"as the network reads them; default: random ones, with -infer the test data")
	f.choice(&b.profile, "profile", "",
		"show where the time of a training step goes, by `kinds` of operations or by layers", "kinds", "layers")
	asJSON := f.Bool("json", false, "print one JSON object per line, one for each model")
	var source sourceFlags
	source.others(f)
	f.words["model"] = append(models.Kinds.Names(), "all")
	f.within(between(1, maxBenchBatch), "batch")
	f.within(between(0, mostSteps), "steps")
	paths, err := f.parseSome()
	if err != nil {
		return err
	}
	if *model == "" && len(paths) == 0 {
		return cli.InputError("give -model or a SOURCE; see pare help bench")
	}
	if len(paths) > 0 { // -model is of their weights
		source.model, *model = *model, ""
	}
	b.show = f.progress()
	if *inference {
		i := inferBench{batches: inferBatches, rounds: b.steps, budget: inferBudget, file: *inputs, dataDir: *dataDir, show: b.show}
		if *approximate != "" {
			var err error
			if i.approximate, err = parseBudget(*approximate); err != nil {
				return err
			}
		}
		if f.given("batch") {
			i.batches = []int{b.batch}
		}
		f.refuse(true, "it is for training steps; leave out -infer", "profile")
		if len(paths) == 0 {
			return cli.InputError("-infer measures the networks of a SOURCE, such as a run; -model alone has none")
		}
		if f.refused != nil {
			return f.refused
		}
		return i.each(ctx, f, &source, paths, *asJSON, *inReport)
	}
	if f.refuse(true, "it is for predictions; give -infer", "report", "data-dir", "approximate"); f.refused != nil {
		return f.refused
	}
	if *inputs != "" && *model != "" {
		return cli.InputError("-inputs is for the networks of runs, a -model reads random data")
	}
	encoder := json.NewEncoder(f.stdout)
	loads, err := workloads(*model, &source, paths, *inputs)
	if err != nil {
		return err
	}
	for i, load := range loads {
		w, err := load()
		if err != nil {
			return err
		}
		r, err := b.measure(ctx, w, i == 0)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		if *asJSON {
			if err := encoder.Encode(r); err != nil {
				return err
			}
			continue
		}
		if i == 0 || b.profile != "" {
			printBenchHead(f.stdout, r)
		}
		printBenchRow(f.stdout, r)
		if b.profile != "" {
			printProfile(f.stdout, r.Profile)
		}
	}
	return nil
}

// The rows have fixed widths so that each can be printed when it is known.
const (
	benchHeadFormat = "%-10s %10s %12s %6s %9s %11s %9s %9s %13s\n"
	benchRowFormat  = "%-10s %10d %12d %6d %9.2f %11.2f %9.1f %9s %13s\n"
)

// printBenchHead writes the settings that all rows share and the titles of the columns.
func printBenchHead(w io.Writer, r *benchResult) {
	fmt.Fprintf(w, "batch %d, threads %d, kernels %s, %s\n", r.Batch, r.Threads, r.Kernels, r.Go)
	fmt.Fprintln(w, "GFLOP/s: 2 for each multiply-accumulate forward and in both gradients of a training step")
	fmt.Fprintln(w)
	fmt.Fprintf(w, benchHeadFormat, "model", "params", "MACs", "steps", "step ms", "forward ms", "GFLOP/s", "peak MiB", "first step s")
}

func printBenchRow(w io.Writer, r *benchResult) {
	peak, firstStep := "–", "–"
	if r.PeakBytes > 0 {
		peak = fmt.Sprintf("%.0f", float64(r.PeakBytes)/(1<<20))
	}
	if r.FirstStepS > 0 {
		firstStep = fmt.Sprintf("%.2f", r.FirstStepS)
	}
	fmt.Fprintf(w, benchRowFormat, r.Model, r.Params, r.MACs, r.Steps, r.StepMs, r.ForwardMs, r.GFLOPs, peak, firstStep)
}
