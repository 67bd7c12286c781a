package imported

import (
	"slices"
	"strings"
	"testing"

	"pare/nn/onnx"
)

// TestTile: Tile repeats along axes of length 1, as heads of keys and values are shared by heads of
// queries; other repeats are refused.
func TestTile(t *testing.T) {
	build := func(times ...int) *onnx.Model {
		b := onnx.NewBuilder("tile")
		x := b.Input("x", onnx.Symbolic("n"), onnx.Fixed(6))
		y := b.Node("Reshape", []string{x, b.Ints("apart", []int{-1, 2, 1, 3})})
		y = b.Node("Tile", []string{y, b.Ints("times", times)})
		b.Output("y", b.Node("Reshape", []string{y, b.Ints("flat", []int{0, -1})}), onnx.Symbolic("n"), onnx.Fixed(12))
		g, err := b.Graph()
		if err != nil {
			t.Fatal(err)
		}
		return &onnx.Model{Graph: g, Opset: 17, IRVersion: 8}
	}
	net, err := network(build(1, 1, 2, 1), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []float32{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}
	if got := outputs(t, net, []float32{0, 1, 2, 3, 4, 5}); !slices.Equal(got, want) {
		t.Errorf("outputs %v, want %v", got, want)
	}
	for text, times := range map[string][]int{
		"2 repeats of axis 1 are not supported; an axis of length 1 can be repeated": {1, 2, 1, 1},
		"3 repeats of axis 0 are not supported":                                      {3, 1, 1, 1},
		"0 repeats of axis 2 are not supported":                                      {1, 1, 0, 1},
		"3 repeats for 4 axes":                                                       {1, 2, 1},
		"an expansion of axis 2 to 1099511627776 is not supported":                   {1, 1, 1 << 40, 1},
	} {
		if _, err := network(build(times...), Options{}); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v: error %v, want %s", times, err, text)
		}
	}
}
