package unstructured

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pare/internal/kernel/parallel"
	"pare/layers"
	"pare/nn"
	"pare/train"
)

// TestDensities: Erdős–Rényi-Kernel agrees with masks.py, which follows its authors, and both rules keep
// the share that is asked for.
func TestDensities(t *testing.T) {
	lenet := func(t *testing.T) *nn.Network {
		return build(t, nn.Shape{1, 28, 28}, layer{"conv1", &layers.Conv{Out: 20, Kernel: layers.Square(5)}},
			layer{"pool1", &layers.MaxPool{Window: layers.Window{Kernel: layers.Square(2)}}},
			layer{"conv2", &layers.Conv{Out: 50, Kernel: layers.Square(5)}}, layer{"pool2", &layers.MaxPool{Window: layers.Window{Kernel: layers.Square(2)}}},
			layer{"flat", &layers.Flatten{}}, layer{"fc1", &layers.Linear{Out: 500}}, layer{"fc2", &layers.Linear{Out: 10}})
	}
	for _, c := range readGolden(t).ERK {
		net := small(t)
		if c.Name == "lenet5" {
			net = lenet(t)
		}
		weights, err := Layers{}.Weights(net)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{ERK, Uniform} {
			got, err := densities(weights, c.Share, kind)
			if err != nil && kind == Uniform && c.Name == "small" {
				continue // the first layer is too large a part of it
			}
			if err != nil {
				t.Fatal(err)
			}
			sum := 0.0
			for k, p := range weights {
				sum += got[k] * float64(p.Size())
				if !reflect.DeepEqual(p.ExportShape(), c.Shapes[p.Node.Name]) {
					t.Fatalf("%s has shape %v", p.Full, p.ExportShape())
				}
				if want := c.Densities[p.Node.Name]; kind == ERK && math.Abs(got[k]-want) > 1e-12 {
					t.Errorf("%s at %g: density %g of %s, want %g", c.Name, c.Share, got[k], p.Full, want)
				}
				if kind == Uniform && k > 0 && got[k] != got[1] || kind == Uniform && k == 0 && got[k] != 1 {
					t.Errorf("%s at %g: density %g of %s", c.Name, c.Share, got[k], p.Full)
				}
			}
			if want := c.Share * float64(total(weights)); math.Abs(sum-want) > 1e-6 {
				t.Errorf("%s at %g, %s: %g weights, want %g", c.Name, c.Share, kind, sum, want)
			}
		}
	}
	if _, err := NewRigL(small(t), Layers{}, 0.02, Growth{Uniform, 0.3}, DefaultSchedule(), 1000, 1); err == nil ||
		err.Error() != "budget: the layer conv1 stays dense and has more weights than the 0.02 of all that are to be kept; "+
			"keep more, or choose densities: erk" {
		t.Error(err)
	}
}

// TestGradual: the shares are those of equation 1 of Zhu & Gupta 2017, and weights that are
// gone do not come back.
func TestGradual(t *testing.T) {
	net := small(t)
	g, err := NewGradual(net, Selection{Share: 0.1}, Schedule{From: 0.1, By: 0.7, Every: 10}, 100)
	if err != nil {
		t.Fatal(err)
	}
	_, all := zeros(t, net)
	rng := rand.New(rand.NewPCG(1, 1))
	gone := map[*nn.Param][]float32{}
	changes := 0
	for step := range 100 {
		i := float64(min(max(step/10-1, 0), 6))
		sparsity := 0.9 + (0-0.9)*math.Pow(1-i/6, 3) // s_f + (s_i − s_f)(1 − (t−t₀)/(nΔt))³
		if got := 1 - g.At(step); math.Abs(got-sparsity) > 1e-12 {
			t.Fatalf("step %d: sparsity %g, want %g", step, got, sparsity)
		}
		if due := step%10 == 0 && step >= 10 && step <= 70; g.Due(step) != due {
			t.Fatalf("step %d: due is %t", step, g.Due(step))
		}
		if g.Unmet(step) != (step <= 70) {
			t.Fatalf("step %d: unmet is %t", step, g.Unmet(step))
		}
		if !g.Due(step) {
			continue
		}
		changes++
		if instead, err := g.Update(net, train.Place{Step: step}); instead || err != nil {
			t.Fatal(instead, err)
		}
		g.apply()
		zero, _ := zeros(t, net)
		if want := int64(math.RoundToEven(sparsity * float64(all))); zero != want {
			t.Errorf("step %d: %d zeros, want %d", step, zero, want)
		}
		for _, p := range g.weights {
			mask := g.Frozen(p.Param)
			for k, held := range gone[p.Param] {
				if held != 0 && mask[k] == 0 {
					t.Fatalf("step %d: weight %d of %s is back", step, k, p.Full)
				}
			}
			gone[p.Param] = slices.Clone(mask)
			for k, v := range p.Data() { // the weights move on
				if v != 0 {
					p.Data()[k] += float32(rng.NormFloat64() * 0.1)
				}
			}
		}
	}
	if changes != 7 {
		t.Errorf("%d changes", changes)
	}
	for _, c := range []struct {
		s    Schedule
		want string
	}{
		{Schedule{0.5, 0.5, 1}, "schedule: from is 0.5, it must be below by, which is 0.5"},
		{Schedule{0.5, 0.6, 0}, "schedule: every is 0, it must be at least 1"},
		{Schedule{0.5, 0.6, 11},
			"schedule: every is 11, but there are 10 steps between from and by, of 100 in all; lower it, or train for longer"},
	} {
		if _, err := NewGradual(net, Selection{Share: 0.1}, c.s, 100); err == nil || err.Error() != c.want {
			t.Errorf("%+v: %v, want %s", c.s, err, c.want)
		}
	}
}

