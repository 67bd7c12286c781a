package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"pare/cmd/internal/cli"
	"pare/export"
	"pare/infer"
	"pare/internal/atomicfile"
	"pare/internal/bench"
	"pare/internal/kernel/parallel"
	"pare/internal/simd"
	"pare/nn"
	"pare/report"
	"pare/run"
)

// inferBench compares the forms of a network as a predictor serves them.
type inferBench struct {
	batches []int
	rounds  int           // 0: as many as fit into the budget
	budget  time.Duration // of a batch size, for each network
	file    string        // of examples; "": the test set
	dataDir string        // in place of data.dir; "": that

	approximate infer.Budget // of the approximate side; the zero value: there is none
	show        func(what string, done, total int64)
}

const (
	inferBudget   = 2 * time.Second
	inferLeast    = 20      // rounds, so that a twentieth of them is one
	inferExamples = 1024    // of the test set that predictions take in turn, at most
	inferFloats   = 1 << 24 // values of them, at most
	costIntervals = 10
)

// inferBatches are the batch sizes of a measurement that names none.
var inferBatches = []int{1, 64}

// side is one form of the network, served in one way.
type side struct {
	name      string
	net       *nn.Network
	predictor *infer.Predictor
	dense     int // the side that serves the same network and skips no zeros; its own number for that one
	// inputs, of the approximate side, serves its network and skips no zeros: its layers have inputs
	// of their own; nil for others.
	inputs *infer.Predictor
}

// Names of the sides that serve the last form and skip zeros.
const (
	sideDynamic     = "dynamic"
	sideApproximate = "approximate"
)

// inferInputs are the examples of a measurement, channels last.
type inferInputs struct {
	kind string // test, file or random
	x    []float32
	n    int
}

// each compares the networks of each source.
func (b inferBench) each(ctx context.Context, f *flags, source *sourceFlags, paths []string, asJSON, inReport bool) error {
	for i, path := range paths {
		if i > 0 && !asJSON {
			fmt.Fprintln(f.stdout)
		}
		if err := b.compare(ctx, f, source, path, asJSON, inReport); err != nil {
			return err
		}
	}
	return nil
}

// compare compares the networks of one source.
func (b inferBench) compare(ctx context.Context, f *flags, source *sourceFlags, path string, asJSON, inReport bool) error {
	a, err := source.open(path)
	if err != nil {
		return err
	}
	page := filepath.Join(path, run.ReportFile)
	if inReport {
		if _, err := os.Stat(page); err != nil {
			return cli.InputError("-report adds to the report of a run, and %s has none", path)
		}
		if err := writable(page); err != nil {
			return err
		}
	}
	result, err := b.measure(ctx, a)
	if err != nil {
		return err
	}
	if inReport {
		if err := addToReport(page, *result); err != nil {
			return err
		}
	}
	if asJSON {
		return json.NewEncoder(f.stdout).Encode(result)
	}
	printInference(f.stdout, result)
	return nil
}

// addToReport puts the section into a page.
func addToReport(path string, in report.Inference) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if page, err = report.WithInference(page, in); err != nil {
		return cli.InputError("%s: %w", path, err)
	}
	return atomicfile.Write(path, func(w io.Writer) error { _, err := w.Write(page); return err })
}

