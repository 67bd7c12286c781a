// Command mnist99 trains lenet5 on MNIST until it recognises a share of the test
// images, and prints two lines of JSON: one when training begins and one with the
// outcome. scripts/bench/mnist99.py runs it in turn with PyTorch and measures the time.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"pare/datasets"
	"pare/layers"
	"pare/models"
	"pare/nn"
	"pare/train"
)

type options struct {
	data                            string
	seed                            uint64
	batch, evalBatch, every, epochs int
	lr, momentum, target            float64
}

// outcome is what the last line says.
type outcome struct {
	Event    string  `json:"event"` // "done"
	Reached  bool    `json:"reached"`
	Steps    int     `json:"steps"`
	Accuracy float64 `json:"accuracy"` // of the last evaluation
}

func main() {
	var o options
	flag.StringVar(&o.data, "data", "", "`folder` with the four files of MNIST")
	flag.Uint64Var(&o.seed, "seed", 1, "of parameters and order")
	flag.IntVar(&o.batch, "batch", 64, "examples per step")
	flag.IntVar(&o.evalBatch, "eval-batch", 500, "examples per batch of an evaluation")
	flag.IntVar(&o.every, "every", 200, "steps between evaluations")
	flag.IntVar(&o.epochs, "epochs", 20, "epochs after which to give up")
	flag.Float64Var(&o.lr, "lr", 0.02, "learning rate")
	flag.Float64Var(&o.momentum, "momentum", 0.9, "of SGD")
	flag.Float64Var(&o.target, "target", 0.99, "test accuracy to reach")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "mnist99: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	if err := run(context.Background(), o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mnist99:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, stdout io.Writer) error {
	if o.data == "" || o.every < 1 || o.epochs < 1 {
		return errors.New("give -data FOLDER; -every and -epochs must be at least 1; see -h")
	}
	set, err := load(ctx, o)
	if err != nil {
		return err
	}
	// The mean and deviation of the training pixels.
	norm := datasets.Normalization{Mean: []float32{0.1307}, Std: []float32{0.3081}}
	if set, err = set.Normalized(norm, datasets.Augment{}); err != nil {
		return err
	}
	training, err := datasets.NewLoader(set.Train, set.Task, o.batch, o.seed)
	if err != nil {
		return err
	}
	test, err := datasets.NewLoader(set.Test, set.Task, o.evalBatch, 0)
	if err != nil {
		return err
	}
	t, err := newTrainer(o)
	if err != nil {
		return err
	}
	out := json.NewEncoder(stdout)
	if err := out.Encode(map[string]string{"event": "training"}); err != nil {
		return err
	}
	result, err := t.untilTarget(ctx, o, training, test)
	if err != nil {
		return err
	}
	return out.Encode(result)
}

func load(ctx context.Context, o options) (*datasets.Set, error) {
	return datasets.Load(ctx, "mnist", &datasets.MNIST{Files: datasets.Files{Dir: o.data}}, datasets.Options{})
}

// trainer is a network with what trains and evaluates it.
type trainer struct {
	program   *nn.Program
	optimizer train.Optimizer
	evaluator *train.Evaluator
}

func newTrainer(o options) (*trainer, error) {
	m, err := models.Kinds.New("lenet5")
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(o.seed, 1))
	net, err := m.Build(models.Task{Input: nn.Shape{1, 28, 28}, Classes: 10}, rng)
	if err != nil {
		return nil, err
	}
	var t trainer
	if t.program, err = nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: o.batch, Loss: layers.CrossEntropy{}}); err != nil {
		return nil, err
	}
	if t.optimizer, err = train.NewOptimizer(&train.SGD{LR: o.lr, Momentum: o.momentum},
		train.Setup{Params: net.Params(), Grad: t.program.Grad}); err != nil {
		return nil, err
	}
	t.evaluator, err = train.NewEvaluator(net, o.evalBatch, nil)
	return &t, err
}

// untilTarget trains until an evaluation reaches the target or the epochs are over.
func (t *trainer) untilTarget(ctx context.Context, o options, training *datasets.Loader, test train.EvalSource) (outcome, error) {
	r := outcome{Event: "done"}
	for epoch := range o.epochs {
		for b, err := range training.Epoch(ctx, uint64(epoch), 0) {
			if err != nil {
				return r, err
			}
			copy(t.program.X, b.X)
			copy(t.program.Target, b.Y)
			t.program.Run()
			t.optimizer.Step(o.lr, 1)
			r.Steps++
			if r.Steps%o.every != 0 {
				continue
			}
			m, err := t.evaluator.Run(ctx, test)
			if err != nil {
				return r, err
			}
			if r.Accuracy = m.Accuracy; m.Accuracy >= o.target {
				r.Reached = true
				return r, nil
			}
		}
	}
	return r, nil
}
