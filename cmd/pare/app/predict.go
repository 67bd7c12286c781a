package app

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"pare/cmd/internal/cli"
	"pare/datasets"
	"pare/export"
	"pare/internal/atomicfile"
	"pare/internal/limit"
	"pare/nn"
	"pare/run"
	"pare/train"
)

// predictCommand computes predictions.
var predictCommand = command{
	name: "predict",
	args: "SOURCE (FILE|DIR… | -inputs FILE [-preprocess] | -split train|validation|test) [-out FILE]",
	doc:  "predicts from new files, or a part of the data",
	examples: []string{
		"pare predict runs/pets photo.jpg photos/            # images; folders with all folders in them",
		"pare predict runs/pets photos/ -top 5 -out p.csv    # file, class_1, probability_1, …",
		"pare predict resnet50.onnx photo.jpg -imagenet -labels names.txt -top 5",
		"pare predict runs/grades new.csv -out p.json        # rows of a table",
		"pare predict runs/resnet -split test -logits -out logits.csv",
		"pare predict runs/resnet -inputs x.npy -preprocess -out logits.npy   # pixels in 0..1",
	},
	run: runPredict,
}

// predictFlags are the options of the command.
type predictFlags struct {
	*flags
	inputs, split, dataDir, labels                string
	preprocess, logits, skipBad, resize, accuracy bool
	out, dump                                     string
	batch, limit, top                             int
	from                                          *sourceFlags
	images                                        imageFlags
}

func (f *predictFlags) define() {
	f.StringVar(&f.inputs, "inputs", "", "npy `FILE` of shape (N, C, H, W), (N, D, T) for sequences, "+
		"(N, T) or (N, 1, T) for tokens, or (N, F), fed to the network as it is, like the ONNX model's input")
	f.BoolVar(&f.preprocess, "preprocess", false, "normalise -inputs, values in 0..1, by the model's means and deviations first")
	f.choice(&f.split, "split", "", "`part` of the run's data: train, validation or test; "+
		"also prints loss and accuracy", "train", "validation", "test")
	f.StringVar(&f.dataDir, "data-dir", "", "folder with the data for -split, in place of data.dir of the run's config")
	f.StringVar(&f.out, "out", "", "`FILE` for the predictions: .csv or .json with probabilities by class or label, or numbers; "+
		".npy for logits of shape (N, K), or (N, K, T) for sequences")
	f.IntVar(&f.top, "top", 0, "write the `K` likeliest classes with their probabilities; 0: the likeliest one and the probabilities of all")
	f.StringVar(&f.labels, "labels", "", "text `FILE` with the names of classes, one a line, "+
		"for models without names, such as .onnx files of other programs")
	f.BoolVar(&f.logits, "logits", false, "write the network's own outputs, not probabilities")
	f.BoolVar(&f.skipBad, "skip-bad", false, "leave out and count files and rows that cannot be read; else they are errors")
	f.BoolVar(&f.resize, "resize", false, "stretch images to the network's size where training did not resize them")
	f.BoolVar(&f.accuracy, "accuracy", false, "print the share of image files whose folder has the name of the predicted class")
	f.StringVar(&f.dump, "dump-inputs", "", "npy `FILE` for the inputs of the network: normalised, channels first")
	f.IntVar(&f.batch, "batch", 256, "examples to compute at once; fewer if each has many outputs")
	f.IntVar(&f.limit, "limit", 0, "use the first `N` examples only; 0: all")
	f.from = f.source()
	f.images.define(f.flags)
	f.within(atLeast(1), "batch", "top")
	f.within(atLeast(0), "limit")
}

// check refuses options that do not go together.
func (f *predictFlags) check(files []string) error {
	given := 0
	for _, is := range []bool{len(files) > 0, f.inputs != "", f.split != ""} {
		if is {
			given++
		}
	}
	if given != 1 {
		return cli.InputError("give files and folders, or -inputs FILE, or -split train|validation|test")
	}
	f.refuse(f.inputs == "", "it is for -inputs; files and a -split are always normalised", "preprocess")
	f.refuse(f.split == "", "it is for -split", "data-dir")
	f.refuse(len(files) == 0, "it is for files and folders", append(f.images.names(), "skip-bad", "resize", "accuracy")...)
	f.refuse(f.logits, "it is for probabilities, not for -logits", "top")
	f.refuse(cli.Extension(f.out) == ".npy" && !f.accuracy, "it is for .csv and .json; .npy has logits", "labels")
	f.refuse(cli.Extension(f.out) == ".npy", "it is for .csv and .json; .npy has logits", "top")
	f.refuse(f.out == "" && len(files) == 0, "it is for -out FILE", "top", "logits")
	return cmp.Or(f.refused, writable(f.out, f.dump), cli.OutputFile("-out", f.out, ".csv", ".json", ".npy"),
		cli.OutputFile("-dump-inputs", f.dump, ".npy"))
}

