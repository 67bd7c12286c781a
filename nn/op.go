package nn

import (
	"fmt"
	"hash"
	"slices"
	"sync/atomic"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/exec"
)

// Kernel computes one value from its inputs. dst and in are the contiguous
// float32 storage of the output and of the inputs; a scalar has one element.
// dst does not overlap any input and its former content is arbitrary.
type Kernel func(dst []float32, in [][]float32)

// GradFunc returns the gradient with respect to one input, given the op's
// inputs, its output and the gradient of the cost with respect to the output.
type GradFunc func(in gorgonia.Nodes, out, grad *gorgonia.Node) (*gorgonia.Node, error)

// Values that the gradient of an op can be computed from, beside the op's inputs 0, 1, …
const (
	Out     = -1 // the op's output
	OutGrad = -2 // the gradient of the cost with respect to it
)

// Gradient is a GradFunc that applies one op to the values that from lists: inputs by
// their number, Out and OutGrad.
func Gradient(op Op, from ...int) GradFunc {
	return func(in gorgonia.Nodes, out, grad *gorgonia.Node) (*gorgonia.Node, error) {
		all := append(slices.Clone(in), grad, out) // Out and OutGrad count from the end
		read := make([]*gorgonia.Node, len(from))
		for i, f := range from {
			read[i] = all[(f+len(all))%len(all)]
		}
		return Apply(op, read...)
	}
}

// PassGrad is the GradFunc of an input that is added to the output.
func PassGrad(_ gorgonia.Nodes, _, grad *gorgonia.Node) (*gorgonia.Node, error) { return grad, nil }

// Op is a Gorgonia operation made of a Go kernel. It is differentiated
// symbolically by gorgonia.Grad and runs on Gorgonia's machines as well as in
// our executor, where it allocates nothing.
type Op struct {
	Name  string       // for messages
	Shape tensor.Shape // of the output, batch included; nil is a scalar
	Run   Kernel
	Grad  []GradFunc // one per input; a nil entry stops the gradient there

	// Accumulate is Run that adds to dst; nil: the op cannot. Where a
	// sum is the only reader of the result this saves writing and reading it.
	Accumulate Kernel

	// Rows returns Run with the rows of the result, its last axis, pitch values apart; the values
	// between rows stay as they are. nil, or a nil Kernel: the op cannot. Where only a Join reads
	// the result this saves a copy.
	Rows func(pitch int) Kernel
	// Join: each row of the result is made of the same row of every input, one after another. It
	// returns the kernel that copies all inputs but those placed, which are there already. nil: the
	// op is another one. Not together with Rows.
	Join func(placed []bool) Kernel

	// Rectified: the result is max(·, 0), or is 0 in more places. A gradient with respect
	// to it counts only where it is positive.
	Rectified bool
	// MaskedBy is the rectified value that this is a gradient with respect to,
	// when the gradient is 0 already wherever that is not positive; nil: unknown.
	MaskedBy *gorgonia.Node
	// Sparse: many values may be 0, and readers may skip them. A result that is Rectified
	// or MaskedBy counts as sparse anyway.
	Sparse bool
}

// IsSparse reports whether many of the values may be 0; a sum is sparse where all its
// terms are.
func IsSparse(n *gorgonia.Node) bool {
	return holds(n, func(a *appliedOp) bool { return a.Sparse || a.Rectified || a.MaskedBy != nil })
}

// holds reports whether a value is the result of an op with a property, or a sum of terms
// that all are.
func holds(n *gorgonia.Node, property func(*appliedOp) bool) bool {
	if !exec.IsSum(n) {
		a, ok := n.Op().(*appliedOp)
		return ok && property(a)
	}
	for it := n.Graph().From(n.ID()); it.Next(); {
		if !holds(it.Node().(*gorgonia.Node), property) {
			return false
		}
	}
	return true
}

// IsRectified reports whether a value is the result of an op with Rectified.
func IsRectified(n *gorgonia.Node) bool {
	a, ok := n.Op().(*appliedOp)
	return ok && a.Rectified
}

// IsMaskedBy reports whether a gradient is 0 wherever y is not positive; a sum is
// where its terms are.
func IsMaskedBy(grad, y *gorgonia.Node) bool {
	return holds(grad, func(a *appliedOp) bool { return a.MaskedBy == y })
}

var opCount atomic.Uint64

// Apply adds the op to the graph of its inputs.
func Apply(op Op, in ...*gorgonia.Node) (*gorgonia.Node, error) {
	if op.Grad != nil && len(op.Grad) != len(in) {
		return nil, fmt.Errorf("op %s has %d inputs and %d gradients", op.Name, len(in), len(op.Grad))
	}
	return apply(newOp(op, in...), in...)
}

func newOp(op Op, in ...*gorgonia.Node) *appliedOp {
	types := make([]hm.Type, 0, len(in)+1)
	for _, n := range in {
		types = append(types, typeOf(n.Shape()))
	}
	return &appliedOp{Op: op, id: opCount.Add(1), inputs: len(in),
		typ: hm.NewFnType(append(types, typeOf(op.Shape))...)}
}

func apply(op gorgonia.Op, in ...*gorgonia.Node) (*gorgonia.Node, error) {
	n, err := gorgonia.ApplyOp(op, in...)
	if err == nil && n.Op() != op {
		return nil, fmt.Errorf("op %s was merged with %v, whose hash is the same", op, n.Op())
	}
	return n, err
}

func typeOf(s tensor.Shape) hm.Type {
	if s.IsScalar() {
		return tensor.Float32
	}
	return gorgonia.TensorType{Dims: s.Dims(), Of: tensor.Float32}
}

