package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"pare/cmd/internal/cli"
	"pare/models"
)

// mostSteps bounds the steps of a measurement, whose times are kept.
const mostSteps = 1_000_000

// benchCommand measures training steps of models and of networks of runs.
type benchCommand struct{}

var _ command = benchCommand{}

func (benchCommand) name() string { return "bench" }
func (benchCommand) args() string {
	return "-model NAME|all or RUN... [-inputs FILE] [-batch 64] [-steps N] [-threads N] [-profile kinds|layers] [-json]"
}
func (benchCommand) doc() string {
	return "measures training steps of a model, or of the networks of a run"
}

// maxBenchBatch keeps a slip of the keyboard from asking for all memory.
const maxBenchBatch = 1 << 16

func (benchCommand) examples() []string {
	return []string{
		"pare bench -model resnet20                     # a training step of a built-in model",
		"pare bench -model all -threads 1",
		"pare bench runs/resnet -profile layers          # of the networks of a run: original and pruned",
	}
}

func (benchCommand) choices() map[string][]string {
	return map[string][]string{"model": append(models.Kinds.Names(), "all"), "profile": {"kinds", "layers"}}
}

func (c benchCommand) run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := newFlags(c)
	model := f.String("model", "", "`name` of the model with its default options; resnetN is the ResNet of depth N, all is every model")
	batch := f.Int("batch", 64, "examples per step")
	steps := f.Int("steps", 0, "steps to measure, after three to warm up; 0: as many as fit into five seconds, at least ten")
	inputs := f.String("inputs", "", "`file.npy` of examples for the networks of runs, shape (N, ...) as the network reads them; default: random ones")
	profile := f.String("profile", "", "show where the time of a training step goes, by `kinds` of operations or by layers")
	asJSON := f.Bool("json", false, "print one JSON object per line, one for each model")
	paths, err := f.parseSome(args, stdout)
	if err != nil {
		return err
	}
	if (*model == "") == (len(paths) == 0) {
		return cli.InputError("give either -model or a RUN; see pare help bench")
	}
	if *inputs != "" && *model != "" {
		return cli.InputError("-inputs is for the networks of runs, a -model reads random data")
	}
	if *batch < 1 || *batch > maxBenchBatch {
		return cli.InputError("-batch is %d, it must be 1 to %d", *batch, maxBenchBatch)
	}
	if *steps < 0 || *steps > mostSteps {
		return cli.InputError("-steps is %d, it must be 0 to %d", *steps, mostSteps)
	}
	if !slices.Contains([]string{"", "kinds", "layers"}, *profile) {
		return cli.InputError("-profile is %q, it must be kinds or layers", *profile)
	}
	b := bench{batch: *batch, steps: *steps, profile: *profile, show: progress(stderr)}
	encoder := json.NewEncoder(stdout)
	loads, err := workloads(*model, paths, *inputs)
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
		if i == 0 || *profile != "" {
			printBenchHead(stdout, r)
		}
		printBenchRow(stdout, r)
		if *profile != "" {
			printProfile(stdout, r.Profile)
		}
	}
	return nil
}
