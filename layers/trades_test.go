package layers_test

import (
	"math"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
)

// TestGoldenTrades: value and gradient are PyTorch's (testdata/goldens_trades.py).
func TestGoldenTrades(t *testing.T) {
	var g struct {
		Beta         float64
		K            int `json:"classes_count"`
		Logits       []float32
		Classes      []float32
		ClassWeights []float32 `json:"class_weights"`
		Cases        map[string]struct {
			Loss float64
			Grad []float64
		}
	}
	readJSON(t, "testdata/goldens_trades.json", &g)
	n := len(g.Classes)
	for name, own := range map[string]layers.CrossEntropy{
		"plain":           {},
		"weighted smooth": {ClassWeights: g.ClassWeights, Smoothing: 0.1},
	} {
		net, probes := around(t, &layers.Add{}, 2*n, nil, nn.Shape{g.K})
		p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: 2 * n, Loss: layers.Trades{Loss: own, Beta: g.Beta}})
		copy(probes[0].value.Data(), g.Logits)
		copy(p.Target, g.Classes)
		p.Run()
		want := g.Cases[name]
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
	if kl := layers.Divergence(g.Logits[:g.K], g.Logits[:g.K]); kl != 0 {
		t.Errorf("the divergence of logits from themselves is %g", kl)
	}
}

func TestTradesRefuses(t *testing.T) {
	net, _ := around(t, &layers.Add{}, 2, nil, nn.Shape{3})
	for want, c := range map[string]struct {
		loss  layers.Trades
		batch int
	}{
		"TRADES needs the cross-entropy of classes, the loss is layers.MeanSquare":                       {layers.Trades{Loss: layers.MeanSquare{}}, 2},
		"TRADES needs a vector of logits for each example, clean and attacked; the network gives (3, 3)": {layers.Trades{Loss: layers.CrossEntropy{}}, 3},
		"TRADES: 2 weights of classes for 3 classes":                                                     {layers.Trades{Loss: layers.CrossEntropy{ClassWeights: []float32{1, 2}}}, 2},
	} {
		net := net
		if c.batch != 2 {
			net, _ = around(t, &layers.Add{}, c.batch, nil, nn.Shape{3})
		}
		_, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Train, Batch: c.batch, Loss: c.loss})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
}
