package train

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"pare/layers"
	"pare/nn"
	"pare/prune"
)

// cutter removes zero units after given steps.
type cutter struct {
	at      map[int]bool
	removed int
}

func (c *cutter) Begin(*nn.Network)                        {}
func (c *cutter) Every() int                               { return 1 }
func (c *cutter) Unmet() bool                              { return false }
func (c *cutter) State() ([]byte, error)                   { return []byte("{}"), nil }
func (c *cutter) Restore([]byte) error                     { return nil }
func (c *cutter) Penalties(*nn.Network) ([]Penalty, error) { return nil, nil }
func (c *cutter) Reshape(net *nn.Network, at Place) (*Reshaped, error) {
	if !c.at[at.Step] {
		return nil, nil
	}
	small, r, err := prune.Prune(net, prune.Options{Random: 4})
	if err != nil {
		return nil, err
	}
	c.removed += r.Removed.Channels + r.Removed.Units
	return &Reshaped{Net: small, Shrink: &ShrinkRecord{Params: r.After.Params}}, nil
}

// convnet is toyNet without dropout, whose masks would fall on other units, and
// without the bias before the normalisation, whose gradient is rounding alone.
func convnet(t *testing.T) *nn.Network {
	t.Helper()
	net, err := nn.New("plain", nn.Shape{1, toySide, toySide}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []struct {
		name  string
		layer nn.Layer
	}{
		{"conv", &layers.Conv{Out: 6, Kernel: layers.Square(3), Pad: layers.Around(1), NoBias: true}}, {"bn", &layers.BatchNorm{}}, {"relu", newLayer(t, "relu")},
		{"flat", &layers.Flatten{}}, {"fc", &layers.Linear{Out: toyClasses}},
	} {
		if err := net.Add(l.name, l.layer); err != nil {
			t.Fatal(err)
		}
	}
	return net
}

// closeChannels zeroes the weights and the normalisation of channels 1 and 4.
func closeChannels(net *nn.Network) {
	for _, slots := range nn.MapUnits(net).Slots() {
		for _, s := range slots {
			if net.Nodes[s.Node].Name == "fc" || s.Index != 1 && s.Index != 4 || !s.Param.Trainable() {
				continue
			}
			n, stride := s.Param.AxisLen(s.Axis)
			for i := range s.Param.Data() {
				if i/stride%n == s.Index {
					s.Param.Data()[i] = 0
				}
			}
		}
	}
}

// holder is the whole network with the channels held at zero after every step.
type holder struct{ cutter }

func (h *holder) Reshape(net *nn.Network, _ Place) (*Reshaped, error) {
	closeChannels(net)
	return nil, nil
}

// TestStepsAfterShrinking: training on the small network is that of the whole one
// with the removed groups held at zero, moments included.
func TestStepsAfterShrinking(t *testing.T) {
	for _, opt := range []OptimizerSpec{
		&SGD{LR: 0.05, Momentum: 0.9, Nesterov: true, Decay: Decay{WeightDecay: 1e-3}},
		NewAdam(0.01), &Adam{LR: 0.01, Decay: Decay{WeightDecay: 0.1}, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decoupled: true}} {
		t.Run(kind(opt), func(t *testing.T) {
			train := func(r Reshaper) *nn.Network {
				tr := mustNew(t, convnet(t), Options{Train: newToy(96, 16, 1), Loss: layers.CrossEntropy{},
					Optimizer: opt, Epochs: 2, Seed: 5, Reshaper: r})
				if _, err := tr.Fit(t.Context()); err != nil {
					t.Fatal(err)
				}
				return tr.Network()
			}
			whole := train(&holder{})
			cut := &closing{cutter: cutter{at: map[int]bool{3: true}}}
			small := train(cut)
			if cut.removed != 2 {
				t.Fatalf("%d channels were removed, want 2", cut.removed)
			}
			compareOutputs(t, whole, small)
		})
	}
}

// closing holds the channels at zero as holder does, until they are removed.
type closing struct{ cutter }

func (c *closing) Reshape(net *nn.Network, at Place) (*Reshaped, error) {
	if c.removed == 0 {
		closeChannels(net)
	}
	return c.cutter.Reshape(net, at)
}

func compareOutputs(t *testing.T, a, b *nn.Network) {
	t.Helper()
	data := newToy(32, 32, 9)
	outputs := func(net *nn.Network) []float32 {
		p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: 32})
		if err != nil {
			t.Fatal(err)
		}
		copy(p.X, data.x)
		p.Run()
		return p.Output()
	}
	x, y := outputs(a), outputs(b)
	for i := range x {
		if math.Abs(float64(x[i]-y[i])) > 1e-4*(1+math.Abs(float64(x[i]))) {
			t.Fatalf("output %d is %g on the whole network, %g on the small one", i, x[i], y[i])
		}
	}
}

