package train

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
)

func TestTrainingLearnsAndZeroes(t *testing.T) {
	for _, opt := range []OptimizerSpec{&SGD{LR: 0.02, Momentum: 0.9, Nesterov: true}, NewAdam(0.01)} {
		net := toyNet(t, 1)
		var epochs epochCounter
		tr := mustNew(t, net, Options{Train: newToy(512, 16, 1), Val: newToy(201, 16, 2), Loss: layers.CrossEntropy{},
			Penalties: []Penalty{sparseWeights(t, net, 0.02)}, Optimizer: opt,
			Schedule: &Cosine{Warmup: Warmup{0.5}}, Epochs: 8, ClipNorm: 5, Seed: 3, Reporter: &epochs})
		res, err := tr.Fit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if res.Val.Accuracy < 0.95 || res.Val.N != 201 {
			t.Errorf("%s: validation gives %+v, want an accuracy of 0.95 over 201", kind(opt), *res.Val)
		}
		total, zero := tr.o.Penalties[0].(OnParameters).Groups()
		if share := float64(zero) / float64(total); share < 0.2 || share > 0.95 {
			t.Errorf("%s: %d of %d weights are exactly 0", kind(opt), zero, total)
		}
		if res.Epochs != 8 || res.Steps != 8*32 || res.Stopped || math.IsNaN(res.Loss) {
			t.Errorf("result %+v", res)
		}
		if epochs.n != 8 || epochs.last.Val == nil {
			t.Errorf("8 epochs gave %d reports, the last %+v", epochs.n, epochs.last)
		}
	}
}

// epochCounter counts the reports of epochs.
type epochCounter struct {
	Silent
	n    int
	last Status
}

func (c *epochCounter) Epoch(s Status, _ Record) { c.n, c.last = c.n+1, s }

func TestTrainingAnMLP(t *testing.T) {
	net, err := nn.New("mlp", nn.Shape{1, toySide, toySide}, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range []nn.Layer{&layers.Flatten{}, &layers.Linear{Out: 32}, newLayer(t, "relu"), &layers.Linear{Out: toyClasses}} {
		if err := net.Add(string(rune('a'+i)), l); err != nil {
			t.Fatal(err)
		}
	}
	tr := mustNew(t, net, Options{Train: newToy(1024, 32, 1), Loss: layers.CrossEntropy{},
		Optimizer: &Adam{LR: 0.01, Decay: Decay{WeightDecay: 0.01}, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decoupled: true}, Epochs: 8})
	if _, err := tr.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Batches larger than the last one, and an evaluation that loss nil scores.
	m, err := Evaluate(t.Context(), net, newToy(150, 64, 9), 64, nil)
	if err != nil || m.Accuracy < 0.9 || m.N != 150 {
		t.Errorf("evaluation: %+v, %v", m, err)
	}
}

func TestEvaluationDoesNotDependOnBatches(t *testing.T) {
	net := toyNet(t, 1)
	var first Metrics
	for i, batch := range []int{50, 7, 1} {
		m, err := Evaluate(t.Context(), net, newToy(50, batch, 5), batch, nil)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = m
		}
		if m.Correct != first.Correct || m.N != 50 || math.Abs(m.Loss-first.Loss) > 1e-6 {
			t.Errorf("in batches of %d: %+v, in one %+v", batch, m, first)
		}
	}
	if _, err := Evaluate(t.Context(), net, newToy(50, 8, 5), 4, nil); err == nil || !strings.Contains(err.Error(), "batch of 8 examples in a program for 4") {
		t.Errorf("batch too large: %v", err)
	}
}

func TestCrossEntropyScore(t *testing.T) {
	loss, correct, err := CrossEntropyScore([]float32{1, 3, 3}, 1)
	if want := math.Log(2 + math.Exp(-2)); err != nil || !correct || math.Abs(loss-want) > 1e-12 {
		t.Errorf("loss %g correct %v err %v, want %g and true: the first maximum wins", loss, correct, err, want)
	}
	if _, correct, _ := CrossEntropyScore([]float32{1, 3, 3}, 2); correct {
		t.Error("the second of two equal maxima must not win")
	}
	if loss, _, _ := CrossEntropyScore([]float32{-1e4, 1e4}, 0); loss != 2e4 {
		t.Errorf("loss %g, want 20000 without overflow", loss)
	}
	for _, target := range []float32{-1, 3, 0.5, float32(math.NaN())} {
		if _, _, err := CrossEntropyScore([]float32{1, 3, 3}, target); err == nil {
			t.Errorf("target %g gave no error", target)
		}
	}
}

