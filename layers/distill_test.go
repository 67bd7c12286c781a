package layers_test

import (
	"math"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
)

// TestGoldenDistillation: values and gradients are PyTorch's (testdata/goldens_distill.py).
func TestGoldenDistillation(t *testing.T) {
	var g struct {
		Batch, Classes, Steps int
		Temperature, Weight   float64
		Units                 []float32
		Cases                 map[string]struct {
			Student, Teacher, Targets []float32
			Loss                      float64
			Grad                      []float64
		}
	}
	readJSON(t, "testdata/goldens_distill.json", &g)
	for name, c := range map[string]struct {
		own   nn.Loss
		form  layers.TargetForm
		shape nn.Shape
	}{
		"classes": {layers.CrossEntropy{}, layers.TargetForm{Classes: g.Classes}, nn.Shape{g.Classes}},
		"tokens":  {layers.CrossEntropy{}, layers.TargetForm{Classes: g.Classes}, nn.Shape{g.Classes, g.Steps}},
		"labels":  {layers.BinaryCrossEntropy{}, layers.TargetForm{Labels: true}, nn.Shape{g.Classes}},
		"numbers": {layers.MeanSquare{Units: g.Units}, layers.TargetForm{Units: g.Units}, nn.Shape{g.Classes}},
	} {
		want := g.Cases[name]
		net, probes := around(t, &layers.Add{}, g.Batch, nil, c.shape)
		loss := layers.Distilled{Loss: c.own, Form: c.form, Teacher: want.Teacher, Temperature: g.Temperature, Weight: g.Weight}
		p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: g.Batch, Loss: loss})
		copy(probes[0].value.Data(), want.Student)
		if len(p.Target) != len(want.Targets) {
			t.Fatalf("%s: %d targets, want %d", name, len(p.Target), len(want.Targets))
		}
		copy(p.Target, want.Targets)
		p.Run()
		if math.Abs(p.Loss()-want.Loss) > 1e-6*want.Loss || want.Loss == 0 {
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
	}
}

// A teacher that agrees leaves the loss of the targets alone.
func TestDistillationByItself(t *testing.T) {
	for _, form := range []layers.TargetForm{{Classes: 3}, {Labels: true}, {}} {
		own, err := form.Default().For(form)
		if err != nil {
			t.Fatal(err)
		}
		net, probes := around(t, &layers.Add{}, 2, nil, nn.Shape{3})
		output := []float32{1, -2, 3, 0.5, 30, -40}
		copy(probes[0].value.Data(), output)
		loss := func(l nn.Loss) float64 {
			p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: 2, Loss: l})
			for i := range p.Target {
				p.Target[i] = float32(i % 2)
			}
			p.Run()
			return p.Loss()
		}
		got := loss(layers.Distilled{Loss: own, Form: form, Teacher: output, Temperature: 2, Weight: 0.25})
		if want := 0.75 * loss(own); math.Abs(got-want) > 1e-6*want {
			t.Errorf("%s: the loss is %g, want %g", form.Noun(), got, want)
		}
	}
	net, _ := around(t, &layers.Add{}, 2, nil, nn.Shape{3})
	_, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: 2, Loss: layers.Distilled{Loss: layers.CrossEntropy{}, Teacher: make([]float32, 4)}})
	if err == nil || !strings.Contains(err.Error(), "the teacher has 4 outputs for a batch, the network has 6") {
		t.Errorf("the error is %v", err)
	}
}
