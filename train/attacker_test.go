package train

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pare/attack"
	"pare/internal/kernel/parallel"
	"pare/layers"
	"pare/nn"
)

// TestGoldenAttacks: attacked examples are PyTorch's (testdata/attacks.py).
func TestGoldenAttacks(t *testing.T) {
	var g struct {
		Classes, Hidden                 int
		Mean, Std, X, Y, W1, B1, W2, B2 []float32
		Cases                           map[string]struct {
			Eps, Step float64
			Norm      string
			Steps     int
			X         []float64
		}
	}
	text, err := os.ReadFile("testdata/attacks.json")
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	n, d := len(g.Y), len(g.X)/len(g.Y)
	net := chain(t, nn.Shape{d}, &layers.Linear{Out: g.Hidden}, newLayer(t, "relu"), &layers.Linear{Out: g.Classes})
	for i, values := range [][]float32{g.W1, g.B1, g.W2, g.B2} {
		p := net.Params()[i]
		if len(p.Shape()) == 1 {
			copy(p.Data(), values)
			continue
		}
		in, out := p.Shape()[0], p.Shape()[1]
		for j := range values { // PyTorch stores the output first
			p.Data()[j%in*out+j/in] = values[j]
		}
	}
	for name, c := range g.Cases {
		a := newAttacker(t, net, &Adversarial{Mean: slices.Repeat(g.Mean, d/len(g.Mean)), Std: slices.Repeat(g.Std, d/len(g.Std)),
			Attack: &PGD{Steps: c.Steps, Step: c.Step, Restarts: 1, Start: "clean"}, AdversarialSpec: AdversarialSpec{Norm: c.Norm, Eps: c.Eps}}, n)
		x := make([]float32, len(g.X))
		a.Move(x, Batch{X: g.X, Y: g.Y, N: n}, 0)
		for i, want := range c.X {
			if math.Abs(float64(x[i])-want) > 2e-6 {
				t.Errorf("%s: value %d of example %d is %g, want %g", name, i%d, i/d, x[i], want)
			}
		}
	}
}

func newAttacker(t *testing.T, net *nn.Network, o *Adversarial, batch int) *Attacker {
	t.Helper()
	a, err := NewAttacker(net, o, layers.CrossEntropy{}, batch, 1)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// attackOn is an attack on images of toy, whose pixels are value·0.5 + 0.4.
func attackOn(kind Attack, norm string, eps float64) *Adversarial {
	return &Adversarial{Mean: []float32{0.4}, Std: []float32{0.5}, Attack: kind, AdversarialSpec: AdversarialSpec{Norm: norm, Eps: eps}}
}

// Attacked examples lie in the ball and in the range of pixels, in exact numbers, except where
// the clean value does not; and the loss of the network grows.
func TestAttacksStayInTheBall(t *testing.T) {
	net, data := toyNet(t, 1), newToy(16, 16, 3)
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Eval, Batch: 16, Loss: layers.CrossEntropy{}})
	if err != nil {
		t.Fatal(err)
	}
	loss := func(x []float32) float64 {
		copy(p.X, x)
		copy(p.Target, data.y)
		p.Run()
		return p.Loss()
	}
	rapid.Check(t, func(t *rapid.T) {
		norm := rapid.SampledFrom([]string{"linf", "l2"}).Draw(t, "norm")
		start := rapid.SampledFrom([]string{"random", "clean"}).Draw(t, "start")
		eps := rapid.Float64Range(1e-3, 3).Draw(t, "eps")
		var kind Attack = &PGD{Steps: rapid.IntRange(1, 4).Draw(t, "steps"), Restarts: 1, Start: start}
		if rapid.Bool().Draw(t, "fgsm") {
			kind = &FGSM{Start: start}
		}
		if rapid.Bool().Draw(t, "restarts") && start == "random" {
			kind = &PGD{Steps: 2, Restarts: 3, Start: start}
		}
		o := attackOn(kind, norm, eps)
		if rapid.Bool().Draw(t, "trades") && start == "random" {
			o.Trades = 1
		}
		a, err := NewAttacker(net, o, layers.CrossEntropy{}, 16, rapid.Uint64().Draw(t, "seed"))
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float32, len(data.x))
		a.Move(x, Batch{X: data.x, Y: data.y, N: 16}, rapid.Uint64().Draw(t, "stream"))
		for i := range 16 {
			norm2, largest := 0.0, 0.0
			for j, v := range x[i*toySize:][:toySize] {
				clean := data.x[i*toySize+j]
				d := (float64(v) - float64(clean)) * 0.5
				norm2, largest = norm2+d*d, max(largest, math.Abs(d))
				mean, std := float64(o.Mean[0]), float64(o.Std[0])
				if lo, hi := min(float32(-mean/std), clean), max(float32((1-mean)/std), clean); v < lo || v > hi {
					t.Fatalf("value %d of example %d is %g, out of [%g, %g]", j, i, v, lo, hi)
				}
			}
			if norm == "linf" && largest > eps || norm == "l2" && math.Sqrt(norm2) > eps*(1+1e-15) {
				t.Fatalf("example %d moved by %.17g (linf), %.17g (l2), more than %.17g", i, largest, math.Sqrt(norm2), eps)
			}
		}
		if pgd, ok := kind.(*PGD); ok && pgd.Restarts == 1 && o.Trades == 0 && start == "clean" {
			pgd.Step = eps / 100 // along the gradient, however curved the loss
			a.Move(x, Batch{X: data.x, Y: data.y, N: 16}, 0)
			if eps < 0.1 && loss(x) <= loss(data.x) {
				t.Fatalf("the loss is %g after the attack, %g before", loss(x), loss(data.x))
			}
		}
	})
}

