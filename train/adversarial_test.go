package train

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pare/internal/kernel/parallel"
	"pare/layers"
	"pare/nn"
)

// underAttack are options of a short training on toy under an attack.
func underAttack(o *Adversarial) Options {
	return Options{Train: newToy(96, 16, 1), Val: newToy(40, 16, 2), Loss: layers.CrossEntropy{}, Optimizer: NewAdam(0.01), Epochs: 3, Seed: 5,
		Statistics: StatisticsSource{newToy(64, 32, 3), 32}, Adversarial: o}
}

// An attack of radius 0 trains the same bytes as none.
func TestAttackOfRadiusZero(t *testing.T) {
	plain, attacked := toyNet(t, 1), toyNet(t, 1)
	for net, o := range map[*nn.Network]*Adversarial{plain: nil, attacked: attackOn(&PGD{Steps: 3, Restarts: 1, Start: "random"}, "linf", 0)} {
		if _, err := mustNew(t, net, underAttack(o)).Fit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(parameters(plain), parameters(attacked)) {
		t.Error("the parameters differ")
	}
}

// Training under an attack makes a network more robust against it than training on clean examples
// does, with all forms of it.
func TestAdversarialTrainingIsRobust(t *testing.T) {
	pgd := func() *Adversarial {
		o := attackOn(&PGD{Steps: 4, Restarts: 1, Start: "random"}, "linf", 0.15)
		o.Val = newToy(200, 16, 4)
		return o
	}
	robust := func(o *Adversarial) float64 {
		options := underAttack(o)
		options.Train, options.Epochs = newToy(480, 16, 1), 12
		tr := mustNew(t, toyNet(t, 1), options)
		if _, err := tr.Fit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if tr.robust.N != 200 || tr.robust.Accuracy > 0.98 {
			t.Fatalf("robust accuracy is %+v", tr.robust)
		}
		return tr.robust.Accuracy
	}
	// After the training on clean examples its robust accuracy is measured by an epoch of radius 0.
	plain := pgd()
	plain.Warmup = 1e9
	low := robust(plain)
	fgsm, trades := pgd(), pgd()
	fgsm.Attack, trades.Trades = &FGSM{Start: "random"}, 2
	for name, o := range map[string]*Adversarial{"pgd": pgd(), "fgsm": fgsm, "trades": trades} {
		if high := robust(o); high < low+0.1 {
			t.Errorf("%s: robust accuracy is %.3f, %.3f after training on clean examples", name, high, low)
		}
	}
}

// The best epoch by robust accuracy is the one whose weights are restored.
func TestBestEpochByRobustAccuracy(t *testing.T) {
	a := attackOn(&PGD{Steps: 2, Restarts: 1, Start: "random"}, "linf", 0.1)
	a.Val = newToy(60, 16, 4)
	o := underAttack(a)
	o.Epochs, o.Stop = 8, EarlyStopSpec{Metric: "robust", Restore: "best"}
	log, err := OpenMetricsLog(filepath.Join(t.TempDir(), "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	o.Log = log
	res, err := mustNew(t, toyNet(t, 1), o).Fit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	epochs, err := ReadMetrics(log.path)
	if err != nil {
		t.Fatal(err)
	}
	best := 0
	for i, r := range epochs {
		if r.Robust.Accuracy > epochs[best].Robust.Accuracy {
			best = i
		}
	}
	if res.Best.Epoch != best+1 || *res.Best.Robust != *epochs[best].Robust {
		t.Errorf("the best epoch is %d with %+v, the log has %d with %+v", res.Best.Epoch, res.Best.Robust, best+1, epochs[best].Robust)
	}
}

// A resumed training, with other numbers of threads, is the undisturbed one.
func TestAdversarialTrainingResumes(t *testing.T) {
	defer parallel.SetThreads(0)
	for name, change := range map[string]func(*Adversarial){
		"pgd":    func(*Adversarial) {},
		"l2":     func(o *Adversarial) { o.Norm = "l2" },
		"trades": func(o *Adversarial) { o.Trades = 3 },
	} {
		options := func(dir string, r Reporter) Options {
			a := attackOn(&PGD{Steps: 2, Restarts: 2, Start: "random"}, "linf", 0.1)
			a.Warmup, a.Val = 1.5, newToy(40, 16, 2)
			change(a)
			o := underAttack(a)
			o.Dir, o.CheckpointEvery, o.Reporter = dir, 4, r
			return o
		}
		parallel.SetThreads(1)
		whole := mustNew(t, toyNet(t, 1), options("", nil))
		if _, err := whole.Fit(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, last := range []int{6, 9} { // at the end of an epoch, and within one
			dir := filepath.Join(t.TempDir(), "checkpoints")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stop := callback{step: func(s Status) {
				if s.Step == last {
					cancel()
				}
			}}
			parallel.SetThreads(2)
			if _, err := mustNew(t, toyNet(t, 1), options(dir, stop)).Fit(ctx); !errors.Is(err, ErrInterrupted) {
				t.Fatal(err)
			}
			c, _, err := LatestCheckpoint(dir)
			if err != nil || c.Position.Step != last {
				t.Fatalf("checkpoint: %+v, %v", c, err)
			}
			second := mustNew(t, toyNet(t, 9), options(dir, nil))
			if err := second.Resume(c); err != nil {
				t.Fatal(err)
			}
			if _, err := second.Fit(t.Context()); err != nil {
				t.Fatal(err)
			}
			a, b := whole.Checkpoint(), second.Checkpoint()
			expectSame(t, name, b.Params, a.Params)
			if *a.Position.Robust != *b.Position.Robust || *whole.robust != *second.robust {
				t.Errorf("%s: robust accuracy is %+v, undisturbed %+v", name, b.Position.Robust, a.Position.Robust)
			}
		}
	}
}

// Running statistics are the moments of attacked examples, of clean ones beside them with TRADES.
func TestStatisticsUnderAttack(t *testing.T) {
	net := toyNet(t, 1)
	for trades, batches := range map[float64]int{0: 2, 1: 4} {
		o := attackOn(&PGD{Steps: 1, Restarts: 1, Start: "random"}, "linf", 0.2)
		o.Trades = trades
		data, seen, clean := newToy(32, 16, 3), 0, 0
		for b, err := range newAttacker(t, net, o, 16).Statistics(data).All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if slices.Equal(b.X, data.x[:16*toySize]) || slices.Equal(b.X, data.x[16*toySize:]) {
				clean++
			}
			seen++
		}
		if seen != batches || clean != batches-2 {
			t.Errorf("β = %g: %d batches, %d of them clean", trades, seen, clean)
		}
	}
}

// The accuracy under PGD that falls to less than half gives one warning a phase.
func TestCollapseWarnsOnce(t *testing.T) {
	o := attackOn(&FGSM{Start: "random"}, "linf", 1)
	o.Val = newToy(40, 16, 2)
	var warnings []string
	o.Warn = func(text string) { warnings = append(warnings, text) }
	tr := mustNew(t, toyNet(t, 1), underAttack(o))
	tr.pos.Robust = &Robust{Best: 0.99}
	if _, err := tr.Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("epoch 1: accuracy under PGD fell from 99.00 %% to ")
	if len(warnings) != 1 || !strings.HasPrefix(warnings[0], want) || !tr.pos.Robust.Fallen {
		t.Errorf("warnings are %q", warnings)
	}
}

func TestAdversarialRefuses(t *testing.T) {
	tokens := toyNet(t, 1)
	tokens.Vocabulary = 5
	good := func() *Adversarial {
		o := attackOn(&PGD{Steps: 2, Restarts: 1, Start: "random"}, "linf", 0.1)
		return o
	}
	teacher := &Distillation{Teacher: toyNet(t, 2), Form: classes(toyClasses), DistillSpec: DistillSpec{4, 0.5}}
	for want, change := range map[string]func(o *Options){
		"adversarial: eps must be at least 0, got -0.1":                            func(o *Options) { o.Adversarial.Eps = -0.1 },
		`adversarial: norm must be linf or l2, got "l1"`:                           func(o *Options) { o.Adversarial.Norm = "l1" },
		"adversarial: no attack":                                                   func(o *Options) { o.Adversarial.Attack = nil },
		"adversarial: steps must be at least 1 and at most 10000, got 0":           func(o *Options) { o.Adversarial.Attack = &PGD{Restarts: 1, Start: "random"} },
		"adversarial: restarts is 3, but from start clean all ways are the same":   func(o *Options) { o.Adversarial.Attack = &PGD{Steps: 1, Restarts: 3, Start: "clean"} },
		"adversarial: trades needs start: random":                                  func(o *Options) { o.Adversarial.Trades, o.Adversarial.Attack = 1, &FGSM{Start: "clean"} },
		"adversarial: trades needs the loss cross_entropy or focal":                func(o *Options) { o.Adversarial.Trades, o.Loss = 1, layers.Weighed{Loss: layers.CrossEntropy{}} },
		"adversarial: trades does not go with groups":                              func(o *Options) { o.Adversarial.Trades, o.Groups = 1, &WorstGroups{} },
		"adversarial: trades does not go with distillation":                        func(o *Options) { o.Adversarial.Trades, o.Distill = 1, teacher },
		"adversarial: the range of pixels is given for 3 channels, an input has 1": func(o *Options) { o.Adversarial.Std = make([]float32, 3) },
	} {
		o := underAttack(good())
		change(&o)
		if _, err := New(toyNet(t, 1), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
	if _, err := New(tokens, underAttack(good())); err == nil || !strings.Contains(err.Error(), "an attack moves pixels, but the network reads tokens") {
		t.Errorf("the error is %v", err)
	}
}
