package infer_test

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"pare/infer"
	"pare/models"
	"pare/nn"
)

// drawModel draws a model of every kind with sizes that fill no vector or tile.
func drawModel(t *rapid.T) (models.Model, models.Task) {
	size := func(what string, most int) int { return rapid.IntRange(1, most).Draw(t, what) }
	flag := func(what string) bool { return rapid.Bool().Draw(t, what) }
	image := models.Task{Input: nn.Shape{size("channels", 3), 8 + size("height", 5), 8 + size("width", 5)}, Classes: size("classes", 9) + 1}
	sequence := models.Task{Input: nn.Shape{1 + size("numbers", 5), size("length", 9)}, Classes: 4}
	if flag("tokens") {
		n := 1 + size("length of the text", 9)
		sequence = models.Task{Input: nn.Shape{1, n}, Classes: 11, Targets: n, Vocabulary: 11, NextToken: true}
	}
	recurrent := func() models.Recurrent {
		return models.Recurrent{Hidden: size("hidden", 40), Depth: size("depth", 2), Bidirectional: !sequence.NextToken && flag("bidirectional")}
	}
	switch rapid.IntRange(0, 8).Draw(t, "kind") {
	case 0:
		return &models.MLP{Hidden: []int{size("a", 40), size("b", 40)}}, image
	case 1:
		return &models.LeNet5{Conv1: size("conv1", 9), Conv2: size("conv2", 20), FC1: size("fc1", 40)}, models.Task{Input: nn.Shape{1, 28, 28}, Classes: 10}
	case 2:
		return &models.CNN{Stages: [][]int{{size("a", 20), size("b", 20)}, {size("c", 20)}}, BatchNorm: flag("batchnorm")}, image
	case 3:
		return &models.Inception{Stem: size("stem", 9), Modules: []models.InceptionModule{{B1x1: size("1×1", 9), B3x3Reduce: size("reduce", 9),
			B3x3: size("3×3", 20), B5x5Reduce: 3, B5x5: size("5×5", 9), PoolProj: size("pool", 9), PoolAfter: flag("pool after")}}}, image
	case 4:
		m := &models.ResNet{Depth: 8, Width: size("width", 9), Preactivation: flag("preactivation")}
		m.Gates = models.ResNetGates{Residual: flag("gate"), Skip: flag("gate of skips"), PerChannel: flag("each channel")}
		return m, image
	case 5:
		return &models.RNN{Recurrent: recurrent(), Nonlinearity: rapid.SampledFrom([]string{"tanh", "relu"}).Draw(t, "cell")}, sequence
	case 6:
		return &models.LSTM{Recurrent: recurrent()}, sequence
	case 7:
		return &models.GRU{Recurrent: recurrent()}, sequence
	}
	heads := size("heads", 3)
	return &models.Transformer{Blocks: size("blocks", 2), Heads: heads, Width: 2 * heads * size("half a head", 5), Hidden: size("feed-forward", 40),
		Activation: rapid.SampledFrom([]string{"relu", "gelu", "silu", "reglu", "swiglu"}).Draw(t, "activation"),
		Norm:       rapid.SampledFrom([]string{"layernorm", "rmsnorm"}).Draw(t, "norm"),
		Positions:  rapid.SampledFrom([]string{"learned", "rotary"}).Draw(t, "positions"), Tied: sequence.Vocabulary > 0 && flag("tied")}, sequence
}

// TestRandomModels: whatever the sizes and options, a predictor gives the outputs of the network
// compiled as it is.
func TestRandomModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, task := drawModel(t)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		net, err := models.Build(m, task, rng)
		if err != nil {
			t.Fatal(err)
		}
		disturb(net, rng)
		zeros := rapid.SampledFrom([]infer.Zeros{infer.Dense, 0.3, 1}).Draw(t, "zeros")
		p, err := infer.New(net, infer.Options{ChannelsLast: true, Zeros: zeros})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 3, rapid.SampledFrom([]int{2, 7, 11, 64}).Draw(t, "batch")} {
			x := examples(net, n, rng)
			out := make([]float32, n*net.Output().Shape.Size())
			if err := p.Predict(out, x, n); err != nil {
				t.Fatal(err)
			}
			if d := distance(out, plain(t, net, x)); !(d <= 1e-5) {
				t.Fatalf("batch %d: outputs differ by %.2g", n, d)
			}
		}
	})
}