// signLoss scores the sign of the first output.
type signLoss struct{ layers.CrossEntropy }

func (signLoss) Score(output []float32, target float32) (float64, bool) {
	return float64(output[0] - target), (output[0] > 0) == (target > 0)
}

func TestLossesMayScoreThemselves(t *testing.T) {
	net := toyNet(t, 1)
	own, err := Evaluate(t.Context(), net, newToy(20, 10, 5), 10, signLoss{})
	if err != nil {
		t.Fatal(err)
	}
	usual, err := Evaluate(t.Context(), net, newToy(20, 10, 5), 10, layers.CrossEntropy{Smoothing: 0.1})
	if err != nil || own.Loss == usual.Loss || own.N != 20 {
		t.Errorf("own score %+v, cross-entropy %+v, %v", own, usual, err)
	}
}

func TestDivergenceKeepsTheLastCheckpoint(t *testing.T) {
	dir := t.TempDir()
	data := newToy(64, 16, 1)
	tr := mustNew(t, toyNet(t, 1), Options{Train: data, Loss: layers.CrossEntropy{}, Optimizer: &SGD{LR: 0.01},
		Epochs: 3, Dir: dir, CheckpointEvery: 1, Reporter: callback{step: func(s Status) {
			if s.Step == 6 {
				data.x[0] = float32(math.NaN())
			}
		}}})
	_, err := tr.Fit(t.Context())
	if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "the input batch holds") {
		t.Fatalf("a NaN in the data: %v", err)
	}
	c, warning, err := LatestCheckpoint(dir)
	if err != nil || warning != nil || nonFinite(c.Params) != "" || c.Position.Step < 6 {
		t.Errorf("the checkpoint should be good: %v, %v", warning, err)
	}

	tr = mustNew(t, toyNet(t, 1), Options{Train: newToy(64, 16, 1), Loss: layers.CrossEntropy{},
		Optimizer: &SGD{LR: 1e30}, Epochs: 3, Dir: t.TempDir()})
	_, err = tr.Fit(t.Context())
	if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "step") || !strings.Contains(err.Error(), "first appears in") {
		t.Errorf("an absurd rate: %v", err)
	}
}

// The last update is looked at too, with and without validation data and a folder of
// checkpoints: parameters that overflow later layers, and moments that hold them still.
func TestLastUpdateDiverges(t *testing.T) {
	for _, c := range []struct {
		optimizer OptimizerSpec
		val       EvalSource
		dir       string
		want      string
	}{
		{&SGD{LR: 1e37}, nil, "", "after step 1 (epoch 1): an output is not finite; it first appears in"},
		{&SGD{LR: 1e37}, newToy(32, 16, 2), t.TempDir(), "after step 1 (epoch 1): an output for the validation data is not finite"},
		{&SGD{LR: 3e38, Decay: Decay{WeightDecay: 3e38}}, nil, "", "is not finite; parameter conv.weight holds such a value"},
	} {
		o := Options{Train: newToy(16, 16, 1), Val: c.val, Loss: layers.CrossEntropy{}, Optimizer: c.optimizer, Epochs: 1, Dir: c.dir}
		_, err := mustNew(t, toyNet(t, 1), o).Fit(t.Context())
		if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "learning rate") {
			t.Errorf("%+v: error %v, want %q", c.optimizer, err, c.want)
		}
		if c.dir != "" {
			if _, _, err := LatestCheckpoint(c.dir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a checkpoint was saved: %v", err)
			}
		}
	}
	dir := t.TempDir()
	_, err := mustNew(t, toyNet(t, 1), Options{Train: newToy(16, 16, 1), Loss: layers.CrossEntropy{}, Optimizer: &SGD{LR: 1e37}, Epochs: 2, Dir: dir}).Fit(t.Context())
	if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "after step 1 (epoch 1)") {
		t.Errorf("the first of two epochs: %v", err)
	}
	if _, _, err := LatestCheckpoint(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a checkpoint from which no step can be made was saved: %v", err)
	}
	data := newToy(16, 16, 1)
	for i := range data.x {
		data.x[i] *= 1e25 // gradients of a linear layer of 1e24 or so, whose squares are infinite
	}
	net, err := nn.New("linear", nn.Shape{1, toySide, toySide}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(net.Add("flat", &layers.Flatten{}), net.Add("fc", &layers.Linear{Out: toyClasses})); err != nil {
		t.Fatal(err)
	}
	_, err = mustNew(t, net, Options{Train: data, Loss: layers.CrossEntropy{}, Optimizer: NewAdam(1e-3), Epochs: 1}).Fit(t.Context())
	if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "optimizer state") {
		t.Errorf("squares of gradients that overflow: %v", err)
	}
}