// In double precision package attack goes the same way from the clean examples.
func TestAttacksAreThoseOfPackageAttack(t *testing.T) {
	net, data := toyNet(t, 1), newToy(24, 24, 3)
	model, err := attack.NewNetwork(net, 24)
	if err != nil {
		t.Fatal(err)
	}
	var examples attack.Examples
	for i, v := range data.x {
		examples.X = append(examples.X, float64(v))
		if i%toySize == 0 {
			examples.Labels = append(examples.Labels, int(data.y[i/toySize]))
		}
	}
	for _, norm := range []attack.Norm{attack.Linf, attack.L2} {
		const eps, steps = 0.0625, 4
		pixels := attack.Range{Upper: 1, Mean: []float64{0.5}, Std: []float64{0.125}}
		reference, err := attack.New(model, attack.Threat{Norm: norm, Eps: eps, Range: pixels},
			&attack.PGD{Steps: steps, Restarts: 1, Start: "clean"}, attack.Options{Maximise: true})
		if err != nil {
			t.Fatal(err)
		}
		want, err := reference.Run(t.Context(), examples)
		if err != nil {
			t.Fatal(err)
		}
		o := attackOn(&PGD{Steps: steps, Restarts: 1, Start: "clean"}, string(norm), eps)
		o.Mean, o.Std = []float32{0.5}, []float32{0.125}
		x := make([]float32, len(data.x))
		newAttacker(t, net, o, 24).Move(x, Batch{X: data.x, Y: data.y, N: 24}, 0)
		for i, v := range x {
			if math.Abs(float64(v)-want.X[i]) > 1e-5 {
				t.Errorf("%s: value %d is %g, package attack has %g", norm, i, v, want.X[i])
			}
		}
	}
}

// One seed and one stream give one result for any number of threads and any place in a larger
// batch; other streams give others.
func TestAttacksRepeat(t *testing.T) {
	defer parallel.SetThreads(0)
	net, data := toyNet(t, 1), newToy(16, 16, 3)
	for _, norm := range []string{"linf", "l2"} {
		a := newAttacker(t, net, attackOn(&PGD{Steps: 3, Restarts: 2, Start: "random"}, norm, 0.2), 16)
		move := func(n int, stream uint64) []float32 {
			x := make([]float32, n*toySize)
			a.Move(x, Batch{X: data.x[:n*toySize], Y: data.y[:n], N: n}, stream)
			return x
		}
		parallel.SetThreads(1)
		want := move(16, 7)
		parallel.SetThreads(2)
		if !slices.Equal(move(16, 7), want) || slices.Equal(move(16, 8), want) {
			t.Errorf("%s: two threads move examples elsewhere, or another stream does not", norm)
		}
		if !slices.Equal(move(5, 7), want[:5*toySize]) {
			t.Errorf("%s: examples of a smaller batch move elsewhere", norm)
		}
	}
}

