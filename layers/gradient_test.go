package layers_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pare/internal/kernel/vector"
	"pare/layers"
	"pare/nn"
)

// step is the width of the finite differences and tolerance their largest error,
// relative to the largest gradient of the parameter, or to 1. The differences
// are of fourth order: the truncation error step⁴/30·f⁽⁵⁾ is below 1e-5 for the
// functions here. Outputs are float32 of magnitude about 3, 100 of them summed in
// float64 with weights about 1, so the loss is off by about 3·10·6e-8 = 2e-6,
// which the division by step makes 5e-5. A wrong formula misses by 0.1 and more.
const (
	step      = 1.0 / 16
	tolerance = 3e-4
)

// spaced fills x with a shuffled grid whose points keep away from each other
// and from 0 by more than a difference moves them, so that no maximum changes
// its place and no kink is crossed.
func spaced(x []float32, rng *rand.Rand) {
	for i, k := range rng.Perm(len(x)) {
		x[i] = (float32(k) - float32(len(x)/2) + 0.5) * 0.5
	}
}

// gradientCase is a layer and the shapes it reads.
type gradientCase struct {
	name   string
	layer  nn.Layer
	inputs []nn.Shape
	batch  int  // 0 means 2
	kinks  bool // not smooth: put the inputs on a grid
	// spread is the standard deviation of the parameters and inputs; 0 means 1.
	// Deep compositions need less, for the differences are wide.
	spread float32
}

func image(c, h, w int) []nn.Shape { return []nn.Shape{{c, h, w}} }
func features(f int) []nn.Shape    { return []nn.Shape{{f}} }

