package run

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pare/models/imported"
	"pare/nn"
)

// TestFineTuneImported: training lowers the loss of a network of PyTorch on the digits, from
// an ONNX file, from one with BatchNorm back in its place, and from a state dict.
func TestFineTuneImported(t *testing.T) {
	data := strings.Replace(base, "epochs: 2", "epochs: 3", 1) + "prune: {method: none}\n"
	for name, model := range map[string]string{
		"onnx":     "model: {type: onnx, file: testdata/finetune/digits.onnx}\n",
		"unfolded": "model: {type: onnx, file: testdata/finetune/digits.onnx, unfold: true}\n",
		"weights": `model:
  weights: testdata/finetune/digits.safetensors
  layers:
    - conv: {out: 8, kernel: 3, pad: 1, no_bias: true, name: conv1}
    - batchnorm: {name: bn1}
    - relu
    - conv: {out: 12, kernel: 3, stride: 2, pad: 1, no_bias: true, name: conv2}
    - batchnorm: {name: bn2}
    - relu
    - globalpool
    - linear: {out: 10, name: fc}
`,
	} {
		before := finish(t, parse(t, strings.Replace(data, "epochs: 3", "epochs: 0", 1)+model))
		after := finish(t, parse(t, data+model))
		t.Logf("%s: loss %.4f before, %.4f after 3 epochs; %.1f %% and %.1f %% right",
			name, before.LossFinal, after.LossFinal, 100*before.AccuracyFinal, 100*after.AccuracyFinal)
		if !(after.LossFinal < before.LossFinal) {
			t.Errorf("%s: the loss went from %.4f to %.4f", name, before.LossFinal, after.LossFinal)
		}
	}
}

// TestUnfoldKeepsFunction: BatchNorm put back behind convolutions in which it was folded leaves
// the outputs as they are.
func TestUnfoldKeepsFunction(t *testing.T) {
	var nets [2]*nn.Network
	for i := range nets {
		m, err := imported.Load("testdata/finetune/digits.onnx", imported.Options{Unfold: i == 1})
		if err != nil {
			t.Fatal(err)
		}
		nets[i] = m.Net
	}
	var kinds []string
	for _, n := range nets[1].Nodes {
		kinds = append(kinds, n.Layer.Kind())
	}
	if want := []string{"conv", "batchnorm", "relu", "conv", "batchnorm", "relu", "globalpool", "linear"}; !slices.Equal(kinds, want) {
		t.Fatalf("unfolded to %v, expected %v", kinds, want)
	}
	var programs [2]*nn.Program
	for i, net := range nets {
		p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: 8})
		if err != nil {
			t.Fatal(err)
		}
		for k := range p.X {
			p.X[k] = float32(math.Sin(float64(k)))
		}
		p.Run()
		programs[i] = p
	}
	worst, largest := 0.0, 0.0
	for k, v := range programs[0].Output() {
		worst = max(worst, math.Abs(float64(v-programs[1].Output()[k])))
		largest = max(largest, math.Abs(float64(v)))
	}
	t.Logf("outputs differ by %.2g of the largest", worst/largest)
	if !(worst <= 1e-6*largest) {
		t.Errorf("outputs differ by %.3g of the largest", worst/largest)
	}
}