// appliedOp implements gorgonia.Op and gorgonia.SDOp. Gorgonia merges nodes
// whose ops hash alike, so each carries a number unique in the process.
type appliedOp struct {
	Op
	id     uint64
	inputs int
	typ    hm.Type
	layer  string // of the network, for messages; "" for ops of no layer
}

var _ gorgonia.SDOp = (*appliedOp)(nil)

func (a *appliedOp) Arity() int                                            { return a.inputs }
func (a *appliedOp) Type() hm.Type                                         { return a.typ }
func (a *appliedOp) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return a.Op.Shape, nil }
func (a *appliedOp) ReturnsPtr() bool                                      { return true }
func (a *appliedOp) CallsExtern() bool                                     { return false }
func (a *appliedOp) OverwritesInput() int                                  { return -1 }
func (a *appliedOp) WriteHash(h hash.Hash)                                 { fmt.Fprintf(h, "%s#%d", a.Name, a.id) }
func (a *appliedOp) Hashcode() uint32                                      { return uint32(a.id*2654435761) ^ uint32(a.id>>32) }

func (a *appliedOp) String() string {
	if a.layer == "" {
		return fmt.Sprintf("%s#%d", a.Name, a.id)
	}
	return fmt.Sprintf("%s of layer %s", a.Name, a.layer)
}

type attributed interface{ setLayer(name string) }

func (a *appliedOp) setLayer(name string) {
	if a.layer == "" {
		a.layer = name
	}
}

// attribute says of the operations added to the graph since it had n nodes that
// they belong to a layer.
func attribute(g *gorgonia.ExprGraph, n int, layer string) {
	for _, node := range g.AllNodes()[n:] {
		if op, ok := node.Op().(attributed); ok {
			op.setLayer(layer)
		}
	}
}

// RunKernel computes the op on raw storage; the executor calls it.
func (a *appliedOp) RunKernel(dst []float32, in [][]float32) { a.Run(dst, in) }

// AccumulateKernel adds the op's result to its destination; it may be nil.
func (a *appliedOp) AccumulateKernel() func(dst []float32, in [][]float32) { return a.Accumulate }

// RowsKernel computes the op with the rows of its result apart; it may be nil.
func (a *appliedOp) RowsKernel(pitch int) func(dst []float32, in [][]float32) {
	if a.Rows == nil {
		return nil
	}
	return a.Rows(pitch)
}

// JoinKernel copies the inputs that are not in their place; nil: the op joins nothing.
func (a *appliedOp) JoinKernel(placed []bool) func(dst []float32, in [][]float32) {
	if a.Join == nil {
		return nil
	}
	return a.Join(placed)
}

// viewOp is an op whose result is a part of its input's storage.
type viewOp struct {
	*appliedOp
	start int
}

// ViewOf is where in its input's storage the result lies; the executor asks.
func (v *viewOp) ViewOf() (start int) { return v.start }

// View returns the values of x from start on as a value of its own, which costs
// nothing in our executor. Gradients do not pass.
func View(name string, x *gorgonia.Node, start int, shape tensor.Shape) (*gorgonia.Node, error) {
	size := shape.TotalSize()
	if start < 0 || start+size > x.Shape().TotalSize() {
		return nil, fmt.Errorf("view %s: %d values from %d on of %v", name, size, start, x.Shape())
	}
	a := newOp(Op{Name: name, Shape: shape,
		Run: func(dst []float32, in [][]float32) { copy(dst, in[0][start:start+size]) }}, x)
	return apply(&viewOp{a, start}, x)
}

// Do is for Gorgonia's machines.
func (a *appliedOp) Do(in ...gorgonia.Value) (gorgonia.Value, error) {
	raw := make([][]float32, len(in))
	for i, v := range in {
		d, err := storage(v)
		if err != nil {
			return nil, fmt.Errorf("op %s, input %d: %w", a.Name, i, err)
		}
		raw[i] = d
	}
	if a.Op.Shape.IsScalar() {
		var cell [1]float32
		a.Run(cell[:], raw)
		return gorgonia.NewF32(cell[0]), nil
	}
	out := tensor.New(tensor.WithShape(a.Op.Shape...), tensor.Of(tensor.Float32))
	a.Run(out.Data().([]float32), raw)
	return out, nil
}

func (a *appliedOp) DiffWRT(inputs int) []bool {
	d := make([]bool, inputs)
	for i := range a.Grad {
		d[i] = a.Grad[i] != nil
	}
	return d
}

func (a *appliedOp) SymDiff(in gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	grads := make(gorgonia.Nodes, len(in))
	// Ops run in the order in which they enter the graph: the gradients of parameters
	// first, then the gradient that the next op reads.
	for i := len(a.Grad) - 1; i >= 0; i-- {
		if a.Grad[i] == nil {
			continue
		}
		before := len(out.Graph().AllNodes())
		var err error
		grads[i], err = a.Grad[i](in, out, grad)
		attribute(out.Graph(), before, a.layer)
		if err != nil {
			return nil, fmt.Errorf("gradient of %s with respect to input %d: %w", a.Name, i, err)
		}
	}
	return grads, nil
}

// storage returns the float32 values behind a Gorgonia value.
func storage(v gorgonia.Value) ([]float32, error) {
	switch t := v.(type) {
	case *gorgonia.F32:
		return []float32{float32(*t)}, nil
	case *tensor.Dense:
		if d, ok := t.Data().([]float32); ok {
			return d, nil
		}
		if f, ok := t.Data().(float32); ok {
			return []float32{f}, nil
		}
	}
	return nil, fmt.Errorf("value of type %T is not float32", v)
}
