package layers_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
)

// TestGoldenLosses: values and gradients are PyTorch's (testdata/goldens_losses.py).
func TestGoldenLosses(t *testing.T) {
	var g struct {
		K            int `json:"classes_count"`
		Logits       []float32
		Classes      []float32
		Second       []float32
		ClassWeights []float32 `json:"class_weights"`
		Numbers      []float32
		Labels       []float32
		Samples      []float32
		Seconds      []float32 `json:"second_samples"`
		Share        float32
		Cases        map[string]struct {
			Loss float64
			Grad []float64
		}
	}
	readJSON(t, "testdata/goldens_losses.json", &g)
	n := len(g.Classes)
	for name, c := range map[string]struct {
		loss nn.Loss
		layers.Examples
	}{
		"weighted":        {layers.CrossEntropy{ClassWeights: g.ClassWeights}, layers.Examples{Y: g.Classes}},
		"weighted smooth": {layers.CrossEntropy{ClassWeights: g.ClassWeights, Smoothing: 0.1}, layers.Examples{Y: g.Classes}},
		"focal":           {layers.CrossEntropy{Gamma: 2}, layers.Examples{Y: g.Classes}},
		"focal weighted":  {layers.CrossEntropy{Gamma: 0.5, ClassWeights: g.ClassWeights}, layers.Examples{Y: g.Classes}},
		"bce":             {layers.BinaryCrossEntropy{}, layers.Examples{Y: g.Labels}},
		"mse":             {layers.Weighed{Loss: layers.MeanSquare{}}, layers.Examples{Y: g.Numbers}},
		"huber":           {layers.Huber{Delta: 1.5}, layers.Examples{Y: g.Numbers}},
		"mixed":           {layers.Weighed{Loss: layers.CrossEntropy{Smoothing: 0.1}}, layers.Examples{Y: g.Classes, Second: g.Second}},
		"samples mixed":   {layers.Weighed{Loss: layers.CrossEntropy{ClassWeights: g.ClassWeights}}, layers.Examples{Y: g.Classes, Second: g.Second, Weights: g.Samples, SecondWeights: g.Seconds}},
		"huber samples":   {layers.Weighed{Loss: layers.Huber{Delta: 1.5}}, layers.Examples{Y: g.Numbers, Weights: g.Samples}},
	} {
		net, probes := around(t, &layers.Add{}, n, nil, nn.Shape{g.K})
		p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: n, Loss: c.loss})
		copy(probes[0].value.Data(), g.Logits)
		if w, ok := c.loss.(layers.Weighed); ok {
			c.Share = g.Share
			w.Pack(p.Target, c.Examples, n)
		} else if copy(p.Target, c.Y); len(c.Y) != len(p.Target) {
			t.Fatalf("%s: %d targets", name, len(p.Target))
		}
		p.Run()
		want := g.Cases[name]
		if math.Abs(p.Loss()-want.Loss) > 1e-6*max(1, want.Loss) || want.Loss == 0 {
			t.Errorf("%s: loss %g, want %g", name, p.Loss(), want.Loss)
		}
		for i, got := range p.Grad(probes[0].value) {
			if math.Abs(float64(got)-want.Grad[i]) > 1e-6 {
				t.Errorf("%s: gradient %d is %g, want %g", name, i, got, want.Grad[i])
			}
		}
		if allocated := testing.AllocsPerRun(5, p.Run); allocated != 0 {
			t.Errorf("%s: a run allocates %g times", name, allocated)
		}
		p.Target[0] = float32(math.NaN())
		if p.Run(); !math.IsNaN(p.Loss()) {
			t.Errorf("%s: the loss of a target that is no number is %g", name, p.Loss())
		}
	}
}

