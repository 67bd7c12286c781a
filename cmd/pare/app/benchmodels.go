package app

import (
	"math/rand/v2"
	"path/filepath"

	"pare/cmd/internal/cli"
	"pare/export"
	"pare/models"
	"pare/models/torchvision"
	"pare/nn"
	"pare/regularize"
	"pare/run"
)

// inputKind is the input of a family of models in a benchmark.
type inputKind struct {
	task models.Task
	fill func(x []float32, rng *rand.Rand) // draws a batch of inputs
}

var (
	greyImages   = inputKind{models.Task{Input: nn.Shape{1, 28, 28}, Classes: 10}, fillNormal}
	colourImages = inputKind{models.Task{Input: nn.Shape{3, 32, 32}, Classes: 10}, fillNormal}
	photos       = inputKind{models.Task{Input: nn.Shape{3, 224, 224}, Classes: 1000}, fillNormal}
	characters   = inputKind{models.Task{Input: nn.Shape{1, 64}, Classes: 65, Targets: 64, Vocabulary: 65}, fillTokens(65)}
)

// inputKinds has a row for every registered model with a network of its own.
var inputKinds = map[string]inputKind{
	"mlp":         greyImages,
	"lenet5":      greyImages,
	"cnn":         colourImages,
	"inception":   colourImages,
	"resnet":      colourImages,
	"rnn":         characters,
	"lstm":        characters,
	"gru":         characters,
	"transformer": characters,
}

func init() {
	for _, name := range torchvision.Names() {
		inputKinds[name] = photos
	}
}

// allWorkloads are the models of "pare bench -model all", in this order.
var allWorkloads = []string{"mlp", "lenet5", "cnn", "inception", "resnet20", "rnn", "lstm", "gru", "transformer"}

func fillNormal(x []float32, rng *rand.Rand) {
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
}

// fillTokens draws tokens below n.
func fillTokens(n int) func(x []float32, rng *rand.Rand) {
	return func(x []float32, rng *rand.Rand) {
		for i := range x {
			x[i] = float32(rng.IntN(n))
		}
	}
}

// workload is a model with its default options, or a network of a run, and its input.
type workload struct {
	name  string // as given on the command line
	input inputKind
	net   *nn.Network
	terms []nn.Term // that training adds to the loss: penalties on activations
}

// workloads are the models of a command line, each made when it is needed: a registered
// model, all of them, or the networks at paths. They read the examples of file, or random
// ones if file is "".
func workloads(model string, source *sourceFlags, paths []string, file string) ([]func() (workload, error), error) {
	var loads []func() (workload, error)
	names := []string{model}
	if model == "all" {
		names = allWorkloads
	}
	if model != "" {
		for _, name := range names {
			loads = append(loads, func() (workload, error) { return newWorkload(name) })
		}
	}
	for _, path := range paths {
		a, err := source.open(path)
		if err != nil {
			return nil, err
		}
		if a.Kind == run.KindRun {
			loads = append(loads,
				func() (workload, error) { return trainedWorkload("trained", a, a.Trained, file) },
				func() (workload, error) { return trainedWorkload("pruned", a, a.Final, file) })
			continue
		}
		loads = append(loads, func() (workload, error) { return trainedWorkload(filepath.Base(path), a, a.Final, file) })
	}
	return loads, nil
}

// trainedWorkload is a network of a run, or another that was exported.
func trainedWorkload(name string, a *run.Artifact, read func() (export.Model, error), file string) (workload, error) {
	m, err := read()
	if err != nil {
		return workload{}, err
	}
	input := inputKind{models.Task{Input: m.Net.Input, Classes: m.Net.Output().Shape.Units()}, fillNormal}
	if m.Net.Vocabulary > 0 {
		input.fill = fillTokens(m.Net.Vocabulary)
	}
	if file != "" {
		x, _, err := readInputs(file, m.Net)
		if err == nil {
			err = checkTokens(x, m.Net)
		}
		if err != nil {
			return workload{}, cli.InputError("%s: %w", file, err)
		}
		input.fill = fillFrom(run.ChannelsLast(x, m.Net.Input))
	}
	terms, err := a.OnActivations(m.Net)
	return workload{name, input, m.Net, terms}, err
}

// fillFrom takes the examples one after the other and starts again at the end.
func fillFrom(examples []float32) func(x []float32, rng *rand.Rand) {
	return func(x []float32, _ *rand.Rand) {
		for len(x) > 0 {
			x = x[copy(x, examples):]
		}
	}
}

// newWorkload builds the network of a model.
func newWorkload(name string) (workload, error) {
	kind, m, err := models.Preset(name)
	if err != nil {
		return workload{}, cli.InputError("%w", err)
	}
	input, ok := inputKinds[kind]
	if !ok {
		return workload{}, cli.InputError("there is no benchmark of the model %q", name)
	}
	net, err := models.Build(m, input.task, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		return workload{}, cli.InputError("%w", err)
	}
	w := workload{name: name, input: input, net: net}
	if kind == "transformer" {
		l1, err := regularize.NewActivations(net, regularize.Spec{Type: "l1", On: "activations", Lambda: 1e-5})
		if err != nil {
			return workload{}, err
		}
		w.terms = []nn.Term{l1}
	}
	return w, nil
}
