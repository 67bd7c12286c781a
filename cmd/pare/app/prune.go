package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pare/cmd/internal/cli"
	"pare/export"
	"pare/prune"
	"pare/prune/importance"
	"pare/prune/repair"
	"pare/report"
	"pare/run"
	"pare/train"
)

// pruneCommand prunes a trained network.
var pruneCommand = command{
	name: "prune",
	args: "SOURCE -out DIR [-method zeros|least|magnitude|random|weights] [-importance NAME] " +
		"[-macs 0.5 | -params 0.1 | -latency 0.5 | -weights 0.1 | -pattern 2:4] [-layers LIST] [-keep LIST] [-round-to 8] " +
		"[-scope global|layer] [-repair [-calibration FILE|DIR]] [-seed N] [-trained | -final]",
	doc: "removes units from a network and proves that removal keeps its function",
	examples: []string{
		"pare prune runs/resnet -out zeros                            # as the run did",
		"pare prune runs/resnet -method magnitude -macs 0.5 -out half   # a baseline",
		"pare prune resnet50.onnx -macs 0.5 -importance magnitude -out half    # no data needed",
		"pare prune runs/resnet -method least -importance taylor -macs 0.5 -out taylor",
		"pare prune runs/resnet -method magnitude -latency 0.5 -round-to 8 -keep conv1,least=8 -out fast",
		"pare prune runs/resnet -method magnitude -macs 0.5 -repair -out fixed # without training",
		"pare prune resnet50.onnx -macs 0.7 -importance magnitude -repair -calibration photos/ -imagenet -out fixed",
		"pare prune runs/resnet -method weights -weights 0.1 -out tenth       # single weights",
	},
	run: runPrune,
}

