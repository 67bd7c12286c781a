package train

import (
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"

	"pare/internal/kernel/parallel"
	"pare/layers"
	"pare/layers/layertest"
	"pare/nn"
)

// statisticsOf are the running means and variances of a network, one after another.
func statisticsOf(net *nn.Network) (out []float32) {
	for _, p := range net.Params() {
		if !p.Trainable() {
			out = append(out, p.Data()...)
		}
	}
	return out
}

func measure(t *testing.T, net *nn.Network, batch int, source EvalSource) {
	t.Helper()
	r, err := NewRunningStatistics(net, batch)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(t.Context(), source); err != nil {
		t.Fatal(err)
	}
}

// chain adds layers one after another.
func chain(t *testing.T, input nn.Shape, list ...nn.Layer) *nn.Network {
	t.Helper()
	net, err := nn.New("chain", input, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range list {
		if err := net.Add(string(rune('a'+i)), l); err != nil {
			t.Fatal(err)
		}
	}
	return net
}

// TestStatisticsAreMomentsOfAllRows: those of full batches, computed here in one pass
// over all values, whatever the running ones were before; dropout is off.
func TestStatisticsAreMomentsOfAllRows(t *testing.T) {
	data := newToy(70, 16, 3) // four full batches and six more
	for i := range data.x {
		data.x[i] = 50 + 3*data.x[i]
	}
	net := chain(t, nn.Shape{1, toySide, toySide}, &layers.Dropout{P: 0.5}, &layers.BatchNorm{}, newLayer(t, "relu"))
	for _, p := range net.Params() {
		p.Fill(-7)
	}
	measure(t, net, 16, data)
	n, mean, square := 64*toySize, 0.0, 0.0
	for _, v := range data.x[:n] {
		mean += float64(v) / float64(n)
	}
	for _, v := range data.x[:n] {
		square += (float64(v) - mean) * (float64(v) - mean) / float64(n-1)
	}
	got := statisticsOf(net)
	if math.Abs(float64(got[0])-mean) > 1e-5*mean || math.Abs(float64(got[1])-square) > 1e-5*square {
		t.Errorf("mean and variance %v, want %g and %g", got, mean, square)
	}
}

// TestStatisticsOfDeepLayers: a layer behind a normalisation is fed values normalised by
// the batch's own statistics, so statistics of one batch make an evaluation of that batch agree
// with training.
func TestStatisticsOfDeepLayers(t *testing.T) {
	data := newToy(32, 32, 3)
	net := toyNet(t, 1)
	deep := chain(t, nn.Shape{1, toySide, toySide}, net.Nodes[0].Layer, net.Nodes[1].Layer, newLayer(t, "relu"),
		&layers.Conv{Out: 4, Kernel: layers.Square(3)}, &layers.BatchNorm{Momentum: 1}, newLayer(t, "relu"), &layers.Flatten{}, &layers.Linear{Out: toyClasses})
	net.Nodes[1].Layer.(*layers.BatchNorm).Momentum = 1
	p, err := nn.Compile(deep, nn.CompileOptions{Mode: nn.Train, Batch: 32, Loss: layers.CrossEntropy{}})
	if err != nil {
		t.Fatal(err)
	}
	copy(p.X, data.x)
	p.Run() // momentum 1: the running statistics are the batch's
	want := statisticsOf(deep)
	for _, q := range deep.Params() {
		if !q.Trainable() {
			q.Fill(3)
		}
	}
	measure(t, deep, 32, data)
	for i, v := range statisticsOf(deep) {
		if math.Abs(float64(v-want[i])) > 1e-6*math.Max(1, math.Abs(float64(want[i]))) {
			t.Errorf("value %d is %g, in training %g", i, v, want[i])
		}
	}
}

// TestStatisticsAreAFunctionOfTheWeights: not of earlier runs, nor of threads.
func TestStatisticsAreAFunctionOfTheWeights(t *testing.T) {
	defer parallel.SetThreads(0)
	net := toyNet(t, 1)
	var want []float32
	for threads := 1; threads <= 3; threads++ {
		parallel.SetThreads(threads)
		measure(t, net, 16, newToy(96, 16, 4))
		if want == nil {
			want = statisticsOf(net)
		}
		if got := statisticsOf(net); !slices.Equal(got, want) {
			t.Errorf("%d threads: %v, with one %v", threads, got, want)
		}
		r, err := NewRunningStatistics(net, 16)
		if err != nil {
			t.Fatal(err)
		}
		for _, seed := range []uint64{9, 4} { // the second of two runs knows nothing of the first
			if err := r.Run(t.Context(), newToy(96, 16, seed)); err != nil {
				t.Fatal(err)
			}
		}
		if got := statisticsOf(net); !slices.Equal(got, want) {
			t.Errorf("%d threads, second run: %v, want %v", threads, got, want)
		}
	}
}

// TestStatisticsStayAfterErrors: an end of ctx, a broken source, no full batch.
func TestStatisticsStayAfterErrors(t *testing.T) {
	net := toyNet(t, 1)
	before := statisticsOf(net)
	r, err := NewRunningStatistics(net, 16)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Run(ctx, newToy(96, 16, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	if err := r.Run(t.Context(), newToy(15, 16, 1)); err == nil || !strings.Contains(err.Error(), "no full batch") {
		t.Errorf("15 examples: %v", err)
	}
	if err := r.Run(t.Context(), broken{newToy(96, 16, 1)}); err == nil || !strings.Contains(err.Error(), "batch 3: disk on fire") {
		t.Errorf("a broken source: %v", err)
	}
	if !slices.Equal(statisticsOf(net), before) {
		t.Error("the statistics have changed")
	}
	for _, plain := range []*nn.Network{memoryNet(t, 1), chain(t, nn.Shape{2}, &layers.Linear{Out: 2})} {
		if r, err := NewRunningStatistics(plain, 16); r != nil || err != nil {
			t.Errorf("a network without statistics: %v, %v", r, err)
		}
	}
}

// broken fails at its third batch.
type broken struct{ *toy }

func (b broken) All(ctx context.Context) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		n := 0
		for batch := range b.toy.All(ctx) {
			var err error
			if n++; n == 3 {
				err = errors.New("disk on fire")
			}
			if !yield(batch, err) {
				return
			}
		}
	}
}

// TestStatisticsOfStreams: batches that go on from the one before carry their state.
func TestStatisticsOfStreams(t *testing.T) {
	mean := func(carry bool) []float32 {
		net := memoryNet(t, 1)
		if err := net.Add("norm", &layers.BatchNorm{}); err != nil {
			t.Fatal(err)
		}
		measure(t, net, streamRows, newStream(6, carry))
		return statisticsOf(net)[:streamTokens]
	}
	// A state that decays by half at each position and starts afresh with each batch
	// holds less than one that lives on.
	afresh, carried := mean(false), mean(true)
	if slices.Equal(afresh, carried) {
		t.Errorf("means %v with and without state", carried)
	}
	for i, want := range streamMeans(t, newStream(6, true), memoryNet(t, 1)) {
		if math.Abs(float64(carried[i])-want) > 1e-5*math.Max(1, math.Abs(want)) {
			t.Errorf("mean %d is %g, want %g", i, carried[i], want)
		}
	}
}

// streamMeans are the means of a memory's outputs over a stream in one window.
func streamMeans(t *testing.T, s *stream, net *nn.Network) []float64 {
	t.Helper()
	length := s.Batches() * streamWindow
	long, err := nn.New("long", nn.Shape{1, length}, nil)
	if err != nil {
		t.Fatal(err)
	}
	long.Vocabulary = streamTokens
	if err := long.Add("memory", &layertest.Memory{Tokens: streamTokens, Out: streamTokens, Decay: memoryDecay}); err != nil {
		t.Fatal(err)
	}
	for i, p := range long.Params() {
		copy(p.Data(), net.Params()[i].Data())
	}
	p, err := nn.Compile(long, nn.CompileOptions{Mode: nn.Infer, Batch: streamRows})
	if err != nil {
		t.Fatal(err)
	}
	for r, text := range s.text {
		copy(p.X[r*length:], text[:length])
	}
	p.Run()
	out := make([]float64, streamTokens)
	for i, v := range p.Output() {
		out[i%streamTokens] += float64(v) / float64(streamRows*length)
	}
	return out
}

// TestTrainerMeasuresStatistics: the network that is evaluated, kept as the best, saved and
// returned has the statistics of its weights, and the weights are those of a training without.
func TestTrainerMeasuresStatistics(t *testing.T) {
	fit := func(s StatisticsSource, stop EarlyStopSpec, dir string) (*nn.Network, Result) {
		net := toyNet(t, 1)
		tr := mustNew(t, net, Options{Train: newToy(96, 16, 1), Val: newToy(60, 16, 2), Loss: layers.CrossEntropy{},
			Optimizer: &SGD{LR: 0.3, Momentum: 0.9}, Epochs: 4, Seed: 5, Statistics: s, Stop: stop, Dir: dir})
		res, err := tr.Fit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return net, res
	}
	source := StatisticsSource{newToy(96, 32, 1), 32}
	plain, _ := fit(StatisticsSource{}, EarlyStopSpec{}, "")
	dir := t.TempDir()
	net, res := fit(source, EarlyStopSpec{}, dir)
	for i, p := range net.Params() {
		if same := slices.Equal(p.Data(), plain.Params()[i].Data()); same != p.Trainable() {
			t.Errorf("%s equals that of a training without: %v", p.Full, same)
		}
	}
	saved := toyNet(t, 3)
	c, _, err := LatestCheckpoint(dir)
	if err == nil {
		err = c.LoadParams(saved)
	}
	if err != nil {
		t.Fatal(err)
	}
	best, bestRes := fit(source, EarlyStopSpec{Restore: "best"}, "")
	for _, c := range []struct {
		what string
		net  *nn.Network
		want Metrics
	}{{"the last epoch", net, *res.Val}, {"the checkpoint", saved, *res.Val}, {"the best epoch", best, bestRes.Best.Metrics}} {
		got, err := Evaluate(t.Context(), c.net, newToy(60, 16, 2), 16, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got != c.want {
			t.Errorf("%s has %+v, reported were %+v", c.what, got, c.want)
		}
		before := statisticsOf(c.net)
		if measure(t, c.net, 32, newToy(96, 32, 1)); !slices.Equal(statisticsOf(c.net), before) {
			t.Errorf("%s has statistics of other weights", c.what)
		}
	}
}

// stopping ends a context while its second batch is read.
type stopping struct {
	*toy
	cancel func()
}

func (s stopping) All(ctx context.Context) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		n := 0
		for batch := range s.toy.All(ctx) {
			if n++; n == 2 {
				s.cancel()
			}
			if !yield(batch, nil) {
				return
			}
		}
	}
}

// TestResumeAmidStatistics: an interruption while they are measured is saved before
// them, and the resumed training is the undisturbed one.
func TestResumeAmidStatistics(t *testing.T) {
	opt := &SGD{LR: 0.05, Momentum: 0.9}
	whole := newSession(t, t.TempDir(), 1, opt, nil)
	if _, err := whole.tr.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first := newSession(t, dir, 1, opt, nil)
	first.tr.o.Statistics.EvalSource = stopping{newToy(48, 16, 3), cancel}
	if _, err := first.tr.Fit(ctx); !errors.Is(err, ErrInterrupted) {
		t.Fatalf("first session: %v", err)
	}
	first.log.Close()
	c, _, err := LatestCheckpoint(dir)
	if err != nil || c.Position.Batch != 6 || c.Position.Epoch != 0 {
		t.Fatalf("checkpoint %+v, %v", c, err)
	}
	second := newSession(t, dir, 77, opt, nil)
	if err := second.tr.Resume(c); err != nil {
		t.Fatal(err)
	}
	if _, err := second.tr.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	compareSessions(t, whole, second)
}
