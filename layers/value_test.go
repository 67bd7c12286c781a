package layers_test

import (
	"math"
	"testing"

	"pare/layers"
	"pare/nn"
)

// TestValueAndGradient holds each layer against values worked out by hand: the
// output and, for the gradient dy behind it, the gradients to the inputs. One
// example; inputs are written as the program lays them out, channels last.
func TestValueAndGradient(t *testing.T) {
	e := float32(math.E)
	plane := []nn.Shape{{1, 2, 2}}
	padded := layers.Window{Kernel: layers.Square(2), Stride: layers.Square(2), Pad: layers.Around(1)}
	for _, c := range []struct {
		name   string
		layer  nn.Layer
		params map[string][]float32
		shapes []nn.Shape
		x      [][]float32
		y, dy  []float32
		dx     [][]float32
		grads  map[string][]float32
	}{
		{name: "conv: the sum of a plane", layer: &layers.Conv{Out: 1, Kernel: layers.Square(2)}, shapes: plane,
			params: map[string][]float32{"weight": {1, 2, 3, 4}, "bias": {5}},
			x:      [][]float32{{1, 10, 100, 1000}}, y: []float32{4326}, dy: []float32{2},
			dx:    [][]float32{{2, 4, 6, 8}},
			grads: map[string][]float32{"weight": {2, 20, 200, 2000}, "bias": {2}}},
		{name: "depthwise: a factor per channel", layer: &layers.Depthwise{Kernel: layers.Square(1)}, shapes: []nn.Shape{{2, 1, 2}},
			params: map[string][]float32{"weight": {2, 3}, "bias": {0, 1}},
			x:      [][]float32{{1, 2, 3, 4}}, y: []float32{2, 7, 6, 13}, dy: []float32{1, 1, 1, 10},
			dx:    [][]float32{{2, 3, 2, 30}},
			grads: map[string][]float32{"weight": {4, 42}, "bias": {2, 11}}},
		{name: "linear", layer: &layers.Linear{Out: 2}, shapes: []nn.Shape{{3}},
			params: map[string][]float32{"weight": {1, 2, 3, 4, 5, 6}, "bias": {10, 20}},
			x:      [][]float32{{1, 0, -1}}, y: []float32{6, 16}, dy: []float32{1, 10},
			dx:    [][]float32{{21, 43, 65}},
			grads: map[string][]float32{"weight": {1, 10, 0, 0, -1, -10}, "bias": {1, 10}}},
		{name: "batchnorm: two values become ±1", layer: &layers.BatchNorm{Eps: 1e-12}, shapes: []nn.Shape{{1, 1, 2}},
			params: map[string][]float32{"weight": {3}, "bias": {10}},
			x:      [][]float32{{4, 8}}, y: []float32{7, 13}, dy: []float32{1, 2},
			dx:    [][]float32{{0, 0}}, // whatever two values are, they become ±1
			grads: map[string][]float32{"weight": {1}, "bias": {3}}},
		{name: "relu", layer: layers.ReLU(), shapes: []nn.Shape{{3}},
			x: [][]float32{{-1, 0, 2}}, y: []float32{0, 0, 2}, dy: []float32{5, 6, 7}, dx: [][]float32{{0, 0, 7}}},
		{name: "fatrelu: the threshold itself passes", layer: &layers.FATReLU{Threshold: 0.5}, shapes: []nn.Shape{{5}},
			x: [][]float32{{-1, 0, 0.49, 0.5, 2}}, y: []float32{0, 0, 0, 0.5, 2}, dy: []float32{5, 6, 7, 8, 9}, dx: [][]float32{{0, 0, 0, 8, 9}}},
		{name: "fatrelu without a threshold", layer: &layers.FATReLU{}, shapes: []nn.Shape{{3}},
			x: [][]float32{{-1, 0, 2}}, y: []float32{0, 0, 2}, dy: []float32{5, 6, 7}, dx: [][]float32{{0, 0, 7}}},
		{name: "leaky_relu", layer: newLayer(t, "leaky_relu"), shapes: []nn.Shape{{2}},
			x: [][]float32{{-100, 2}}, y: []float32{-1, 2}, dy: []float32{1, 1}, dx: [][]float32{{0.01, 1}}},
		{name: "sigmoid", layer: newLayer(t, "sigmoid"), shapes: []nn.Shape{{3}},
			x: [][]float32{{0, 1, -200}}, y: []float32{0.5, e / (1 + e), 0}, dy: []float32{4, 1, 1},
			dx: [][]float32{{1, e / (1 + e) / (1 + e), 0}}},
		{name: "tanh", layer: newLayer(t, "tanh"), shapes: []nn.Shape{{2}},
			x: [][]float32{{0, 100}}, y: []float32{0, 1}, dy: []float32{3, 3}, dx: [][]float32{{3, 0}}},
		{name: "gelu", layer: newLayer(t, "gelu"), shapes: []nn.Shape{{3}},
			x: [][]float32{{0, 50, -50}}, y: []float32{0, 50, 0}, dy: []float32{2, 1, 1}, dx: [][]float32{{1, 1, 0}}},
		{name: "silu", layer: newLayer(t, "silu"), shapes: []nn.Shape{{2}},
			x: [][]float32{{0, 100}}, y: []float32{0, 100}, dy: []float32{2, 1}, dx: [][]float32{{1, 1}}},
		{name: "elu", layer: newLayer(t, "elu"), shapes: []nn.Shape{{2}},
			x: [][]float32{{-1, 3}}, y: []float32{1/e - 1, 3}, dy: []float32{1, 1}, dx: [][]float32{{1 / e, 1}}},
		{name: "softplus", layer: newLayer(t, "softplus"), shapes: []nn.Shape{{3}},
			x: [][]float32{{0, 100, -200}}, y: []float32{math.Ln2, 100, 0}, dy: []float32{2, 1, 1}, dx: [][]float32{{1, 1, 0}}},
		{name: "maxpool: padding never wins", layer: &layers.MaxPool{Window: padded}, shapes: plane,
			x: [][]float32{{-1, -2, -3, -4}}, y: []float32{-1, -2, -3, -4}, dy: []float32{1, 2, 3, 4},
			dx: [][]float32{{1, 2, 3, 4}}},
		{name: "maxpool: the first of equals", layer: &layers.MaxPool{}, shapes: plane,
			x: [][]float32{{0, 7, 7, 7}}, y: []float32{7}, dy: []float32{3}, dx: [][]float32{{0, 3, 0, 0}}},
		{name: "avgpool: padding counts", layer: &layers.AvgPool{Window: padded}, shapes: plane,
			x: [][]float32{{4, 8, 12, 16}}, y: []float32{1, 2, 3, 4}, dy: []float32{4, 8, 12, 16},
			dx: [][]float32{{1, 2, 3, 4}}},
		{name: "avgpool: padding left out", layer: &layers.AvgPool{Window: padded, ExcludePad: true}, shapes: plane,
			x: [][]float32{{4, 8, 12, 16}}, y: []float32{4, 8, 12, 16}, dy: []float32{1, 2, 3, 4},
			dx: [][]float32{{1, 2, 3, 4}}},
		{name: "globalpool", layer: &layers.GlobalPool{}, shapes: []nn.Shape{{2, 1, 2}},
			x: [][]float32{{1, 10, 3, 30}}, y: []float32{2, 20}, dy: []float32{2, 4}, dx: [][]float32{{1, 2, 1, 2}}},
		{name: "flatten: channel by channel", layer: &layers.Flatten{}, shapes: []nn.Shape{{2, 1, 2}},
			x: [][]float32{{1, 10, 3, 30}}, y: []float32{1, 3, 10, 30}, dy: []float32{1, 2, 3, 4}, dx: [][]float32{{1, 3, 2, 4}}},
		{name: "flatten: some positions", layer: &layers.Flatten{Index: []int{1, 2}}, shapes: []nn.Shape{{2, 1, 2}},
			x: [][]float32{{1, 10, 3, 30}}, y: []float32{3, 10}, dy: []float32{1, 2}, dx: [][]float32{{0, 2, 1, 0}}},
		{name: "select", layer: &layers.Select{Index: []int{1}}, shapes: []nn.Shape{{2, 1, 2}},
			x: [][]float32{{1, 10, 3, 30}}, y: []float32{10, 30}, dy: []float32{1, 2}, dx: [][]float32{{0, 1, 0, 2}}},
		{name: "add: some channels", layer: &layers.Add{Index: [][]int{{1}, {0, 1}}, Units: 2, Bias: true}, shapes: []nn.Shape{{1}, {2}},
			params: map[string][]float32{"bias": {100, 200}},
			x:      [][]float32{{1}, {10, 20}}, y: []float32{110, 221}, dy: []float32{3, 4},
			dx: [][]float32{{4}, {3, 4}}, grads: map[string][]float32{"bias": {3, 4}}},
		{name: "concat", layer: &layers.Concat{}, shapes: []nn.Shape{{1, 1, 2}, {1, 1, 2}},
			x: [][]float32{{1, 2}, {3, 4}}, y: []float32{1, 3, 2, 4}, dy: []float32{5, 6, 7, 8}, dx: [][]float32{{5, 7}, {6, 8}}},
		{name: "gate", layer: &layers.Gate{}, shapes: []nn.Shape{{2}}, params: map[string][]float32{"gate": {3}},
			x: [][]float32{{1, 2}}, y: []float32{3, 6}, dy: []float32{1, 10},
			dx: [][]float32{{3, 30}}, grads: map[string][]float32{"gate": {21}}},
		{name: "gate per channel", layer: &layers.Gate{PerChannel: true}, shapes: []nn.Shape{{2, 1, 2}},
			params: map[string][]float32{"gate": {2, 3}},
			x:      [][]float32{{1, 2, 3, 4}}, y: []float32{2, 6, 6, 12}, dy: []float32{1, 1, 1, 1},
			dx: [][]float32{{2, 3, 2, 3}}, grads: map[string][]float32{"gate": {4, 6}}},
		{name: "constant", layer: &layers.Constant{Shape: []int{2, 1, 2}}, shapes: []nn.Shape{{1}},
			params: map[string][]float32{"bias": {5, 6}},
			x:      [][]float32{{1}}, y: []float32{5, 6, 5, 6}, dy: []float32{1, 2, 3, 4},
			dx: [][]float32{nil}, grads: map[string][]float32{"bias": {4, 6}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			net, probes := around(t, c.layer, 1, nil, c.shapes...)
			for k, p := range probes {
				copy(p.value.Data(), c.x[k])
			}
			for _, p := range c.layer.Params() {
				copy(p.Data(), c.params[p.Name])
			}
			p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: 1, Loss: readout{c.dy}})
			p.Run()
			requireClose(t, "y", p.Output(), c.y, 1e-6)
			for k, x := range probes {
				requireClose(t, net.Nodes[k].Name, p.Grad(x.value), c.dx[k], 1e-6)
			}
			for _, param := range c.layer.Params() {
				if want, ok := c.grads[param.Name]; ok {
					requireClose(t, param.Name, p.Grad(param), want, 1e-6)
				}
			}
		})
	}
}
