package imported

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"pare/nn/onnx"
)

// small is a network of a convolution, a mean and a linear layer.
func small() *onnx.Model {
	b := onnx.NewBuilder("small")
	x := b.Input("x", onnx.Symbolic("n"), onnx.Fixed(2), onnx.Fixed(4), onnx.Fixed(4))
	w := b.Initializer("conv.weight", []int{3, 2, 3, 3}, make([]float32, 54))
	y := b.Node("Conv", []string{x, w}, onnx.Ints("pads", 1, 1, 1, 1))
	y = b.Node("Relu", []string{y})
	y = b.Node("ReduceMean", []string{y}, onnx.Ints("axes", 2, 3), onnx.Int("keepdims", 0))
	fc := b.Initializer("fc.weight", []int{3, 5}, make([]float32, 15))
	b.Output("y", b.Node("MatMul", []string{y, fc}), onnx.Symbolic("n"), onnx.Fixed(5))
	g, err := b.Graph()
	if err != nil {
		panic(err)
	}
	return &onnx.Model{Graph: g, Opset: 17, IRVersion: 8}
}

func TestSmall(t *testing.T) {
	net, err := network(small(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, node := range net.Nodes {
		kinds = append(kinds, node.Name+":"+node.Layer.Kind())
	}
	if got := strings.Join(kinds, " "); got != "conv:conv relu:relu globalpool:globalpool fc:linear" {
		t.Error(got)
	}
}

// TestHalfConstants reads a GELU by its parts whose root of 2 has 16 bits.
func TestHalfConstants(t *testing.T) {
	for root, want := range map[float32]bool{1.4140625: true, 1.4142135: true, 1.4141: false} {
		m := small()
		b := onnx.NewBuilder("gelu")
		x := b.Input("x", onnx.Symbolic("n"), onnx.Fixed(3))
		number := func(name string, v float32) string { return b.Initializer(name, nil, []float32{v}) }
		erf := b.Node("Erf", []string{b.Node("Div", []string{x, number("root", root)})})
		y := b.Node("Mul", []string{b.Node("Mul", []string{x, number("half", 0.5)}), b.Node("Add", []string{erf, number("one", 1)})})
		b.Output("y", y, onnx.Symbolic("n"), onnx.Fixed(3))
		var err error
		if m.Graph, err = b.Graph(); err != nil {
			t.Fatal(err)
		}
		net, err := network(m, Options{})
		if (err == nil) != want || err == nil && net.Nodes[0].Layer.Kind() != "gelu" {
			t.Errorf("root %g: %v", root, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	node := func(m *onnx.Model, i int) *onnx.Node { return &m.Graph.Nodes[i] }
	set := func(n *onnx.Node, a onnx.Attr) {
		for i := range n.Attrs {
			if n.Attrs[i].Name == a.Name {
				n.Attrs[i] = a
				return
			}
		}
		n.Attrs = append(n.Attrs, a)
	}
	for _, tc := range []struct {
		want   string
		change func(m *onnx.Model)
	}{
		{`node "/Relu" (Softmax): the operator is not supported; docs/onnx.md lists the supported ones (inputs N×3×4×4)`,
			func(m *onnx.Model) { node(m, 1).Op = "Softmax" }},
		{`node "/Relu" (com.microsoft.FusedRelu): the operator is ONNX Runtime's own and not supported; ` +
			`take the file before its optimisation, or optimise at its basic level (inputs N×3×4×4)`,
			func(m *onnx.Model) { n := node(m, 1); n.Op, n.Domain = "FusedRelu", "com.microsoft" }},
		{`node "/Relu" (DequantizeLinear): quantised networks are not supported; take the file before quantisation (inputs N×3×4×4)`,
			func(m *onnx.Model) { node(m, 1).Op = "DequantizeLinear" }},
		{`node "/Conv" (Conv): layer conv: parameter weight holds whole numbers in the file; it must hold floats ` +
			`(inputs N×2×4×4, 3×2×3×3)`, func(m *onnx.Model) {
			m.Graph.Initializers[0] = onnx.Tensor{Name: "conv.weight", Dims: []int64{3, 2, 3, 3}, Ints: make([]int64, 54)}
		}},
		{`node "/Relu" (If): operators with graphs of their own ("then_branch") are not supported; ` +
			`export the model without control flow (inputs N×3×4×4)`,
			func(m *onnx.Model) {
				node(m, 1).Op = "If"
				set(node(m, 1), onnx.Attr{Name: "then_branch", Kind: onnx.KindGraph})
			}},
		{`node "/Conv" (Conv): attribute strides is STRING, it must be INTS`,
			func(m *onnx.Model) { set(node(m, 0), onnx.String("strides", "2")) }},
		{`node "/Conv" (Conv): group is 0 (inputs N×2×4×4, 3×2×3×3)`, func(m *onnx.Model) { set(node(m, 0), onnx.Int("group", 0)) }},
		{`node "/Conv" (Conv): layer conv: value 1 of parameter weight is NaN, not a finite number (inputs N×2×4×4, 3×2×3×3)`,
			func(m *onnx.Model) { m.Graph.Initializers[0].Floats[1] = float32(math.NaN()) }},
		{"the file has operator set 99; sets 7 to 26 are supported", func(m *onnx.Model) { m.Opset = 99 }},
		{"the graph has a cycle", func(m *onnx.Model) { node(m, 0).Inputs[0] = "/Relu" }},
		{`node "/Conv" (Conv): its input "gone" is neither an initializer, an input of the graph nor the output of a node`,
			func(m *onnx.Model) { node(m, 0).Inputs[1] = "gone" }},
		{`two initializers are named "conv.weight", or one has no name`,
			func(m *onnx.Model) { m.Graph.Initializers = append(m.Graph.Initializers, m.Graph.Initializers[0]) }},
		{`node "/Relu" (Relu): its output "/Conv" is also the output of another node, an initializer or an input`,
			func(m *onnx.Model) { node(m, 1).Outputs[0] = "/Conv" }},
		{`the graph has 2 inputs ("x", "z"); a network has one`,
			func(m *onnx.Model) { m.Graph.Inputs = append(m.Graph.Inputs, onnx.ValueInfo{Name: "z"}) }},
		{"the graph has no input; a network has one", func(m *onnx.Model) { m.Graph.Inputs = nil }},
		{`the graph's output "z" is not the output of a node`, func(m *onnx.Model) { m.Graph.Outputs[0].Name = "z" }},
		{`axis 3 of the input "x" has no size in the file; export with fixed sizes, only the batch may be open`,
			func(m *onnx.Model) { m.Graph.Inputs[0].Dims[3] = onnx.Symbolic("w") }},
		{`the input "x" has shape [2 4611686018427387904 4]; examples of up to 268435456 values are supported`,
			func(m *onnx.Model) { m.Graph.Inputs[0].Dims[2] = onnx.Fixed(1 << 62) }},
		{`the input "x" has shape [2 -1 4]; examples of up to 268435456 values are supported`,
			func(m *onnx.Model) { m.Graph.Inputs[0].Dims[2] = onnx.Fixed(-1) }},
		{`node "/Conv" (Conv): strides is [9223372036854775807 1]; values from 0 to 32768 are supported (inputs N×2×4×4, 3×2×3×3)`,
			func(m *onnx.Model) { set(node(m, 0), onnx.Ints("strides", math.MaxInt64, 1)) }},
		{`node "/Conv" (Conv): pads has 2 values for 2 axes (inputs N×2×4×4, 3×2×3×3)`,
			func(m *onnx.Model) { set(node(m, 0), onnx.Ints("pads", 1, 1)) }},
		{`node "/MatMul" (MatMul): a weight of shape [5 2] does not fit 3 features (inputs N×3, 2×5)`, func(m *onnx.Model) {
			m.Graph.Initializers[1] = onnx.Tensor{Name: "fc.weight", Dims: []int64{2, 5}, Floats: make([]float32, 10)}
		}},
		{`node "/ReduceMean" (ReduceMean): only means over all positions are supported (inputs N×3×4×4)`,
			func(m *onnx.Model) { set(node(m, 2), onnx.Ints("axes", 1)) }},
		{`node "/ReduceMean" (ReduceMean): axis 7 of a value with 4 axes (inputs N×3×4×4)`,
			func(m *onnx.Model) { set(node(m, 2), onnx.Ints("axes", 7)) }},
	} {
		m := small()
		tc.change(m)
		_, err := network(m, Options{})
		if err == nil || err.Error() != tc.want {
			t.Errorf("error %v\nwant  %s", err, tc.want)
		}
	}
}

// TestMemory reads files of some hundred bytes that ask for constants of many gigabytes.
func TestMemory(t *testing.T) {
	for name, build := range map[string]func(b *onnx.Builder, x string) string{
		"expand": func(b *onnx.Builder, x string) string {
			one := b.Initializer("one", []int{1, 1}, []float32{1})
			w := b.Node("Expand", []string{one, b.Ints("shape", []int{1 << 30, 2})})
			return b.Node("MatMul", []string{w, x})
		},
		"fill": func(b *onnx.Builder, x string) string {
			w := b.Node("ConstantOfShape", []string{b.Ints("shape", []int{2, 1 << 40})})
			return b.Node("MatMul", []string{x, w})
		},
		"overflow": func(b *onnx.Builder, x string) string {
			w := b.Node("ConstantOfShape", []string{b.Ints("shape", []int{1 << 62, 1 << 62})})
			return b.Node("Add", []string{x, w})
		},
		"range": func(b *onnx.Builder, x string) string {
			number := func(name string, v float32) string { return b.Initializer(name, nil, []float32{v}) }
			r := b.Node("Range", []string{number("a", 0), number("b", 1e30), number("c", 1e-9)})
			return b.Node("Add", []string{x, r})
		},
		"tile": func(b *onnx.Builder, x string) string {
			w := b.Initializer("w", []int{2, 2}, make([]float32, 4))
			return b.Node("MatMul", []string{x, b.Node("Tile", []string{w, b.Ints("times", []int{1, 1 << 40})})})
		},
		"double": func(b *onnx.Builder, x string) string { // 2^60 values
			w := b.Initializer("w", []int{2, 2}, make([]float32, 4))
			for range 60 {
				w = b.Node("Concat", []string{w, w}, onnx.Int("axis", 1))
			}
			return b.Node("MatMul", []string{x, w})
		},
		"slice": func(b *onnx.Builder, x string) string {
			return b.Node("Slice", []string{x, b.Ints("from", []int{0}), b.Ints("to", []int{math.MaxInt64}), b.Ints("axes", []int{0}),
				b.Ints("steps", []int{math.MinInt64})})
		},
	} {
		b := onnx.NewBuilder(name)
		x := b.Input("x", onnx.Symbolic("n"), onnx.Fixed(2))
		b.Output("y", build(b, x), onnx.Symbolic("n"))
		g, err := b.Graph()
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = network(&onnx.Model{Graph: g, Opset: 17, IRVersion: 8}, Options{})
		runtime.ReadMemStats(&after)
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v", name, err)
		}
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 800 {
			t.Errorf("%s: %d MiB taken: %v", name, took, err)
		}
	}
}

// fault reports a panic that was turned into an error.
func fault(err error) bool {
	var r runtime.Error
	return errors.As(err, &r) || err != nil && strings.Contains(err.Error(), "cannot be built")
}

// FuzzImport changes the files of testdata: every file is a network or an error of one line.
func FuzzImport(f *testing.F) {
	files, err := filepath.Glob("testdata/*.onnx")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(onnx.Encode(small()))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := onnx.Decode(b)
		if err != nil {
			return
		}
		if _, err := network(m, Options{}); err != nil && (fault(err) || strings.Contains(err.Error(), "\n")) {
			t.Fatalf("%v", err)
		}
	})
}