func runPredict(ctx context.Context, o *flags) error {
	f := &predictFlags{flags: o}
	f.define()
	pos, err := f.parseSome()
	if err == nil && len(pos) == 0 {
		err = cli.InputError("no SOURCE given; see pare help predict")
	}
	if err == nil {
		err = f.check(pos[1:])
	}
	if err != nil {
		return err
	}
	a, m, err := f.from.final(pos[0])
	note := ""
	if err == nil {
		note, err = f.classes(&m, a.Config != nil)
	}
	if err != nil {
		return err
	}
	var in *inputs
	switch {
	case f.split != "":
		in, err = splitInputs(ctx, a, m, f)
	case f.inputs != "":
		in, err = arrayFile(m, f)
	default:
		if err = f.images.complete(&m, a.Config != nil, f.flags); err == nil {
			in, err = newFiles(ctx, m, pos[1:], f)
		}
	}
	if err != nil {
		return err
	}
	if note != "" {
		f.note("%s", note)
	}
	if in.files != nil {
		defer in.files.Close()
	}
	if in.data != nil {
		m.Outputs = run.OutputsOf(in.data.Set.Task)
	}
	p, err := newPrediction(m, in, f)
	if err != nil {
		return err
	}
	return p.run(ctx, f)
}

// prediction collects the outputs of the network.
type prediction struct {
	model export.Model
	*meaning
	*inputs
	key        key
	rows       rows // that answers go to; nil: none
	keepInputs bool
	keepLogits bool
	byFolder   bool // compare with the names of folders

	done    int       // examples
	fed     []float32 // batched layout; nil unless kept
	logits  []float32 // batched layout; nil unless kept
	truth   []float32 // targets of a part of the run's data, in its order
	loss    float64   // sum
	tally   *train.Tally
	correct int
	targets int // scored
	answer  answer
	cells   []string
}

func newPrediction(m export.Model, in *inputs, f *predictFlags) (*prediction, error) {
	p := &prediction{model: m, meaning: newMeaning(m, f.top, f.logits), inputs: in, keepInputs: f.dump != "", byFolder: f.accuracy}
	for name, is := range map[string]bool{"top": f.top > 0, "accuracy": f.accuracy} {
		if is && p.outputs != export.OutputClasses {
			return nil, cli.InputError("-%s is for classes, this network predicts %s", name, p.outputs)
		}
	}
	p.key = keysOf(in, m.Net.Output().Shape.Positions())
	tables := f.out != "" && p.table(f.out)
	p.keepLogits = f.out != "" && (!tables || in.files == nil)
	if in.data != nil {
		loss, shape := in.data.Loss(), m.Net.Output().Shape
		targets := nn.TargetsOf(loss, shape)
		p.truth, p.targeted = make([]float32, p.n*targets), !f.logits
		if !in.data.Set.Task.NextToken { // its classes are tokens, which perplexity sums up
			p.tally = train.NewTally(loss, targets, shape.Size()/targets)
		}
	}
	return p, nil
}

// table reports whether a file is written row by row, not as an array.
func (p *prediction) table(path string) bool {
	return cli.Extension(path) == ".csv" || cli.Extension(path) == ".json" && !p.raw
}

// run computes the outputs, and writes and prints them as the flags say.
func (p *prediction) run(ctx context.Context, f *predictFlags) error {
	compute := func() error { return p.compute(ctx, f.progress()) }
	if f.out == "" || !p.table(f.out) {
		if p.files != nil && f.out == "" {
			p.rows = newShownTable(f.stdout, p.meaning, p.key.columns())
		}
		if err := compute(); err != nil {
			return err
		}
		return p.report(f)
	}
	if p.files == nil { // the file may need another order
		if err := compute(); err != nil {
			return err
		}
	}
	var failed error // of the inputs, not of the file
	err := atomicfile.Write(f.out, func(w io.Writer) (err error) {
		newRows := newCSVRows
		if cli.Extension(f.out) == ".json" {
			newRows = newJSONRows
		}
		if p.rows, err = newRows(w, p.meaning, p.key.columns()); err != nil {
			return err
		}
		if p.files == nil {
			err = p.each(p.logits, func(i int) int { return i })
		} else if failed = compute(); failed != nil {
			return failed
		}
		return cmp.Or(err, p.rows.end())
	})
	if err := cmp.Or(failed, err); err != nil {
		return err
	}
	p.rows = nil
	if err := p.report(f); err != nil {
		return err
	}
	fmt.Fprintf(f.stdout, "wrote %s\n", f.out)
	return nil
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
	err := run.Logits(ctx, p.model.Net, p.source, p.batch, func(b train.Batch, logits []float32) error {
		for k := range b.N {
			at := p.done + k
			if b.Examples != nil && p.files == nil {
				at = b.Examples[k]
			}
			if p.keepLogits {
				copy(p.logits[at*outputSize:], logits[k*outputSize:][:outputSize])
			}
			if p.keepInputs {
				copy(p.fed[at*inputSize:], b.X[k*inputSize:][:inputSize])
			}
			if p.data != nil {
				targets := len(p.truth) / p.n
				copy(p.truth[at*targets:], b.Y[k*targets:][:targets])
			}
		}
		p.done += b.N
		if show != nil {
			show("predicting", int64(p.done), int64(p.n))
		}
		switch {
		case p.data != nil:
			return p.score(b, logits)
		case p.files != nil:
			return p.each(logits, func(k int) int { return b.Examples[k] })
		}
		return nil
	})
	if err == nil && p.done == 0 {
		return cli.InputError("none of the %d examples can be read", p.n)
	}
	if p.files == nil {
		return err
	}
	// Arrays have the examples that can be read.
	p.logits, p.fed = p.logits[:min(len(p.logits), p.done*outputSize)], p.fed[:min(len(p.fed), p.done*inputSize)]
	return err
}