// measure compares the networks of an artifact.
func (b inferBench) measure(ctx context.Context, a *run.Artifact) (*report.Inference, error) {
	final, err := a.Final()
	if err != nil {
		return nil, err
	}
	data, x, err := b.inputs(ctx, a, final)
	if err != nil {
		return nil, err
	}
	versions, notes, err := a.Versions(ctx, final, data)
	if err != nil {
		return nil, err
	}
	if x.kind == "random" {
		notes = append(notes, "inputs are random: no config names test data; -inputs FILE.npy gives real ones")
	}
	r := &report.Inference{Source: a.Path, Threads: parallel.Threads(), Kernels: simd.Features(), Go: runtime.Version(),
		Peaks: bench.MeasureRoofline(), Inputs: x.kind, Examples: x.n, Notes: append([]string{}, notes...)}
	sides, err := b.sides(versions)
	if err != nil {
		return nil, err
	}
	var approximation *report.Approximation
	if b.approximate != (infer.Budget{}) {
		last := versions[len(versions)-1].Net
		var thresholds map[string]float64
		if approximation, thresholds, err = b.calibrate(last, data, x); err != nil {
			return nil, err
		}
		if sides, err = b.approximated(sides, last, thresholds); err != nil {
			return nil, err
		}
	}
	observed := make([]*work, len(sides))
	for i, s := range sides {
		if s.inputs != nil {
			if observed[i], err = observe(ctx, s.inputs, x, b.show); err == nil {
				observed[i], err = observed[i].skipping(ctx, s.predictor, x, b.batches)
			}
		} else if s.dense != i {
			observed[i], err = observed[s.dense].skipping(ctx, s.predictor, x, b.batches)
		} else {
			observed[i], err = observe(ctx, s.predictor, x, b.show)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		r.Networks = append(r.Networks, b.costs(s, observed[i], r.Peaks))
		if s.dense != i {
			r.Networks[i].Of = sides[s.dense].name
		}
		if s.inputs != nil {
			if approximation.OnInputs, err = differences(ctx, sides[s.dense], s, x); err != nil {
				return nil, err
			}
			r.Networks[i].Approximation = approximation
		}
	}
	for i, batch := range b.batches {
		times, err := b.times(ctx, sides, x, batch)
		if err != nil {
			return nil, err
		}
		for k := range r.Networks {
			r.Networks[k].Times[i] = timed(r.Networks[k].Times[i], times[k], r.Networks[0].Times[i])
		}
	}
	return r, timeLayers(ctx, sides, r.Networks, x, b.batches)
}

// sides are the predictors to compare: of each form, and of the last one with zeros skipped.
func (b inferBench) sides(versions []run.Version) ([]side, error) {
	var out []side
	add := func(name string, net *nn.Network, zeros infer.Zeros, dense int) error {
		p, err := infer.New(net, infer.Options{MaxBatch: slices.Max(b.batches), ChannelsLast: true, Zeros: zeros})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, side{name: name, net: net, predictor: p, dense: dense})
		return nil
	}
	for i, v := range versions {
		if err := v.Net.CheckBatch(slices.Max(b.batches)); err != nil {
			return nil, cli.InputError("%s: %w; give a smaller -batch", v.Name, err)
		}
		if err := add(v.Name, v.Net, infer.Dense, i); err != nil {
			return nil, err
		}
	}
	last := len(versions) - 1
	return out, add(sideDynamic, versions[last].Net, infer.Measured, last)
}

// inputs are the examples of a measurement: of a file, of the run's test set, or random where no
// config names data. The data are nil without a config and where only the file is there.
func (b inferBench) inputs(ctx context.Context, a *run.Artifact, m export.Model) (*run.Data, inferInputs, error) {
	most := max(1, min(inferExamples, inferFloats/m.Net.Input.Size()))
	var data *run.Data
	if a.Config != nil {
		var err error
		if data, err = a.Data(ctx, m, b.dataDir, b.show); ctx.Err() != nil {
			return nil, inferInputs{}, ctx.Err()
		} else if err != nil && b.file == "" {
			return nil, inferInputs{}, fmt.Errorf("test data: %w (-data-dir names their folder, -inputs other examples)", err)
		}
	} else if b.dataDir != "" {
		return nil, inferInputs{}, cli.InputError("-data-dir is for the data of a run, %s belongs to none", a.Path)
	}
	if b.file != "" {
		x, n, err := readInputs(b.file, m.Net)
		if err == nil {
			err = checkTokens(x, m.Net)
		}
		if err != nil {
			return nil, inferInputs{}, cli.InputError("%s: %w", b.file, err)
		}
		n = min(n, most)
		return data, inferInputs{"file", run.ChannelsLast(x[:n*m.Net.Input.Size()], m.Net.Input), n}, nil
	}
	if data != nil {
		x, err := data.Examples(data.Set.Test, most)
		return data, inferInputs{"test", x, len(x) / m.Net.Input.Size()}, err
	}
	n := min(most, 2*slices.Max(b.batches))
	x := make([]float32, n*m.Net.Input.Size())
	fill := fillNormal
	if m.Net.Vocabulary > 0 {
		fill = fillTokens(m.Net.Vocabulary)
	}
	fill(x, rand.New(rand.NewPCG(3, 4)))
	return nil, inferInputs{"random", x, n}, nil
}