// TestLossGradients compares with finite differences, of sequences for cross-entropy.
func TestLossGradients(t *testing.T) {
	const batch = 4
	weights := []float32{0.5, 1, 2}
	for name, c := range map[string]struct {
		loss    nn.Loss
		classes int // 0: numbers, −1: labels
	}{
		"focal":   {layers.CrossEntropy{Gamma: 2}, 3},
		"weights": {layers.CrossEntropy{ClassWeights: weights, Smoothing: 0.2}, 3},
		"bce":     {layers.BinaryCrossEntropy{}, -1},
		"mixed":   {layers.Weighed{Loss: layers.CrossEntropy{ClassWeights: weights}}, 3},
	} {
		rng := rand.New(rand.NewPCG(3, 4))
		net, _ := around(t, &layers.Gate{PerChannel: true}, batch, rng, nn.Shape{3, 2})
		for _, p := range net.Params() {
			copy(p.Data(), normal(p.Size(), rng))
		}
		p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: c.loss})
		y, second := make([]float32, len(p.Target)), make([]float32, len(p.Target))
		for i := range y {
			switch {
			case c.classes > 0:
				y[i], second[i] = float32(rng.IntN(c.classes)), float32(rng.IntN(c.classes))
			default:
				y[i] = float32(rng.IntN(2))
			}
		}
		if w, ok := c.loss.(layers.Weighed); ok {
			w.Pack(p.Target, layers.Examples{Y: y, Second: second, Weights: []float32{1, 2, 0.5, 0}, SecondWeights: []float32{0, 1, 3, 2}, Share: 0.75}, batch)
		} else {
			copy(p.Target, y)
		}
		checkGradients(t, p, rng, p.Loss)
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// TestWeighedByOnes: examples that all count the same, and no second ones, give the plain loss.
func TestWeighedByOnes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 5
	for _, loss := range []nn.Loss{layers.CrossEntropy{}, layers.CrossEntropy{Smoothing: 0.1}, layers.MeanSquare{}} {
		logits := normal(3*n, rng)
		var values [2]float64
		for i, l := range []nn.Loss{loss, layers.Weighed{Loss: loss}} {
			net, probes := around(t, &layers.Add{}, n, nil, nn.Shape{3})
			p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: n, Loss: l})
			copy(probes[0].value.Data(), logits)
			y := make([]float32, n*nn.TargetsOf(loss, nn.Shape{3}))
			for j := range y {
				y[j] = float32(j % 3)
			}
			if w, ok := l.(layers.Weighed); ok {
				w.Pack(p.Target, layers.Examples{Y: y}, n)
			} else {
				copy(p.Target, y)
			}
			p.Run()
			values[i] = p.Loss()
		}
		if math.Abs(values[0]-values[1]) > 1e-6 {
			t.Errorf("%T: %g plain, %g weighed", loss, values[0], values[1])
		}
	}
}

// TestLossesAndTargets: a loss that does not fit the targets says which do.
func TestLossesAndTargets(t *testing.T) {
	classes, labels, numbers := layers.TargetForm{Classes: 3}, layers.TargetForm{Labels: true}, layers.TargetForm{}
	for _, c := range []struct {
		kind string
		form layers.TargetForm
		want string // "": it fits
	}{
		{"cross_entropy", classes, ""}, {"focal", classes, ""}, {"bce", labels, ""}, {"mse", numbers, ""}, {"huber", numbers, ""},
		{"cross_entropy", numbers, "cross_entropy is for classes, but targets are numbers; use mse or huber"},
		{"focal", labels, "use bce"},
		{"bce", classes, "use cross_entropy or focal"},
		{"mse", classes, "mse is for numbers, but targets are classes"},
		{"huber", labels, "but targets are labels"},
		{"focal", layers.TargetForm{Classes: 3, Smoothing: 0.1}, "focal takes no label smoothing"},
	} {
		kind, err := layers.Losses.New(c.kind)
		if err != nil {
			t.Fatal(err)
		}
		_, err = kind.For(c.form)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s for %+v: %v, want %q", c.kind, c.form, err, c.want)
		}
	}
}

func TestBinaryCrossEntropyScore(t *testing.T) {
	l := layers.BinaryCrossEntropy{}
	if loss, correct := l.Score([]float32{0}, 1); math.Abs(loss-math.Ln2) > 1e-12 || correct {
		t.Errorf("an output of 0: loss %g, correct %t", loss, correct)
	}
	if loss, correct := l.Score([]float32{100}, 1); loss > 1e-12 || !correct {
		t.Errorf("a sure output: loss %g, correct %t", loss, correct)
	}
	if loss, correct := l.Score([]float32{1}, 0.5); !math.IsNaN(loss) || correct {
		t.Errorf("a target of 0.5: loss %g, correct %t", loss, correct)
	}
}