func runPrune(ctx context.Context, f *flags) error {
	out := f.String("out", "", "folder `DIR` for the pruned network; it must not hold a network yet")
	var request run.PruneRequest
	f.StringVar(&request.Method, "method", "", "zeros: units that training made constant or dead; "+
		"least: the least important units; magnitude and random: least with that importance; weights: single weights; "+
		"left out: weights with -weights or -pattern, least with a budget or an importance, else zeros")
	f.words["method"] = []string{"zeros", "least", "magnitude", "random", "weights"}
	f.StringVar(&request.Importance, "importance", "",
		"least: `criterion` of importance: "+strings.Join(importance.Criteria.Names(), ", ")+" (default taylor); "+
			"weights: magnitude, lamp, random or taylor (default magnitude)")
	f.words["importance"] = importance.Criteria.Names()
	f.Float64Var(&request.MACs, "macs", 0, "least, magnitude and random: `share` of the multiply-accumulates of the "+
		"network to keep, above 0 and at most 1")
	f.Float64Var(&request.Params, "params", 0,
		"least, magnitude and random: `share` of the parameters of the network to keep, above 0 and at most 1")
	f.Float64Var(&request.Share, "weights", 0, "weights: `share` of the single weights to keep, above 0 and at most 1")
	f.StringVar(&request.Pattern, "pattern", "", "weights: `N:M`, how many weights to keep of each M along the input axis, "+
		"in place of a share")
	f.StringVar(&request.Scope, "scope", "", "least, magnitude, random and weights: whether they compete over the network "+
		"(global, the default) or in their layer (layer)")
	f.words["scope"] = []string{"global", "layer"}
	mend := f.Bool("repair", false, "least, magnitude, random and weights: fit the weights that read chosen units by least squares, "+
		"on training examples without their labels, and measure running statistics")
	var fix repair.Spec
	fix.Defaults()
	f.IntVar(&fix.Examples, "repair-examples", fix.Examples, "with -repair: `number` of training examples, or of those of -calibration")
	f.Float64Var(&fix.Ridge, "ridge", fix.Ridge, "with -repair: penalty on the change of weights, as a `share` of the mean square "+
		"of what they weigh")
	f.Uint64Var(&request.Seed, "seed", 0, "seed of random units and random inputs (default: the seed of the run, else 0)")
	var calibration calibrationFlags
	calibration.define(f)
	readKeep := keepFlags(f, &request)
	trained := f.Bool("trained", false, "prune the network before the run's own pruning; the default")
	final := f.Bool("final", false, "prune the network at the end of the run")
	dataDir := f.String("data-dir", "", "folder with the data, in place of data.dir of the run's config")
	source := f.source()
	pos, err := f.parse("SOURCE")
	if err != nil {
		return err
	}
	switch {
	case *out == "":
		return cli.InputError("no -out; name a folder for the pruned network")
	case *trained && *final:
		return cli.InputError("-trained and -final name two networks; give one of them")
	}
	if *mend {
		request.Repair = &fix
	} else if f.given("repair-examples") || f.given("ridge") {
		return cli.InputError("-repair-examples and -ridge are options of -repair; add it, or leave them out")
	}
	for _, budget := range []struct {
		name  string
		share float64
	}{{"macs", request.MACs}, {"params", request.Params}, {"latency", request.Latency}, {"weights", request.Share}} {
		if budget.share == 0 && f.given(budget.name) { // 0 stands for a budget that is left out
			return cli.InputError("-%s is 0; it must be above 0 and at most 1", budget.name)
		}
	}
	if err := cmp.Or(calibration.check(f, *mend), readKeep()); err != nil {
		return err
	}
	for _, err := range []error{request.Validate(), cli.OutputFolder("-out", *out), run.FreeFolder(*out)} {
		if err != nil {
			return err
		}
	}
	a, err := source.open(pos[0])
	if err != nil {
		return err
	}
	if a.Config != nil && !f.given("seed") {
		request.Seed = a.Config.Seed
	}
	if *trained && a.Kind != run.KindRun {
		return cli.InputError("-trained: %s is not a run folder; it holds a single network", a.Path)
	}
	read := a.Trained
	if *final {
		read = a.Final
	}
	m, err := read()
	if err != nil {
		return err
	}
	source.notes(a.Path, m)
	if request.Inputs, err = calibration.read(ctx, f, m, a.Config != nil, fix.Examples, request.Seed); err != nil {
		return err
	}
	data, missing, err := testExamples(ctx, f, a, m, *dataDir)
	if err != nil {
		return err
	}
	if request.Inputs != nil && a.Config == nil {
		missing = "" // the certificate has these examples
	}
	request.Progress = f.progress()
	small, res, err := run.Prune(ctx, m.Net, request, data)
	if errors.Is(err, train.ErrNotFinite) || errors.Is(err, prune.ErrNotFinite) {
		return cli.InputError("%s: %w", a.Path, err)
	}
	if err != nil {
		return err
	}
	if missing != "" {
		res.Warnings = append([]string{missing}, res.Warnings...)
	}
	for _, text := range res.Warnings {
		f.warn(text)
	}
	res.Source, res.Calibration, m.Net = a.Path, calibration.path, small
	if err := run.SavePruning(*out, m, res); err != nil {
		return err
	}
	d := pruningData(res)
	d.Title, d.Model, d.Date = fmt.Sprintf("%s pruned by %s", a.Path, strings.TrimSpace(res.Method+" "+res.Importance)), small.Name, time.Now()
	d.Layers, d.Warnings = res.Report.Layers, nil // the warnings are on standard error
	if a.Config != nil {
		d.Dataset = a.Config.Data.Dataset
	}
	report.Table(f.stdout, d)
	fmt.Fprintf(f.stdout, "\nwrote the network to %s\n", *out)
	return nil
}

// testExamples loads the test examples. Without them there is a reason, and still a
// certificate, so that a run folder can be pruned far from its data.
func testExamples(ctx context.Context, f *flags, a *run.Artifact, m export.Model, dir string) (data *run.Data, reason string, err error) {
	data, err = a.Data(ctx, m, dir, f.progress())
	switch {
	case err == nil, dir != "", errors.Is(err, train.ErrInterrupted):
		return data, "", err
	case a.Config == nil:
		reason = fmt.Sprintf("%s belongs to no run, so there are no test examples: the certificate compares random inputs only", a.Path)
	default:
		reason = fmt.Sprintf("no test examples, the certificate compares random inputs only: %v", err)
	}
	return nil, reason, nil
}

// pruningData is the outcome of a pruning, for the table: without a title and
// without its layers.
func pruningData(p *run.Pruning) report.Data {
	r := p.Report
	d := report.Data{Seed: p.Seed, Before: r.Before, After: r.After, Removed: r.Removed, Certificate: r.Certificate, Warnings: p.Warnings}
	if d.Stages = p.Stages(); d.Stages != nil {
		d.TestExamples = p.After.N
	}
	d.Measures = p.Measures()
	return d
}