// each writes the rows of examples, and compares their answers with their folders. example
// is the index of the k-th one.
func (p *prediction) each(logits []float32, example func(k int) int) error {
	shape := p.model.Net.Output().Shape
	units := shape.Units()
	for k := range len(logits) / shape.Size() {
		i, place := example(k), datasets.Place{}
		if p.files != nil {
			place = p.files.Place(i)
		}
		for position := range shape.Positions() {
			p.meaning.read(logits[(k*shape.Positions()+position)*units:][:units], &p.answer)
			if p.byFolder {
				if err := p.compare(place); err != nil {
					return err
				}
			}
			if p.rows == nil {
				continue
			}
			if p.targeted {
				width := len(p.truth) / (p.n * shape.Positions())
				p.answer.truth = p.truth[(i*shape.Positions()+position)*width:][:width]
			}
			p.cells = p.key.cells(i, position, place, p.cells[:0])
			if err := p.rows.write(p.cells, &p.answer); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare counts an answer that is the class of the file's folder.
func (p *prediction) compare(place datasets.Place) error {
	class := -1
	if place.Row == 0 {
		class = classOf(place.File, p.names)
	}
	if class < 0 {
		return cli.InputError("%s: -accuracy finds no folder in the path with the name of a class (%s)", place, classText(p.names))
	}
	p.targets++
	if class == p.best() {
		p.correct++
	}
	return nil
}

// best is the likeliest class of the answer.
func (p *prediction) best() int {
	if p.raw {
		best := 0
		for i, v := range p.answer.values {
			if v > p.answer.values[best] {
				best = i
			}
		}
		return best
	}
	return p.answer.order[0]
}

func (p *prediction) score(b train.Batch, logits []float32) error {
	loss := p.data.Loss()
	targets := nn.TargetsOf(loss, p.model.Net.Output().Shape)
	score, n := train.ScoreBy(loss), b.N*targets
	width := len(logits) / n
	for i := range n {
		if p.tally != nil {
			p.tally.Add(i%targets, logits[i*width:][:width], b.Y[i])
		}
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

// report prints the outcome and saves the arrays that were asked for.
func (p *prediction) report(f *predictFlags) error {
	net := p.model.Net
	shape := append([]int{p.done}, net.Output().Shape...)
	if p.rows != nil {
		if err := p.rows.end(); err != nil {
			return err
		}
	}
	n := float64(p.targets)
	if p.files == nil || p.keepLogits {
		fmt.Fprintf(f.stdout, "logits %s\n", tuple(shape))
	}
	switch {
	case p.files == nil:
	case p.files.skipped > 0:
		fmt.Fprintf(f.stdout, "examples: %d, skipped: %d\n", p.done, p.files.skipped)
	default:
		fmt.Fprintf(f.stdout, "examples: %d\n", p.done)
	}
	if p.data != nil {
		fmt.Fprintf(f.stdout, "loss %.6f\n", p.loss/n)
	}
	switch {
	case p.targets == 0:
	case p.data != nil && !train.HasAccuracy(p.data.Loss()):
		fmt.Fprintf(f.stdout, "mean square error %.4g\n", p.loss/n)
	default:
		fmt.Fprintf(f.stdout, "accuracy %.2f %% (%d of %d)\n", 100*float64(p.correct)/n, p.correct, p.targets)
	}
	if p.tally != nil {
		for _, line := range run.MeasureLines(p.tally.Detail()) {
			fmt.Fprintln(f.stdout, line)
		}
	}
	if p.data != nil && p.data.Set.Task.NextToken {
		fmt.Fprintf(f.stdout, "perplexity %.4f\nbits per character %.4f\n", run.Perplexity(p.loss/n), run.BitsPerCharacter(p.loss/n))
	}
	if f.dump != "" {
		a := array{shape: append([]int{p.done}, net.Input...), data: run.ChannelsFirst(p.fed, net.Input)}
		if err := a.save(f.dump, f.stdout); err != nil {
			return err
		}
	}
	if f.out != "" && !p.table(f.out) {
		a := array{shape: shape, data: run.ChannelsFirst(p.logits, net.Output().Shape), names: p.names}
		return a.save(f.out, f.stdout)
	}
	return nil
}
