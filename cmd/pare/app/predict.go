package app

import (
	"cmp"
	"context"
	"fmt"

	"pare/cmd/internal/cli"
	"pare/export"
	"pare/internal/limit"
	"pare/nn"
	"pare/run"
	"pare/train"
)

// predictCommand computes logits.
var predictCommand = command{
	name: "predict",
	args: "RUN (-inputs FILE [-preprocess] | -split train|validation|test) [-out FILE] [-dump-inputs FILE]",
	doc:  "computes the logits of an array or of a part of the data",
	examples: []string{
		"pare predict runs/resnet -split test -out logits.csv",
		"pare predict runs/resnet -inputs x.npy -preprocess -out logits.npy   # pixels in 0..1",
	},
	run: runPredict,
}

// predictFlags are the options of the command.
type predictFlags struct {
	*flags
	inputs, split, dataDir string
	preprocess             bool
	out, dump              string
	batch, limit           int
}

func runPredict(ctx context.Context, o *flags) error {
	f := &predictFlags{flags: o}
	f.StringVar(&f.inputs, "inputs", "", "npy `FILE` of shape (N, C, H, W), (N, D, T) for sequences, "+
		"(N, 1, T) for tokens, or (N, F), fed to the network as it is, like the ONNX model's input")
	f.BoolVar(&f.preprocess, "preprocess", false, "normalise -inputs, values in 0..1, by the model's means and deviations first")
	f.choice(&f.split, "split", "", "`part` of the run's data: train, validation or test; "+
		"also prints loss and accuracy", "train", "validation", "test")
	f.StringVar(&f.dataDir, "data-dir", "", "folder with the data for -split, in place of data.dir of the run's config")
	f.StringVar(&f.out, "out", "", "`FILE` for the logits: .npy of shape (N, K), or (N, K, T) for sequences; "+
		".csv with one row per example (and position) and one column per class; .json")
	f.StringVar(&f.dump, "dump-inputs", "", "npy `FILE` for the inputs of the network: normalised, channels first")
	f.IntVar(&f.batch, "batch", 256, "examples to compute at once; fewer if each has many outputs")
	f.IntVar(&f.limit, "limit", 0, "use the first `N` examples only; 0: all")
	f.within(atLeast(1), "batch")
	f.within(atLeast(0), "limit")
	pos, err := f.parse("RUN")
	switch {
	case err != nil:
		return err
	case (f.inputs == "") == (f.split == ""):
		return cli.InputError("give exactly one of -inputs FILE and -split train|validation|test")
	case f.preprocess && f.inputs == "":
		return cli.InputError("-preprocess is for -inputs; a -split is always normalised")
	case f.dataDir != "" && f.split == "":
		return cli.InputError("-data-dir is for -split")
	}
	err = cmp.Or(writable(f.out, f.dump), cli.OutputFile("-out", f.out, arrayFormats...), cli.OutputFile("-dump-inputs", f.dump, ".npy"))
	if err != nil {
		return err
	}
	a, m, err := final(pos[0])
	if err != nil {
		return err
	}
	var in *inputs
	if f.split != "" {
		in, err = splitInputs(ctx, a, m, f)
	} else {
		in, err = fileInputs(m, f)
	}
	if err != nil {
		return err
	}
	p := &prediction{model: m, inputs: in, keepInputs: f.dump != "", keepLogits: f.out != ""}
	if err := p.compute(ctx, f.progress()); err != nil {
		return err
	}
	return p.write(f)
}

// prediction collects the outputs of the network.
type prediction struct {
	model export.Model
	*inputs
	keepInputs bool
	keepLogits bool

	done    int       // examples
	fed     []float32 // batched layout; nil unless kept
	logits  []float32 // batched layout; nil unless kept
	loss    float64   // sum
	correct int
	targets int // scored
}

// compute fills in the outputs of the network in the order of the data, even where
// examples are read in another one.
func (p *prediction) compute(ctx context.Context, show func(what string, done, total int64)) error {
	inputSize, outputSize := p.model.Net.Input.Size(), p.model.Net.Output().Shape.Size()
	for _, kept := range []struct {
		what string
		is   bool
		size int
	}{{"-out: the logits", p.keepLogits, outputSize}, {"-dump-inputs: the inputs", p.keepInputs, inputSize}} {
		// They are in memory twice while they get the order of the file.
		if err := limit.Check(fmt.Sprintf("%s of %d examples", kept.what, p.n), int64(p.n), 8*int64(kept.size)); kept.is && err != nil {
			return fmt.Errorf("%w; take fewer with -limit", err)
		}
	}
	if p.keepLogits {
		p.logits = make([]float32, p.n*outputSize)
	}
	if p.keepInputs {
		p.fed = make([]float32, p.n*inputSize)
	}
	return run.Logits(ctx, p.model.Net, p.source, p.batch, func(b train.Batch, logits []float32) error {
		for k := range b.N {
			at := p.done + k
			if b.Examples != nil {
				at = b.Examples[k]
			}
			if p.keepLogits {
				copy(p.logits[at*outputSize:], logits[k*outputSize:][:outputSize])
			}
			if p.keepInputs {
				copy(p.fed[at*inputSize:], b.X[k*inputSize:][:inputSize])
			}
		}
		if p.done += b.N; show != nil {
			show("predicting", int64(p.done), int64(p.n))
		}
		if p.data == nil {
			return nil
		}
		return p.score(b, logits)
	})
}

func (p *prediction) score(b train.Batch, logits []float32) error {
	loss := p.data.Loss()
	score, n := train.ScoreBy(loss), b.N*nn.TargetsOf(loss, p.model.Net.Output().Shape)
	width := len(logits) / n
	for i := range n {
		loss, correct, err := score(logits[i*width:][:width], b.Y[i])
		if err != nil {
			return err
		}
		p.loss += loss
		if correct {
			p.correct++
		}
	}
	p.targets += n
	return nil
}

// write saves the arrays that were asked for and prints the outcome.
func (p *prediction) write(f *predictFlags) error {
	net := p.model.Net
	shape := append([]int{p.n}, net.Output().Shape...)
	fmt.Fprintf(f.stdout, "logits %s\n", tuple(shape))
	if p.data != nil {
		n := float64(p.targets)
		fmt.Fprintf(f.stdout, "loss %.6f\naccuracy %.2f %% (%d of %d)\n", p.loss/n, 100*float64(p.correct)/n, p.correct, p.targets)
		if p.data.Set.Task.NextToken {
			fmt.Fprintf(f.stdout, "perplexity %.4f\nbits per character %.4f\n", run.Perplexity(p.loss/n), run.BitsPerCharacter(p.loss/n))
		}
	}
	if f.dump != "" {
		a := array{shape: append([]int{p.n}, net.Input...), data: run.ChannelsFirst(p.fed, net.Input)}
		if err := a.save(f.dump, f.stdout); err != nil {
			return err
		}
	}
	if f.out != "" {
		a := array{shape: shape, data: run.ChannelsFirst(p.logits, net.Output().Shape), names: p.model.Classes}
		return a.save(f.out, f.stdout)
	}
	return nil
}
