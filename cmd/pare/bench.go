package main

import (
	"context"
	"encoding/json"
	"fmt"

	"pare/cmd/internal/cli"
	"pare/models"
)

// mostSteps bounds the steps of a measurement, whose times are kept.
const mostSteps = 1_000_000

// benchCommand measures training steps of models and of networks of runs.
var benchCommand = command{
	name: "bench",
	args: "-model NAME|all or RUN... [-inputs FILE] [-batch 64] [-steps N] [-threads N] [-profile kinds|layers] [-json]",
	doc:  "measures training steps of a model, or of the networks of a run",
	examples: []string{
		"pare bench -model resnet20                     # a training step of a built-in model",
		"pare bench -model all -threads 1",
		"pare bench runs/resnet -profile layers          # of the networks of a run: original and pruned",
	},
	run: runBench,
}

// maxBenchBatch keeps a slip of the keyboard from asking for all memory.
const maxBenchBatch = 1 << 16

func runBench(ctx context.Context, f *flags) error {
	var b bench
	model := f.String("model", "", "`name` of the model with its default options; resnetN is the ResNet of depth N, all is every model")
	f.IntVar(&b.batch, "batch", 64, "examples per step")
	f.IntVar(&b.steps, "steps", 0, "steps to measure, after three to warm up; 0: as many as fit into five seconds, at least ten")
	inputs := f.String("inputs", "", "`file.npy` of examples for the networks of runs, shape (N, ...) as the network reads them; default: random ones")
	f.choice(&b.profile, "profile", "", "show where the time of a training step goes, by `kinds` of operations or by layers", "kinds", "layers")
	asJSON := f.Bool("json", false, "print one JSON object per line, one for each model")
	f.words["model"] = append(models.Names(), "all")
	f.within(between(1, maxBenchBatch), "batch")
	f.within(between(0, mostSteps), "steps")
	paths, err := f.parseSome()
	if err != nil {
		return err
	}
	if (*model == "") == (len(paths) == 0) {
		return cli.InputError("give either -model or a RUN; see pare help bench")
	}
	if *inputs != "" && *model != "" {
		return cli.InputError("-inputs is for the networks of runs, a -model reads random data")
	}
	b.show = f.progress()
	encoder := json.NewEncoder(f.stdout)
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