func gradientCases(t *testing.T) []gradientCase {
	window := func(k, s, p int, ceil bool) layers.Window {
		return layers.Window{Kernel: layers.Square(k), Stride: layers.Square(s), Pad: layers.Around(p), Ceil: ceil}
	}
	cases := []gradientCase{
		{name: "conv wide", layer: &layers.Conv{Out: 40, Kernel: layers.Square(3), Pad: layers.Around(1)}, inputs: image(24, 7, 6)},
		{name: "conv one pixel", layer: &layers.Conv{Out: 3, Kernel: layers.Square(3), Pad: layers.Around(1)}, inputs: image(2, 1, 1)},
		{name: "depthwise", layer: &layers.Depthwise{Kernel: layers.Square(3), Pad: layers.Around(1)}, inputs: image(5, 5, 4)},
		{name: "depthwise 5 stride 2", layer: &layers.Depthwise{Kernel: layers.Square(5), Pad: layers.Around(2), Stride: layers.Square(2), NoBias: true},
			inputs: image(3, 7, 6)},
		{name: "depthwise multiplier", layer: &layers.Depthwise{Multiplier: 2, Kernel: layers.Square(3)}, inputs: image(3, 5, 4)},
		{name: "depthwise one channel", layer: &layers.Depthwise{Multiplier: 3, Kernel: layers.Square(3)}, inputs: image(1, 5, 4)},
		{name: "linear", layer: &layers.Linear{Out: 7}, inputs: features(9)},
		{name: "linear without bias", layer: &layers.Linear{Out: 19, NoBias: true}, inputs: features(5), batch: 7},
		{name: "linear one example", layer: &layers.Linear{Out: 1}, inputs: features(1), batch: 1},
		{name: "batchnorm image", layer: &layers.BatchNorm{}, inputs: image(3, 4, 3)},
		{name: "batchnorm vector", layer: &layers.BatchNorm{Eps: 0.1}, inputs: features(5), batch: 8},
		{name: "maxpool", layer: &layers.MaxPool{}, inputs: image(3, 6, 4), kinks: true},
		{name: "maxpool overlapping", layer: &layers.MaxPool{Window: window(3, 2, 1, false)}, inputs: image(2, 5, 6), kinks: true},
		{name: "maxpool 3 stride 1", layer: &layers.MaxPool{Window: window(3, 1, 1, false)}, inputs: image(2, 4, 5), kinks: true},
		{name: "maxpool ceil", layer: &layers.MaxPool{Window: window(2, 2, 0, true)}, inputs: image(3, 5, 7), kinks: true},
		{name: "maxpool gaps", layer: &layers.MaxPool{Window: window(2, 3, 0, false)}, inputs: image(2, 7, 6), kinks: true},
		{name: "avgpool", layer: &layers.AvgPool{}, inputs: image(3, 6, 4)},
		{name: "avgpool pad", layer: &layers.AvgPool{Window: window(3, 2, 1, false)}, inputs: image(2, 5, 6)},
		{name: "avgpool pad excluded", layer: &layers.AvgPool{Window: window(3, 2, 1, false), ExcludePad: true}, inputs: image(2, 5, 6)},
		{name: "avgpool ceil", layer: &layers.AvgPool{Window: window(3, 2, 1, true)}, inputs: image(2, 6, 4)},
		{name: "avgpool ceil excluded", layer: &layers.AvgPool{Window: window(3, 2, 1, true), ExcludePad: true}, inputs: image(2, 6, 4)},
		{name: "globalpool", layer: &layers.GlobalPool{}, inputs: image(4, 3, 5)},
		{name: "flatten", layer: &layers.Flatten{}, inputs: image(3, 2, 4)},
		{name: "flatten index", layer: &layers.Flatten{Index: []int{0, 3, 7, 8, 21}}, inputs: image(3, 2, 4)},
		{name: "flatten vector", layer: &layers.Flatten{}, inputs: features(4)},
		{name: "shuffle", layer: &layers.Select{Index: []int{3, 1, 4, 0}}, inputs: image(5, 2, 3)},
		{name: "select image", layer: &layers.Select{Index: []int{1, 3}}, inputs: image(5, 2, 3)},
		{name: "select vector", layer: &layers.Select{Index: []int{0, 1, 4}}, inputs: features(6)},
		{name: "add one", layer: &layers.Add{}, inputs: image(3, 2, 2)},
		{name: "add two", layer: &layers.Add{}, inputs: []nn.Shape{{3, 2, 2}, {3, 2, 2}}},
		{name: "add three", layer: &layers.Add{Bias: true}, inputs: []nn.Shape{{3, 2, 2}, {3, 2, 2}, {3, 2, 2}}},
		{name: "add index", layer: &layers.Add{Index: [][]int{{0, 2}, {1, 2, 3}, nil}, Units: 5, Bias: true},
			inputs: []nn.Shape{{2, 2, 2}, {3, 2, 2}, {5, 2, 2}}},
		{name: "add vectors by index", layer: &layers.Add{Index: [][]int{nil, {1}}}, inputs: []nn.Shape{{3}, {1}}},
		{name: "concat one", layer: &layers.Concat{}, inputs: image(3, 2, 2)},
		{name: "concat images", layer: &layers.Concat{}, inputs: []nn.Shape{{3, 2, 2}, {1, 2, 2}, {4, 2, 2}}},
		{name: "concat vectors", layer: &layers.Concat{}, inputs: []nn.Shape{{3}, {2}}},
		{name: "gate", layer: &layers.Gate{}, inputs: image(3, 4, 4)},
		{name: "gate per channel", layer: &layers.Gate{PerChannel: true}, inputs: image(3, 4, 4)},
		{name: "gate vector", layer: &layers.Gate{PerChannel: true}, inputs: features(6)},
		{name: "embed", layer: &layers.Embed{Dim: 3, Columns: [][]int{{1, 2, 4, 5}, {0, 6}}}, inputs: features(8)},
		{name: "embed all", layer: &layers.Embed{Dim: 2, Columns: [][]int{{0, 1, 2}}}, inputs: features(3), batch: 5},
		{name: "rescale", layer: &layers.Rescale{Scale: []float32{2, -0.5, 3}, Shift: []float32{1, 0, -4}}, inputs: features(3)},
		{name: "dropout", layer: &layers.Dropout{P: 0.4}, inputs: image(3, 4, 4)},
		{name: "constant image", layer: &layers.Constant{Shape: []int{3, 2, 2}}, inputs: features(4)},
		{name: "constant vector", layer: &layers.Constant{Shape: []int{3}}, inputs: image(1, 2, 2)},
		{name: "custom layer", layer: &Swish{Start: 0.7}, inputs: image(2, 3, 3)},
		{name: "layer of the example", layer: &SlopedReLU{}, inputs: image(2, 3, 3), kinks: true},
	}
	// The grid has no point within a difference of the threshold.
	cases = append(cases, gradientCase{name: "fatrelu", layer: &layers.FATReLU{Threshold: 1}, inputs: image(3, 2, 3), kinks: true})
	for _, kind := range []string{"sigmoid", "tanh", "gelu", "gelu_tanh", "silu", "mish", "softplus"} {
		cases = append(cases, gradientCase{name: kind, layer: newLayer(t, kind), inputs: image(3, 2, 3)})
	}
	for _, kind := range []string{"relu", "relu6", "leaky_relu", "elu"} {
		cases = append(cases, gradientCase{name: kind, layer: newLayer(t, kind), inputs: image(3, 2, 3), kinks: true})
	}
	cases = append(append(cases, sequenceCases()...), recurrentCases()...)
	cases = append(append(cases, productCases()...), normCases()...)
	return append(append(cases, geometryCases()...), convCases()...)
}