func TestEarlyStopRestoresTheBest(t *testing.T) {
	net := toyNet(t, 1)
	var best []NamedTensor
	dir := t.TempDir()
	o := Options{Train: newToy(64, 16, 1), Val: newToy(32, 16, 2), Loss: layers.CrossEntropy{},
		Optimizer: &SGD{LR: 0.01}, Epochs: 50, Dir: dir,
		Stop: EarlyStopSpec{Patience: 2, MinDelta: 100, Restore: "best"},
		Reporter: callback{epoch: func(s Status, _ Record) {
			if s.Epoch == 1 {
				best = cloneTensors(paramTensors(net))
			}
		}}}
	res, err := mustNew(t, net, o).Fit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !res.Stopped || res.Epochs != 3 || res.Best.Epoch != 1 {
		t.Errorf("result %+v, best %+v: want a stop after epoch 3 with the best in 1", res, res.Best)
	}
	expectSame(t, "weights after the stop", paramTensors(net), best)

	// A phase that is over stays over.
	again := toyNet(t, 8)
	o.Reporter = nil
	tr := mustNew(t, again, o)
	c, _, err := LatestCheckpoint(dir)
	if err == nil {
		err = tr.Resume(c)
	}
	if err == nil {
		res, err = tr.Fit(t.Context())
	}
	if err != nil || !res.Stopped || res.Steps != 12 {
		t.Errorf("resumed after the stop: %+v, %v", res, err)
	}
	expectSame(t, "weights resumed after the stop", paramTensors(again), best)
}

func expectSame(t *testing.T, what string, got, want []NamedTensor) {
	t.Helper()
	if err := sameTensors(want, got); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for i := range want {
		if !sameBits(got[i].Data, want[i].Data) {
			t.Errorf("%s: %s differs", what, want[i].Name)
		}
	}
}

func TestInterruptWithoutFolder(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tr := mustNew(t, toyNet(t, 1), Options{Train: newToy(64, 16, 1), Loss: layers.CrossEntropy{},
		Optimizer: &SGD{LR: 0.01}, Epochs: 2, Reporter: callback{step: func(s Status) {
			if s.Step == 3 {
				cancel()
			}
		}}})
	res, err := tr.Fit(ctx)
	if !errors.Is(err, ErrInterrupted) || !strings.Contains(err.Error(), "after 3 of 8 steps") || res.Steps != 3 {
		t.Fatalf("interrupt: %+v, %v", res, err)
	}
	// The same trainer goes on.
	if res, err = tr.Fit(t.Context()); err != nil || res.Steps != 8 {
		t.Errorf("going on: %+v, %v", res, err)
	}
}

func TestOptionErrors(t *testing.T) {
	good := func() Options {
		return Options{Train: newToy(64, 16, 1), Loss: layers.CrossEntropy{}, Optimizer: &SGD{LR: 0.1}, Epochs: 1}
	}
	for _, c := range []struct {
		change func(*Options)
		want   string
	}{
		{func(o *Options) { o.Train = nil }, "no training data"},
		{func(o *Options) { o.Train = newToy(8, 16, 1) }, "no full batch"},
		{func(o *Options) { o.Epochs = 0 }, "epochs is 0"},
		{func(o *Options) { o.Loss = nil }, "need a loss"},
		{func(o *Options) { o.ClipNorm = math.NaN() }, "clipping norm"},
		{func(o *Options) { o.Stop.Patience = 1 }, "needs validation data"},
		{func(o *Options) { o.Stop.Metric = "f1" }, "loss, accuracy or robust"},
		{func(o *Options) { o.Stop.Metric, o.Stop.Patience, o.Val = "robust", 2, newToy(16, 8, 1) }, "needs an attack on validation data"},
		{func(o *Options) { o.Optimizer = &SGD{} }, "lr must be"},
		{func(o *Options) { o.Schedule = &Constant{Warmup{2}} }, "warmup"},
	} {
		o := good()
		c.change(&o)
		if _, err := New(toyNet(t, 1), o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}
