package layers_test

import (
	"testing"

	"pare/layers"
	"pare/nn"
)

// normCases are normalisations of single examples, whole and as pruning leaves them.
func normCases() []gradientCase {
	return []gradientCase{
		{name: "layernorm image", layer: &layers.LayerNorm{}, inputs: image(6, 2, 3)},
		{name: "layernorm image of zeros", layer: &layers.LayerNorm{Width: 9, From: []int{-1, 0, 2, -1}}, inputs: image(4, 2, 2)},
		{name: "rmsnorm vector", layer: &layers.RMSNorm{}, inputs: features(9)},
		{name: "rmsnorm sequence", layer: &layers.RMSNorm{Eps: 0.1}, inputs: sequence(12, 3)},
		{name: "rmsnorm image", layer: &layers.RMSNorm{Width: 9, From: []int{1, 3, 4}}, inputs: image(6, 2, 2)},
		{name: "groupnorm image", layer: &layers.GroupNorm{Groups: 2}, inputs: image(6, 2, 3)},
		{name: "groupnorm wide", layer: &layers.GroupNorm{Groups: 3, Eps: 0.01}, inputs: image(27, 2, 2)},
		{name: "groupnorm vector", layer: &layers.GroupNorm{Groups: 2, Eps: 0.1}, inputs: features(8)},
		{name: "groupnorm sequence", layer: &layers.GroupNorm{Groups: 1}, inputs: sequence(4, 3)},
		{name: "groupnorm without zeros", layer: &layers.GroupNorm{Groups: 2, Width: 4, Places: []int{0, 2, 5, 6, 7}}, inputs: image(5, 2, 2)},
		{name: "groupnorm of zeros", layer: &layers.GroupNorm{Groups: 2, Width: 4, Places: []int{0, 2, 3, 5, 7}, Outputs: []int{0, 1, 3, 6, 7}},
			inputs: image(5, 2, 2)},
		{name: "instancenorm image", layer: &layers.InstanceNorm{}, inputs: image(3, 3, 3)},
		{name: "instancenorm sequence", layer: &layers.InstanceNorm{Eps: 0.1}, inputs: sequence(9, 4)},
	}
}

func TestGoldenNorms(t *testing.T) {
	var g struct {
		Layers []goldenLayer `json:"layers"`
	}
	readJSON(t, "testdata/goldens_norms.json", &g)
	for _, c := range g.Layers {
		t.Run(c.Name, func(t *testing.T) { c.check(t) })
	}
}

// TestFaultyNorms: options and shapes that make no sense are one line that names them.
func TestFaultyNorms(t *testing.T) {
	for _, c := range []struct {
		layer nn.Layer
		in    nn.Shape
		want  string
	}{
		{&layers.LayerNorm{}, nn.Shape{2, 2, 2, 2}, "layernorm needs a vector, a sequence or an image, got 2×2×2×2"},
		{&layers.RMSNorm{}, nn.Shape{2, 2, 2, 2}, "rmsnorm needs a vector, a sequence or an image, got 2×2×2×2"},
		{&layers.RMSNorm{Eps: -1}, nn.Shape{2}, "rmsnorm: eps is -1, it must not be negative"},
		{&layers.RMSNorm{Width: 3}, nn.Shape{4}, "rmsnorm: width is 3, the input has 4 units"},
		{&layers.RMSNorm{From: []int{0, 4}}, nn.Shape{4}, "rmsnorm: from is [0 4], it must ascend below 4"},
		{&layers.GroupNorm{}, nn.Shape{4},
			"groupnorm: groups is 0, width 0 and eps 0; groups must be positive, no number negative or very large"},
		{&layers.GroupNorm{Groups: 3}, nn.Shape{4}, "groupnorm: 4 units do not divide into 3 groups"},
		{&layers.GroupNorm{Groups: 2, Width: 3}, nn.Shape{4}, "groupnorm: 6 places for the 4 units of the input"},
		{&layers.GroupNorm{Groups: 2, Places: []int{0, 1, 2, 4}}, nn.Shape{4}, "groupnorm: places is [0 1 2 4], it must ascend below 4"},
		{&layers.GroupNorm{Groups: 2, Outputs: []int{1, 1}}, nn.Shape{4}, "groupnorm: outputs is [1 1], it must ascend below 4"},
		{&layers.GroupNorm{Groups: 1, Width: 1 << 40, Places: []int{0, 1}}, nn.Shape{2},
			"groupnorm: groups is 1, width 1099511627776 and eps 0; groups must be positive, no number negative or very large"},
		{&layers.GroupNorm{Groups: 3, Width: 2, Places: []int{0, 1}}, nn.Shape{2}, "groupnorm: 3 groups for 2 units of the output"},
		{&layers.InstanceNorm{}, nn.Shape{4, 1, 1}, "instancenorm needs units of more than one position, got 4×1×1"},
		{&layers.InstanceNorm{Eps: -1}, nn.Shape{4, 2}, "instancenorm: eps is -1, it must not be negative"},
	} {
		if _, err := c.layer.Init([]nn.Shape{c.in}, nil); err == nil || err.Error() != c.want {
			t.Errorf("%s: error %v, want %s", c.layer.Kind(), err, c.want)
		}
	}
}
