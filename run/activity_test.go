package run

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"pare/config"
	"pare/layers"
	"pare/layers/activity"
)

const sparseActivations = `penalties:
  - {type: l1, on: activations, lambda: 0.3, ramp: 0.5, revive: {after: 10}}
`

// TestActivationPenalty: a run with the penalty has sparser activations than one
// without, and says so wherever results stand.
func TestActivationPenalty(t *testing.T) {
	dense := finish(t, parse(t, base+perceptron))
	r := finish(t, parse(t, base+perceptron+sparseActivations, "train.epochs=4"))
	if a, b := r.Density.Overall, dense.Density.Overall; a > b/2 || a == 0 {
		t.Errorf("the density is %g, without the penalty %g", a, b)
	}
	if l := r.Density.Layers["relu1"]; l.Units != 24 || l.Density == 0 || l.Hoyer == 0 {
		t.Errorf("layer relu1: %+v of %v", l, r.Density.Layers)
	}
	for _, want := range []string{`"activation_density":{"overall":`, `"dead_units":`} {
		if !strings.Contains(r.read(t, MetricsFile), want) {
			t.Errorf("%s has no %s", MetricsFile, want)
		}
	}
	if !strings.Contains(r.read(t, ReportFile), "activations that are not 0") {
		t.Error("the report does not tell the density")
	}
}

// TestThresholds calibrates by each of the goals and fine-tunes: the network that
// is exported has the thresholds and keeps to the goal.
func TestThresholds(t *testing.T) {
	for _, goal := range []string{"{density: 0.15}", "{loss: 0.02, examples: 40}"} {
		r := finish(t, parse(t, base+perceptron+"thresholds: "+goal+"\nfinetune: {epochs: 1, optimizer: {lr: 1e-5}}\n", "train.epochs=6"))
		th := r.Thresholds
		if th == nil || len(th.Layers) != 2 {
			t.Fatalf("%s: %+v", goal, th)
		}
		if strings.Contains(goal, "density") {
			if th.DensityAfter > 0.15 || th.DensityAfter < 0.14 || math.Abs(r.Density.Overall-0.15) > 0.02 || th.Examples != 50 {
				t.Errorf("%s: %+v, %g on the test set", goal, th, r.Density.Overall)
			}
		} else if th.LossAfter > 1.02*th.LossBefore || th.DensityAfter >= th.DensityBefore || th.Examples != 40 {
			t.Errorf("%s: %+v", goal, th)
		}
		a, err := OpenArtifact(string(r.folder))
		if err != nil {
			t.Fatal(err)
		}
		m, err := a.Final()
		if err != nil {
			t.Fatal(err)
		}
		for name, tau := range th.Layers {
			n, ok := m.Net.Lookup(name)
			if f, is := n.Layer.(*layers.FATReLU); !ok || !is || f.Threshold != tau || tau <= 0 {
				t.Errorf("%s: layer %s is %+v, its threshold %g", goal, name, n.Layer, tau)
			}
		}
		// Pruning it again changes nothing.
		again, p, err := Prune(context.Background(), m.Net, PruneRequest{Method: "zeros"}, nil)
		if err != nil || again.Count() != m.Net.Count() || p.Report.Certificate.MaxRelDiff > 1e-6 {
			t.Errorf("%s: a second pruning: %v", goal, err)
		}
	}
}

// TestThresholdsWithoutExports: the network is put together from checkpoints.
func TestThresholdsWithoutExports(t *testing.T) {
	finish(t, parse(t, base+perceptron+"thresholds: {density: 0.2}\nfinetune: {epochs: 1}\nexport: {safetensors: false, onnx: false}\n"))
}

func TestWithThresholdsKeepsHigherOnes(t *testing.T) {
	c := parse(t, base+"model: {layers: [flatten, linear: {out: 8}, fatrelu: {name: act, threshold: 0.5}, linear: {out: 10}]}\n")
	net, _, err := Plan(context.Background(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	for tau, want := range map[float64]float64{0.25: 0.5, 0.75: 0.75} {
		got, err := activity.WithThresholds(net, map[string]float64{"act": tau})
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := got.Lookup("act"); n.Layer.(*layers.FATReLU).Threshold != want {
			t.Errorf("the threshold is %+v, expected %g", n.Layer, want)
		}
	}
	if _, err := activity.WithThresholds(net, map[string]float64{"linear1": 1}); err == nil {
		t.Error("a linear layer has a threshold")
	}
}

func TestActivationConfigErrors(t *testing.T) {
	linear := base + "model: {layers: [flatten, linear: {out: 10}]}\n"
	for want, text := range map[string]string{
		": penalties.0.on: the network has no ReLU whose output another layer reads; name outputs with layers":                                        linear + "penalties:\n  - {type: l1, on: activations, lambda: 1}\n",
		": thresholds: the network has no ReLU whose output another layer reads; remove it":                                                           linear + "thresholds: {density: 0.5}\n",
		": penalties.0.type: hoyer_square is a penalty of activations, not of weights; use on: activations":                                           linear + "penalties:\n  - {type: hoyer_square, on: weights, lambda: 1}\n",
		": penalties.0.beta is not an option of l1; its options are on, layers, lambda, scale, members, factors, weights, warmup, ramp, mode, revive": base + perceptron + "penalties: [{type: l1, on: activations, beta: 2, lambda: 1}]\n",
		": penalties.0.layers: \"*.gelu\" matches no layer with an output; there are relu1, relu2, fc1, fc2, fc3 and 1 more":                          base + perceptron + "penalties:\n  - {type: l1, on: activations, layers: '*.gelu', lambda: 1}\n",
	} {
		c, err := config.Parse("test.yaml", []byte(text))
		if err == nil {
			_, _, err = Plan(context.Background(), c, nil)
		}
		if err == nil || !strings.HasSuffix(filepath.ToSlash(err.Error()), want) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
