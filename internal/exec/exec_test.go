package exec

import (
	"fmt"
	"hash"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// mixOp is a test operation with a Runner: dst[i] = c + Σ wₖ·inₖ[i mod len].
// It fills dst with NaN first, so that a plan that lets dst share storage with a
// live value is caught. Nodes with ops of equal name hash alike.
type mixOp struct {
	name  string
	size  int
	arity int
	c     float32
}

func (o *mixOp) Arity() int { return o.arity }
func (o *mixOp) Type() hm.Type {
	types := make([]hm.Type, o.arity+1)
	for i := range types {
		types[i] = gorgonia.TensorType{Dims: 1, Of: tensor.Float32}
	}
	return hm.NewFnType(types...)
}
func (o *mixOp) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return tensor.Shape{o.size}, nil
}
func (o *mixOp) Do(...gorgonia.Value) (gorgonia.Value, error) {
	return nil, fmt.Errorf("test operations run in the executor only")
}
func (o *mixOp) ReturnsPtr() bool      { return true }
func (o *mixOp) CallsExtern() bool     { return false }
func (o *mixOp) OverwritesInput() int  { return -1 }
func (o *mixOp) WriteHash(h hash.Hash) { fmt.Fprint(h, o.name) }
func (o *mixOp) Hashcode() uint32      { return uint32(o.c) }
func (o *mixOp) String() string        { return o.name }

func (o *mixOp) RunKernel(dst []float32, in [][]float32) {
	for i := range dst {
		dst[i] = nan
	}
	for i := range dst {
		dst[i] = o.at(i, in)
	}
}

func (o *mixOp) at(i int, in [][]float32) float32 {
	v := o.c
	for k, x := range in {
		v += float32(k+1) * 0.25 * x[i%len(x)]
	}
	return v
}

// AccumulateKernel reads all of its inputs before it writes, so that only a plan
// that lets dst be one of them by mistake is caught, not one that may.
func (o *mixOp) AccumulateKernel() func(dst []float32, in [][]float32) {
	return func(dst []float32, in [][]float32) {
		for i := range dst {
			dst[i] += o.at(i, in)
		}
	}
}

// partOp is a view: the values of its input from start on.
type partOp struct {
	*mixOp
	start int
}

func (o *partOp) ViewOf() int                                        { return o.start }
func (o *partOp) RowsKernel(int) func(dst []float32, in [][]float32) { return nil }
func (o *partOp) AccumulateKernel() func(dst []float32, in [][]float32) {
	return nil
}
func (o *partOp) RunKernel(dst []float32, in [][]float32) {
	copy(dst, in[0][o.start:])
}

// RowsKernel writes the only row of a vector.
func (o *mixOp) RowsKernel(int) func(dst []float32, in [][]float32) { return o.RunKernel }

// joinOp appends vectors.
type joinOp struct{ *mixOp }

func (o *joinOp) RowsKernel(int) func(dst []float32, in [][]float32)    { return nil }
func (o *joinOp) AccumulateKernel() func(dst []float32, in [][]float32) { return nil }
func (o *joinOp) RunKernel(dst []float32, in [][]float32) {
	o.JoinKernel(make([]bool, len(in)))(dst, in)
}
func (o *joinOp) JoinKernel(placed []bool) func(dst []float32, in [][]float32) {
	return func(dst []float32, in [][]float32) {
		for k, v := range in {
			if !placed[k] {
				copy(dst, v)
			}
			dst = dst[len(v):]
		}
	}
}

// sumOf is how the evaluation without a plan computes Gorgonia's sum.
type sumOf struct{}

func (sumOf) RunKernel(dst []float32, in [][]float32) {
	for i := range dst {
		dst[i] = in[0][i] + in[1][i]
	}
}

// dag is a random graph: node k reads reads[k], indices of nodes before it; the
// nodes without any are inputs.
type dag struct {
	g     *gorgonia.ExprGraph
	nodes []*gorgonia.Node
	ops   []Runner // nil for inputs
	reads [][]int
	leaf  [][]float32
}