// Of several starts each example keeps the one with the largest loss.
func TestRestartsKeepTheWorst(t *testing.T) {
	net, data := toyNet(t, 1), newToy(16, 16, 3)
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: 16})
	if err != nil {
		t.Fatal(err)
	}
	losses := func(restarts int) []float64 {
		a := newAttacker(t, net, attackOn(&PGD{Steps: 1, Step: 0.01, Restarts: restarts, Start: "random"}, "linf", 0.3), 16)
		a.Move(p.X, Batch{X: data.x, Y: data.y, N: 16}, 0)
		p.Run()
		out := make([]float64, 16)
		for i := range out {
			if out[i], _, err = CrossEntropyScore(p.Output()[i*toyClasses:][:toyClasses], data.y[i]); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	one, five, grew := losses(1), losses(5), 0
	for i := range one {
		if five[i] < one[i] {
			t.Errorf("example %d: the loss is %g with five starts, %g with the first", i, five[i], one[i])
		}
		if five[i] > one[i] {
			grew++
		}
	}
	if grew < 8 {
		t.Errorf("four more starts raise the loss of %d of 16 examples", grew)
	}
}

// Random starts of l2 have a uniform length: half of them lie within half of the radius.
func TestRandomStartsFillTheBall(t *testing.T) {
	net := chain(t, nn.Shape{2}, &layers.Linear{Out: 2})
	const n = 4000
	a := newAttacker(t, net, &Adversarial{Mean: []float32{0.5, 0.5}, Std: []float32{1, 1},
		Attack: &FGSM{Step: 1e-30, Start: "random"}, AdversarialSpec: AdversarialSpec{Norm: "l2", Eps: 0.25}}, n)
	x := make([]float32, 2*n)
	a.Move(x, Batch{X: make([]float32, 2*n), Y: make([]float32, n), N: n}, 0)
	inner := 0
	for i := range n {
		if math.Hypot(float64(x[2*i]), float64(x[2*i+1])) < 0.125 {
			inner++
		}
	}
	if inner < 1900 || inner > 2100 { // 100 are more than three standard deviations
		t.Errorf("%d of %d starts lie within half of the radius, expected about half", inner, n)
	}
}

func TestAttackerRefuses(t *testing.T) {
	tokens := toyNet(t, 1)
	tokens.Vocabulary = 5
	o := attackOn(&FGSM{Start: "clean"}, "linf", 0.1)
	if _, err := NewAttacker(tokens, o, layers.CrossEntropy{}, 4, 1); err == nil || !strings.Contains(err.Error(), "an attack moves pixels, but the network reads tokens") {
		t.Errorf("the error is %v", err)
	}
	o.Std = []float32{1, 1}
	if _, err := NewAttacker(toyNet(t, 1), o, layers.CrossEntropy{}, 4, 1); err == nil ||
		!strings.Contains(err.Error(), "the range of pixels is given for 2 channels, an input has 1") {
		t.Errorf("the error is %v", err)
	}
}

// BenchmarkAttackStep times a step of PGD beside a step of training on the same network.
func BenchmarkAttackStep(b *testing.B) {
	net, err := nn.New("cnn", nn.Shape{1, 28, 28}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		b.Fatal(err)
	}
	for _, l := range []nn.Layer{&layers.Conv{Out: 4, Kernel: layers.Square(1)}, layers.ReLU(),
		&layers.Conv{Out: 20, Kernel: layers.Square(4), Stride: layers.Square(2), Pad: layers.Around(1)}, layers.ReLU(),
		&layers.Conv{Out: 40, Kernel: layers.Square(4), Stride: layers.Square(2), Pad: layers.Around(1)}, layers.ReLU(),
		&layers.Flatten{}, &layers.Linear{Out: 100}, layers.ReLU(), &layers.Linear{Out: 10}} {
		if err := net.Add(string(rune(97+len(net.Nodes))), l); err != nil {
			b.Fatal(err)
		}
	}
	const batch = 128
	for name, o := range map[string]nn.CompileOptions{
		"training": {Mode: nn.Train, Batch: batch, Loss: layers.CrossEntropy{}},
		"attack":   {Mode: nn.Eval, Batch: batch, Loss: layers.CrossEntropy{}, InputGradient: true},
	} {
		p, err := nn.Compile(net, o)
		if err != nil {
			b.Fatal(err)
		}
		for i := range p.X {
			p.X[i] = rand.Float32()
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p.Run()
			}
		})
	}
	a, err := NewAttacker(net, &Adversarial{Mean: []float32{0}, Std: []float32{1}, Attack: &PGD{Steps: 10, Restarts: 1, Start: "random"},
		AdversarialSpec: AdversarialSpec{Norm: "linf", Eps: 0.3}}, layers.CrossEntropy{}, batch, 1)
	if err != nil {
		b.Fatal(err)
	}
	x := make([]float32, batch*784)
	b.Run("pgd of 10 steps", func(b *testing.B) {
		for b.Loop() {
			a.Move(x, Batch{X: x, Y: make([]float32, batch), N: batch}, 0)
		}
	})
}

// BenchmarkMove times the geometry of an attack alone: the network is one small layer.
func BenchmarkMove(b *testing.B) {
	for _, norm := range []string{"linf", "l2"} {
		net, err := nn.New("linear", nn.Shape{3, 16, 16}, rand.New(rand.NewPCG(1, 2)))
		if err != nil {
			b.Fatal(err)
		}
		for _, l := range []nn.Layer{&layers.Flatten{}, &layers.Linear{Out: 2}} {
			if err := net.Add(l.Kind(), l); err != nil {
				b.Fatal(err)
			}
		}
		const batch = 8
		a, err := NewAttacker(net, &Adversarial{Mean: []float32{0.4, 0.4, 0.4}, Std: []float32{0.5, 0.5, 0.5},
			Attack: &PGD{Steps: 20, Restarts: 1, Start: "random"}, AdversarialSpec: AdversarialSpec{Norm: norm, Eps: 0.3}}, layers.CrossEntropy{}, batch, 1)
		if err != nil {
			b.Fatal(err)
		}
		x := make([]float32, batch*net.Input.Size())
		b.Run(norm, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a.Move(x, Batch{X: x, Y: make([]float32, batch), N: batch}, 0)
			}
		})
	}
}