// times measures predictions of a batch size: in each round all sides predict the same examples,
// one side after the other, and each round begins with another side and with later examples.
func (b inferBench) times(ctx context.Context, sides []side, x inferInputs, batch int) ([][]time.Duration, error) {
	size := sides[0].net.Input.Size()
	// A batch may begin with any example and goes on with the first ones behind the last.
	examples := make([]float32, (x.n+batch-1)*size)
	fillFrom(x.x)(examples, nil)
	out := make([][]float32, len(sides))
	for i, s := range sides {
		out[i] = make([]float32, batch*s.predictor.Output().Size())
	}
	times := make([][]time.Duration, len(sides))
	budget := b.budget * time.Duration(len(sides))
	for round, begin := -benchWarmup, time.Now(); ; round++ {
		if round == 0 {
			begin = time.Now()
		}
		enough := b.rounds > 0 && round >= b.rounds || b.rounds == 0 && round >= inferLeast && time.Since(begin) >= budget
		if enough || round == mostSteps {
			break
		}
		first := (max(round, 0) * batch) % x.n
		now := examples[first*size:][:batch*size]
		for turn := range sides {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			i := (turn + max(round, 0)) % len(sides)
			start := time.Now()
			if err := sides[i].predictor.Predict(out[i], now, batch); err != nil {
				return nil, fmt.Errorf("%s: %w", sides[i].name, err)
			}
			if round >= 0 {
				times[i] = append(times[i], time.Since(start))
			}
		}
		if b.show != nil {
			done, total := time.Since(begin).Milliseconds(), budget.Milliseconds()
			if b.rounds > 0 {
				done, total = int64(max(0, round+1)), int64(b.rounds)
			}
			b.show(fmt.Sprintf("batch %d", batch), min(done, total), total)
		}
	}
	for _, t := range times {
		slices.Sort(t)
	}
	return times, nil
}

// quantile is a quantile of sorted times in milliseconds, by linear interpolation.
func quantile(sorted []time.Duration, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	low, high := sorted[i], sorted[min(i+1, len(sorted)-1)]
	return (float64(low) + (at-float64(i))*float64(high-low)) / 1e6
}

// costs is the work of a network with its ideal times; the times measured are still 0.
func (b inferBench) costs(s side, work *work, peaks bench.Roofline) report.InferenceNetwork {
	counts := s.net.Count()
	out := report.InferenceNetwork{Name: s.name, Params: counts.Params, MACs: counts.MACs}
	out.Cost = report.NewHistogram(work.needed, costIntervals)
	for _, v := range work.needed {
		out.Needed += v / float64(len(work.needed))
	}
	out.Layers = work.layers(b.batches, peaks)
	for i, batch := range b.batches {
		t := report.InferenceTime{Batch: batch, Ideal: 1e3 * work.elsewhere(batch, peaks)}
		for _, l := range out.Layers {
			t.Executed += l.Times[i].Executed
			t.Ideal += l.Times[i].IdealMs
		}
		out.Times = append(out.Times, t)
	}
	return out
}

// timed returns t with its measurements and the comparison with the first network.
func timed(t report.InferenceTime, sorted []time.Duration, first report.InferenceTime) report.InferenceTime {
	t.Count, t.Median, t.P95 = len(sorted), quantile(sorted, 0.5), quantile(sorted, 0.95)
	t.FirstQuartile, t.ThirdQuartile = quantile(sorted, 0.25), quantile(sorted, 0.75)
	t.Reached = t.Ideal / t.Median
	t.Speedup = cmp.Or(first.Median, t.Median) / t.Median
	t.IdealSpeedup = first.Ideal / t.Ideal
	return t
}