func drawDAG(t *rapid.T) *dag {
	d := &dag{g: gorgonia.NewGraph()}
	inputs := rapid.IntRange(1, 3).Draw(t, "inputs")
	for k := range inputs + rapid.IntRange(1, 25).Draw(t, "ops") {
		size := rapid.IntRange(1, 12).Draw(t, "size")
		if k < inputs {
			n := gorgonia.NewVector(d.g, tensor.Float32, gorgonia.WithName(fmt.Sprint("x", k)), gorgonia.WithShape(size))
			data := make([]float32, size)
			for i := range data {
				data[i] = float32(k*10 + i)
			}
			d.nodes, d.ops, d.reads, d.leaf = append(d.nodes, n), append(d.ops, nil), append(d.reads, nil), append(d.leaf, data)
			continue
		}
		n, op, reads := d.drawOp(t, k, size)
		d.nodes, d.ops, d.reads, d.leaf = append(d.nodes, n), append(d.ops, op), append(d.reads, reads), append(d.leaf, nil)
	}
	return d
}

// drawOp adds node k: a view, a sum of two values of one size where there are
// two, values one after another, or a mix.
func (d *dag) drawOp(t *rapid.T, k, size int) (*gorgonia.Node, Runner, []int) {
	apply := func(op gorgonia.Op, reads ...int) *gorgonia.Node {
		var in []*gorgonia.Node
		for _, r := range reads {
			in = append(in, d.nodes[r])
		}
		n, err := gorgonia.ApplyOp(op, in...)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		r := rapid.IntRange(0, k-1).Draw(t, "viewed")
		have := d.nodes[r].Shape().TotalSize()
		start := rapid.IntRange(0, have-1).Draw(t, "start")
		op := &partOp{&mixOp{name: fmt.Sprint("part", k), size: rapid.IntRange(1, have-start).Draw(t, "part"), arity: 1}, start}
		return apply(op, r), op, []int{r}
	case 1:
		a := rapid.IntRange(0, k-1).Draw(t, "a")
		for b := k - 1; b > a; b-- {
			if d.nodes[b].Shape().Eq(d.nodes[a].Shape()) {
				n, err := gorgonia.Add(d.nodes[a], d.nodes[b])
				if err != nil {
					t.Fatal(err)
				}
				return n, sumOf{}, []int{a, b}
			}
		}
	case 2:
		reads := rapid.SliceOfN(rapid.IntRange(0, k-1), 1, 3).Draw(t, "joined")
		size := 0
		for _, r := range reads {
			size += d.nodes[r].Shape().TotalSize()
		}
		op := &joinOp{&mixOp{name: fmt.Sprint("join", k), size: size, arity: len(reads)}}
		return apply(op, reads...), op, reads
	}
	reads := rapid.SliceOfN(rapid.IntRange(0, k-1), 1, 4).Draw(t, "reads") // repeats allowed
	op := &mixOp{name: fmt.Sprint("mix", k), size: size, arity: len(reads), c: float32(k)}
	return apply(op, reads...), op, reads
}

// evaluate computes every node with storage of its own.
func (d *dag) evaluate() [][]float32 {
	values := make([][]float32, len(d.nodes))
	for k, op := range d.ops {
		if op == nil {
			values[k] = d.leaf[k]
			continue
		}
		var in [][]float32
		for _, r := range d.reads[k] {
			in = append(in, values[r])
		}
		values[k] = make([]float32, d.nodes[k].Shape().TotalSize())
		op.RunKernel(values[k], in)
	}
	return values
}

func (d *dag) leafOf(n *gorgonia.Node) []float32 {
	return d.leaf[slices.Index(d.nodes, n)]
}

// TestReuseClobbersNothing compares plans, whose buffers are shared, with an
// evaluation that shares none, twice: a second run starts from used buffers.
func TestReuseClobbersNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDAG(t)
		picks := rapid.SliceOfNDistinct(rapid.IntRange(0, len(d.nodes)-1), 1, min(3, len(d.nodes)), rapid.ID[int]).Draw(t, "outputs")
		var outputs []*gorgonia.Node
		for _, k := range picks {
			outputs = append(outputs, d.nodes[k])
		}
		p, err := New(d.g, outputs, d.leafOf)
		if err != nil {
			t.Fatal(err)
		}
		want := d.evaluate()
		for range 2 {
			p.Run()
			for _, k := range picks {
				if !slices.Equal(p.Value(d.nodes[k]), want[k]) {
					t.Fatalf("node %d is %v, expected %v", k, p.Value(d.nodes[k]), want[k])
				}
			}
		}
		floats := 0
		for i := range p.steps {
			floats += len(p.steps[i].dst)
		}
		if p.Bytes() > 4*floats {
			t.Fatalf("a plan of %d values holds %d bytes", floats, p.Bytes())
		}
	})
}