// TestRigL: each change drops the weights of least magnitude and grows those of the largest
// gradients, as many, which start at 0.
func TestRigL(t *testing.T) {
	net := small(t)
	r, err := NewRigL(net, Layers{}, 0.2, DefaultGrowth(), Schedule{0, 0.8, 10}, 100, 1)
	if err != nil {
		t.Fatal(err)
	}
	if r.Due(0) || !r.Due(10) || !r.Due(80) || r.Due(90) {
		t.Error("the steps of changes are wrong")
	}
	for step, want := range map[int]float64{0: 0.3, 40: 0.15, 80: 0} {
		if got := r.dropped(step); math.Abs(got-want) > 1e-12 {
			t.Errorf("step %d drops %g of the weights, want %g", step, got, want)
		}
	}
	rng := rand.New(rand.NewPCG(5, 5))
	grads := map[*nn.Param][]float32{}
	for _, p := range r.weights {
		g := make([]float32, p.Size())
		for i := range g {
			g[i] = float32(rng.NormFloat64())
		}
		grads[p.Param] = g
	}
	type state struct{ mask, values []float32 }
	before := map[*nn.Param]state{}
	for _, p := range r.weights {
		before[p.Param] = state{slices.Clone(r.Frozen(p.Param)), slices.Clone(p.Data())}
	}
	instead, err := r.Update(net, train.Place{Step: 20, Grad: func(p *nn.Param) []float32 { return grads[p] }})
	if !instead || err != nil {
		t.Fatal(instead, err)
	}
	r.apply()
	moved := 0
	for _, p := range r.weights {
		was, mask := before[p.Param], r.Frozen(p.Param)
		var active, size, slope []float32
		for i, held := range was.mask {
			if held == 0 {
				active = append(active, 1)
				size = append(size, float32(math.Abs(float64(was.values[i]))))
			} else {
				size = append(size, float32(math.Inf(1)))
			}
		}
		n := int(r.dropped(20) * float64(len(active)))
		dropped := least(size, n)
		for i, g := range grads[p.Param] {
			if was.mask[i] != 0 || slices.Contains(dropped, i) {
				slope = append(slope, -float32(math.Abs(float64(g))))
			} else {
				slope = append(slope, float32(math.Inf(1)))
			}
		}
		grown := least(slope, n)
		for i := range mask {
			held := was.mask[i] != 0 && !slices.Contains(grown, i) || slices.Contains(dropped, i) && !slices.Contains(grown, i)
			if held != (mask[i] != 0) {
				t.Fatalf("%s: weight %d is held: %t, want %t", p.Full, i, mask[i] != 0, held)
			}
			value := was.values[i]
			if held {
				value = 0
			}
			if p.Data()[i] != value || was.mask[i] != 0 && value != 0 {
				t.Fatalf("%s: weight %d is %g", p.Full, i, p.Data()[i])
			}
			if was.mask[i] != mask[i] {
				moved++
			}
		}
	}
	if moved == 0 {
		t.Error("no weight has moved")
	}
	if _, err := NewRigL(small(t), Layers{}, 0.2, DefaultGrowth(), Schedule{0, 0.8, 1}, 100, 1); err == nil ||
		err.Error() != "schedule: every is 1, but a change of masks takes the place of an update; it must be at least 2" {
		t.Error(err)
	}
}

// spy looks at the masks after every step.
type spy struct {
	train.Silent
	step func()
}

func (s spy) Step(train.Status) { s.step() }