// TestReshapeErrors: options that do not go together are refused.
func TestReshapeErrors(t *testing.T) {
	o := Options{Train: newToy(96, 16, 1), Val: newToy(16, 16, 2), Loss: layers.CrossEntropy{}, Optimizer: &SGD{LR: 0.1},
		Epochs: 1}
	dir := t.TempDir()
	o.Dir, o.Reshaper = dir, &closing{cutter{at: map[int]bool{2: true}}}
	if _, err := mustNew(t, convnet(t), o).Fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	c, _, err := LatestCheckpoint(dir)
	if err != nil {
		t.Fatal(err)
	}
	o.Reshaper = nil
	if err := mustNew(t, convnet(t), o).Resume(c); !errors.Is(err, ErrMismatch) {
		t.Errorf("a checkpoint of a changed network without what changes it: %v", err)
	}
	o.Reshaper = &cutter{}
	tr := mustNew(t, convnet(t), o)
	if err := tr.Resume(c); err != nil {
		t.Error(err)
	}
	if conv, _ := tr.Network().Lookup("conv"); conv == nil || conv.Shape.Units() != 4 {
		t.Errorf("the resumed network has %+v", conv)
	}
}

// TestBestAfterShrinking: the best epoch is one after the last removal, whose weights the
// phase ends with, also where it was interrupted between the two.
func TestBestAfterShrinking(t *testing.T) {
	for _, stop := range []int{0, 10} { // a step to interrupt after; 0: none
		dir := t.TempDir()
		var best []NamedTensor
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var tr *Trainer
		o := Options{Train: newToy(96, 16, 1), Val: newToy(40, 16, 2), Loss: layers.CrossEntropy{}, Optimizer: &SGD{LR: 0.05}, Epochs: 4, Dir: dir,
			Stop: EarlyStopSpec{Restore: "best", MinDelta: 100}} // the first epoch that counts is the best
		session := func() (Result, error) {
			o.Reshaper = &closing{cutter: cutter{at: map[int]bool{8: true}}}
			o.Reporter = callback{step: func(s Status) {
				if s.Step == stop {
					cancel()
				}
			}, epoch: func(s Status, _ Record) {
				if s.Epoch == 2 {
					best = cloneTensors(paramTensors(tr.Network()))
				}
			}}
			tr = mustNew(t, convnet(t), o)
			if c, _, err := LatestCheckpoint(dir); err == nil {
				if err := tr.Resume(c); err != nil {
					t.Fatal(err)
				}
			}
			return tr.Fit(ctx)
		}
		res, err := session()
		if stop > 0 {
			if !errors.Is(err, ErrInterrupted) {
				t.Fatalf("not interrupted: %v", err)
			}
			ctx = t.Context()
			res, err = session()
		}
		if err != nil {
			t.Fatal(err)
		}
		if res.Best == nil || res.Best.Epoch != 2 || res.Epochs != 4 {
			t.Fatalf("result %+v, best %+v: want the best in epoch 2 of 4", res, res.Best)
		}
		if conv, _ := tr.Network().Lookup("conv"); conv.Shape.Units() != 4 {
			t.Fatalf("nothing was removed: %v", conv.Shape)
		}
		expectSame(t, "weights at the end", paramTensors(tr.Network()), best)
		cancel()
	}
}