// TestChainNeedsTwoBuffers: in a chain only a value and its successor live.
func TestChainNeedsTwoBuffers(t *testing.T) {
	g := gorgonia.NewGraph()
	x := gorgonia.NewVector(g, tensor.Float32, gorgonia.WithName("x"), gorgonia.WithShape(100))
	data := make([]float32, 100)
	n := x
	for k := range 10 {
		var err error
		if n, err = gorgonia.ApplyOp(&mixOp{name: fmt.Sprint("mix", k), size: 100, arity: 1}, n); err != nil {
			t.Fatal(err)
		}
	}
	p, err := New(g, []*gorgonia.Node{n}, func(*gorgonia.Node) []float32 { return data })
	if err != nil {
		t.Fatal(err)
	}
	if p.Bytes() != 2*400 {
		t.Errorf("a chain of 400-byte values holds %d bytes, expected 800", p.Bytes())
	}
}

func TestPlanErrors(t *testing.T) {
	g := gorgonia.NewGraph()
	x := gorgonia.NewVector(g, tensor.Float64, gorgonia.WithName("x"), gorgonia.WithShape(4))
	y, err := gorgonia.Square(x)
	if err != nil {
		t.Fatal(err)
	}
	leaf := func(*gorgonia.Node) []float32 { return make([]float32, 4) }
	if _, err := New(g, []*gorgonia.Node{y}, leaf); err == nil || !strings.Contains(err.Error(), "float64") {
		t.Errorf("a float64 graph: %v", err)
	}
	none := func(*gorgonia.Node) []float32 { return nil }
	if _, err := New(g, []*gorgonia.Node{y}, none); err == nil || !strings.Contains(err.Error(), "input x has no value") {
		t.Errorf("an input without a value: %v", err)
	}
}

func TestFirstNonFinite(t *testing.T) {
	g := gorgonia.NewGraph()
	x := gorgonia.NewVector(g, tensor.Float32, gorgonia.WithName("x"), gorgonia.WithShape(2))
	a, err := gorgonia.ApplyOp(&mixOp{name: "first", size: 2, arity: 1}, x)
	if err != nil {
		t.Fatal(err)
	}
	b, err := gorgonia.ApplyOp(&mixOp{name: "second", size: 2, arity: 1, c: float32(math.Inf(1))}, a)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(g, []*gorgonia.Node{b}, func(*gorgonia.Node) []float32 { return []float32{1, 2} })
	if err != nil {
		t.Fatal(err)
	}
	if got := p.FirstNonFinite(); got != "second" {
		t.Errorf("the first operation that is not finite is %q, expected second", got)
	}
}

// TestSumInPlace: a sum whose second term can add itself needs no step and no
// buffer of its own.
func TestSumInPlace(t *testing.T) {
	g := gorgonia.NewGraph()
	x := gorgonia.NewVector(g, tensor.Float32, gorgonia.WithName("x"), gorgonia.WithShape(100))
	data := make([]float32, 100)
	apply := func(name string, in *gorgonia.Node) *gorgonia.Node {
		n, err := gorgonia.ApplyOp(&mixOp{name: name, size: 100, arity: 1, c: 2}, in)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	sum, err := gorgonia.Add(apply("a", x), apply("b", x))
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(g, []*gorgonia.Node{sum}, func(*gorgonia.Node) []float32 { return data })
	if err != nil {
		t.Fatal(err)
	}
	p.Run()
	if len(p.steps) != 2 || p.Bytes() != 400 || p.Value(sum)[99] != 4 {
		t.Errorf("%d steps, %d bytes, value %g; expected 2, 400 and 4", len(p.steps), p.Bytes(), p.Value(sum)[99])
	}
}