// TestZerosStay: weights that are held are exactly 0 after each step of each optimizer, with
// their moments, and the number of weights of RigL is the same throughout.
func TestZerosStay(t *testing.T) {
	optimizers := map[string]train.OptimizerSpec{
		"sgd":      &train.SGD{LR: 0.05, Decay: train.Decay{WeightDecay: 0.01}},
		"momentum": &train.SGD{LR: 0.05, Momentum: 0.9, Nesterov: true},
		"adam":     train.NewAdam(0.01),
		"adamw":    &train.Adam{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Decoupled: true, Decay: train.Decay{WeightDecay: 0.1}},
		"rmda":     &train.RMDA{LR: 0.05, Momentum: 0.5},
		"ramda":    train.NewRAMDA(0.01),
	}
	for name, optimizer := range optimizers {
		for _, method := range []string{"fixed", "gradual", "rigl"} {
			net := small(t)
			source := images{n: 30, batch: 2, size: net.Input.Size(), classes: 10}
			masks := masksOf(t, net, method, 2*source.Batches())
			free := func() (n int) {
				for _, p := range net.Params() {
					for _, held := range masks.Frozen(p.Param) {
						n += 1 - int(held)
					}
				}
				return n
			}
			byName := map[string][]float32{}
			for _, p := range net.Params() {
				byName[p.Full] = masks.Frozen(p.Param)
			}
			first, steps := free(), 0
			var trainer *train.Trainer
			look := func() {
				steps++
				for _, p := range net.Params() {
					for i, held := range masks.Frozen(p.Param) {
						if held != 0 && math.Float32bits(p.Data()[i]) != 0 {
							t.Fatalf("%s, %s, step %d: %s[%d] is %g", name, method, steps, p.Full, i, p.Data()[i])
						}
					}
				}
				for _, s := range trainer.Checkpoint().Optimizer.Tensors {
					buffer, of, _ := strings.Cut(s.Name, "/")
					mask := byName[of]
					for i, v := range s.Data {
						if buffer != "frozen" && mask != nil && mask[i] != 0 && v != 0 {
							t.Fatalf("%s, %s, step %d: %s[%d] is %g", name, method, steps, s.Name, i, v)
						}
					}
				}
				if method == "rigl" && free() != first {
					t.Fatalf("%s, step %d: %d weights, at first %d", name, steps, free(), first)
				}
			}
			o := train.Options{Train: source, Loss: layers.CrossEntropy{}, Optimizer: optimizer, Epochs: 2, ClipNorm: 1,
				Masks: masks, Reporter: spy{step: look}}
			var err error
			if trainer, err = train.New(net, o); err != nil {
				t.Fatal(err)
			}
			if _, err := trainer.Fit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if steps != 2*source.Batches() {
				t.Errorf("%d steps", steps)
			}
			if zero, all := zeros(t, net); method == "gradual" && math.Abs(float64(zero)/float64(all)-0.9) > 1e-3 {
				t.Errorf("%s: %d of %d weights are 0", name, zero, all)
			}
		}
	}
}

// masksOf makes the masks of a training of so many steps that keep a tenth or a fifth of the
// weights.
func masksOf(t *testing.T, net *nn.Network, method string, steps int) train.Masks {
	t.Helper()
	var masks train.Masks
	var err error
	switch method {
	case "fixed":
		if err := (Selection{Share: 0.1}).Zero(net); err != nil {
			t.Fatal(err)
		}
		masks = Zeros(net)
	case "gradual":
		masks, err = NewGradual(net, Selection{Share: 0.1}, Schedule{0.1, 0.8, 3}, steps)
	case "rigl":
		masks, err = NewRigL(net, Layers{}, 0.2, DefaultGrowth(), Schedule{0, 0.9, 3}, steps, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	return masks
}

// TestThreads: any number of threads gives the same network.
func TestThreads(t *testing.T) {
	defer parallel.SetThreads(0)
	for _, method := range []string{"gradual", "rigl"} {
		var want []uint32
		for _, threads := range []int{1, 2, 5} {
			parallel.SetThreads(threads)
			net := small(t)
			source := images{n: 80, batch: 8, size: net.Input.Size(), classes: 10}
			o := train.Options{Train: source, Loss: layers.CrossEntropy{}, Optimizer: &train.SGD{LR: 0.05, Momentum: 0.9}, Epochs: 2,
				Masks: masksOf(t, net, method, 2*source.Batches())}
			trainer, err := train.New(net, o)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := trainer.Fit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := bits(net); want == nil {
				want = got
			} else if !slices.Equal(got, want) {
				t.Errorf("%s: %d threads give another network", method, threads)
			}
		}
	}
}

// TestRewind: weights that are 0 stay 0, all other parameters have the earlier values.
func TestRewind(t *testing.T) {
	net, early := small(t), small(t)
	for _, p := range net.Params() {
		for i := range p.Data() {
			p.Data()[i] += 0.5
		}
	}
	if err := (Selection{Share: 0.3}).Zero(net); err != nil {
		t.Fatal(err)
	}
	pruned := Zeros(net)
	if err := Rewind(net, early); err != nil {
		t.Fatal(err)
	}
	from := early.Params()
	for k, p := range net.Params() {
		mask := pruned.Frozen(p.Param)
		for i, v := range p.Data() {
			want := from[k].Data()[i]
			if mask != nil && mask[i] != 0 {
				want = 0
			}
			if v != want {
				t.Fatalf("%s[%d] is %g, want %g", p.Full, i, v, want)
			}
		}
	}
	other := build(t, nn.Shape{3, 6, 6}, layer{"flat", &layers.Flatten{}}, layer{"fc", &layers.Linear{Out: 10}})
	if err := Rewind(net, other); err == nil {
		t.Error("another architecture is accepted")
	}
}
