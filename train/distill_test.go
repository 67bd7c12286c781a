package train

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/layers"
	"pare/layers/layertest"
	"pare/nn"
)

func classes(n int) layers.TargetForm { return layers.TargetForm{Classes: n} }

// A network that learns from its teacher alone gives its outputs, and the teacher stays as it is.
func TestDistillationAlone(t *testing.T) {
	teacher, net := toyNet(t, 1), toyNet(t, 2)
	if _, err := mustNew(t, teacher, Options{Train: newToy(96, 16, 1), Loss: layers.CrossEntropy{}, Optimizer: NewAdam(0.01), Epochs: 5}).
		Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(parameters(teacher))
	test := newToy(60, 20, 9)
	agree := func() float64 { // mean square difference of the outputs to the output for class 0
		sum := 0.0
		a, b := outputsOf(t, teacher, test), outputsOf(t, net, test)
		for i := range a {
			first := i / toyClasses * toyClasses
			d := float64(a[i] - a[first] - b[i] + b[first])
			sum += d * d / float64(len(a))
		}
		return sum
	}
	start := agree()
	o := Options{Train: newToy(96, 16, 1), Loss: layers.CrossEntropy{}, Optimizer: NewAdam(0.01), Epochs: 30, Statistics: StatisticsSource{newToy(96, 16, 3), 16},
		Distill: &Distillation{Teacher: teacher, Form: classes(toyClasses), DistillSpec: DistillSpec{Temperature: 4, Weight: 1}}}
	res, err := mustNew(t, net, o).Fit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if end := agree(); end > start/5 || !(res.Loss > 0) {
		t.Errorf("outputs differ by %g at the start and %g at the end, loss %g", start, end, res.Loss)
	}
	if !slices.Equal(before, parameters(teacher)) {
		t.Error("the teacher has changed")
	}
}

func parameters(net *nn.Network) (all []float32) {
	for _, p := range net.Params() {
		all = append(all, p.Data()...)
	}
	return all
}

func outputsOf(t *testing.T, net *nn.Network, data *toy) []float32 {
	t.Helper()
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: len(data.y)})
	if err != nil {
		t.Fatal(err)
	}
	copy(p.X, data.x)
	p.Run()
	return p.Output()
}

// The state of a teacher goes on with the batches, is in checkpoints, and a resumed training is
// the undisturbed one.
func TestDistillationResumes(t *testing.T) {
	teacher := memoryNet(t, 8)
	options := func(dir string, r Reporter) Options {
		return Options{Train: newStream(6, true), Loss: layers.CrossEntropy{}, Optimizer: &SGD{LR: 0.1, Momentum: 0.9}, Epochs: 2,
			Dir: dir, CheckpointEvery: 4, Reporter: r,
			Distill: &Distillation{Teacher: teacher, Form: classes(streamTokens), DistillSpec: DistillSpec{Temperature: 2, Weight: 0.5}}}
	}
	whole := memoryNet(t, 1)
	if _, err := mustNew(t, whole, options("", nil)).Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "checkpoints")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stop := callback{step: func(s Status) {
		if s.Step == 9 {
			cancel()
		}
	}}
	if _, err := mustNew(t, memoryNet(t, 1), options(dir, stop)).Fit(ctx); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	c, _, err := LatestCheckpoint(dir)
	if err != nil || len(c.State) != 2 || c.State[1].Name != "teacher/memory.h" {
		t.Fatalf("the state is %+v: %v", c.State, err)
	}
	net := memoryNet(t, 3)
	tr := mustNew(t, net, options(dir, nil))
	if err := tr.Resume(c); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(parameters(net), parameters(whole)) {
		t.Error("the resumed training differs")
	}
}

// Inputs of the teacher are scaled and shifted.
func TestTeacherInputs(t *testing.T) {
	net := chain(t, nn.Shape{2}, &layers.Linear{Out: 2, NoBias: true})
	net.Params()[0].Data()[0], net.Params()[0].Data()[3] = 1, 1
	te, err := newTeacher(&Distillation{Teacher: net, Scale: []float32{2, 3}, Shift: []float32{1, -1}, DistillSpec: DistillSpec{1, 1}}, net, 2)
	if err != nil {
		t.Fatal(err)
	}
	te.see([]float32{1, 1, 10, 10}, false)
	if got := te.program.Output(); !slices.Equal(got, []float32{3, 2, 21, 29}) {
		t.Errorf("the teacher sees %v", got)
	}
}

func TestDistillationRefuses(t *testing.T) {
	net := toyNet(t, 1)
	wide := chain(t, nn.Shape{1, toySide, toySide}, &layers.Flatten{}, &layers.Linear{Out: 4})
	other := chain(t, nn.Shape{1, 5, 5}, &layers.Flatten{}, &layers.Linear{Out: toyClasses})
	tokens := chain(t, nn.Shape{1, streamWindow}, &layertest.Memory{Tokens: streamTokens, Out: streamTokens, Decay: memoryDecay})
	tokens.Vocabulary = streamTokens
	for want, d := range map[string]Distillation{
		"no teacher": {},
		"temperature must be above 0 and at most 1000, got 0":                        {Teacher: net, DistillSpec: DistillSpec{0, 1}},
		"weight must be above 0 and at most 1, got 2":                                {Teacher: net, DistillSpec: DistillSpec{1, 2}},
		"the teacher has 4 outputs, the network has 3":                               {Teacher: wide, DistillSpec: DistillSpec{4, 0.5}},
		"the teacher reads 1×5×5, the network reads 1×6×6":                           {Teacher: other, DistillSpec: DistillSpec{4, 0.5}},
		"the teacher reads 1×4 tokens of a vocabulary of 5, the network reads 1×6×6": {Teacher: tokens, DistillSpec: DistillSpec{4, 0.5}},
	} {
		_, err := New(net, Options{Train: newToy(96, 16, 1), Loss: layers.CrossEntropy{}, Optimizer: NewAdam(0.01), Epochs: 1, Distill: &d})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
}