// convCases crosses kernel, stride, padding, groups and bias.
func convCases() []gradientCase {
	const c = 4
	var cases []gradientCase
	for _, kernel := range []int{1, 3, 5} {
		for _, stride := range []int{1, 2} {
			for _, pad := range []int{0, 1, 2} {
				for _, groups := range []int{1, 2, c} {
					for _, noBias := range []bool{false, true} {
						cases = append(cases, gradientCase{
							name: fmt.Sprintf("conv k%d s%d p%d g%d nobias=%t", kernel, stride, pad, groups, noBias),
							layer: &layers.Conv{Out: 2 * c, Kernel: layers.Square(kernel), Stride: layers.Square(stride), Pad: layers.Around(pad), Groups: groups,
								NoBias: noBias},
							inputs: image(c, 5, 6),
						})
					}
				}
			}
		}
	}
	return cases
}

func TestGradients(t *testing.T) {
	for _, c := range gradientCases(t) {
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			batch := max(c.batch, 1)
			if c.batch == 0 {
				batch = 2
			}
			net, probes := around(t, c.layer, batch, rng, c.inputs...)
			for _, p := range net.Params() {
				if p.Trainable() {
					copy(p.Data(), normal(p.Size(), rng))
					if c.spread != 0 {
						vector.Scale(p.Data(), p.Data(), c.spread)
					}
				}
			}
			if c.kinks {
				spaced(probes[0].value.Data(), rng)
			}
			r := normal(batch*net.Output().Shape.Size(), rng)
			p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: readout{r}, Seed: 3})
			checkGradients(t, p, rng, func() float64 { return dot(r, p.Output()) })
		})
	}
}

func TestCrossEntropyGradients(t *testing.T) {
	for _, smoothing := range []float64{0, 0.1} {
		t.Run(fmt.Sprint(smoothing), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			const batch, classes = 5, 7
			net, _ := around(t, &layers.Linear{Out: classes}, batch, rng, nn.Shape{6})
			for _, p := range net.Params() {
				copy(p.Data(), normal(p.Size(), rng))
			}
			p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: layers.CrossEntropy{Smoothing: smoothing}})
			for i := range p.Target {
				p.Target[i] = float32(rng.IntN(classes))
			}
			value := func() float64 { return crossEntropy(p.Output(), p.Target, smoothing) }
			checkGradients(t, p, rng, value)
			if got, want := p.Loss(), value(); math.Abs(got-want) > 1e-6*want {
				t.Errorf("loss %g, expected %g", got, want)
			}
		})
	}
}

// crossEntropy is the loss by its definition: −Σ t·log softmax(x), averaged.
func crossEntropy(logits, targets []float32, smoothing float64) float64 {
	classes := len(logits) / len(targets)
	total := 0.0
	for n, target := range targets {
		row := logits[n*classes : (n+1)*classes]
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(float64(v))
		}
		for i, v := range row {
			t := smoothing / float64(classes)
			if i == int(target) {
				t += 1 - smoothing
			}
			total -= t * (float64(v) - math.Log(sum))
		}
	}
	return total / float64(len(targets))
}

// checkGradients compares the gradients of the program, up to 40 values of each
// parameter, with differences of value, which is read after a run.
func checkGradients(t *testing.T, p *nn.Program, rng *rand.Rand, value func() float64) {
	t.Helper()
	run := func() float64 {
		p.Random.Step = 0 // the same dropout mask every time
		p.ResetState()    // and the same start
		p.Run()
		return value()
	}
	params := p.Network().Params()
	for _, param := range params {
		for i, v := range param.Data() {
			param.Data()[i] = float32(math.Round(float64(v)*1024) / 1024) // so that a step is exact
		}
	}
	run()
	grads := map[*nn.Param][]float32{}
	for _, param := range params {
		grads[param.Param] = append([]float32(nil), p.Grad(param.Param)...)
	}
	for _, param := range params {
		if !param.Trainable() {
			continue
		}
		grad, scale := grads[param.Param], 1.0
		if p.Grad(param.Param) == nil {
			grad = make([]float32, param.Size()) // no gradient: nothing may depend on it
		}
		for _, g := range grad {
			scale = max(scale, math.Abs(float64(g)))
		}
		order := rng.Perm(param.Size())
		for _, i := range order[:min(40, len(order))] {
			at := func(steps float32) float64 {
				old := param.Data()[i]
				defer func() { param.Data()[i] = old }()
				param.Data()[i] += steps * step
				return run()
			}
			want := (8*(at(1)-at(-1)) - (at(2) - at(-2))) / (12 * step)
			if d := math.Abs(float64(grad[i]) - want); !(d <= tolerance*scale) {
				t.Fatalf("gradient of %s[%d] is %g, differences give %g", param.Full, i, grad[i], want)
			}
		}
	}
}
