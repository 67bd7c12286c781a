package nn_test

import (
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/nn"
)

// A sum of gradients that are 0 behind the same ReLU is, too; any other is not.
func TestMaskedSums(t *testing.T) {
	g := gorgonia.NewGraph()
	input := func(name string) *gorgonia.Node {
		return gorgonia.NewVector(g, tensor.Float32, gorgonia.WithShape(4), gorgonia.WithName(name))
	}
	y, z, x := input("y"), input("z"), input("x")
	gradient := func(of *gorgonia.Node) *gorgonia.Node {
		n, err := nn.Apply(nn.Op{Name: "gradient", Shape: tensor.Shape{4}, MaskedBy: of,
			Run: func(dst []float32, in [][]float32) { copy(dst, in[0]) }}, x)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	sum := func(a, b *gorgonia.Node) *gorgonia.Node { return gorgonia.Must(gorgonia.Add(a, b)) }
	masked, also, other, open := gradient(y), gradient(y), gradient(z), gradient(nil)
	for _, c := range []struct {
		name           string
		n              *gorgonia.Node
		masked, sparse bool
	}{
		{"one", masked, true, true},
		{"two", sum(masked, also), true, true},
		{"three", sum(sum(masked, also), gradient(y)), true, true},
		{"behind two ReLUs", sum(masked, other), false, true},
		{"with an open one", sum(masked, open), false, false},
		{"an input", x, false, false},
	} {
		if got := nn.IsMaskedBy(c.n, y); got != c.masked {
			t.Errorf("%s: masked %v", c.name, got)
		}
		if got := nn.IsSparse(c.n); got != c.sparse {
			t.Errorf("%s: sparse %v", c.name, got)
		}
	}
}
