package layers

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/gemm"
	"pare/internal/kernel/vector"
	"pare/nn"
	"pare/nn/onnx"
)

// Linear is y = x·W + b with W of shape [in, out]. Input [F], output [Out]; for a
// sequence [F, T] the same at every position, output [Out, T], and for an image [F, H, W] the
// same at every pixel, output [Out, H, W]. Tied to an embedding, W is the transposed table of its
// vectors and Out their number.
type Linear struct {
	Out    int  `yaml:"out" json:"out" doc:"output features; at least 1; tied to an embedding: its vectors"`
	NoBias bool `yaml:"no_bias,omitempty" json:"no_bias,omitempty" doc:"leave the bias out"`

	weighted
}

func init() {
	nn.RegisterLayer("y = x·W + b over features", func() nn.Layer { return &Linear{} })
}

func (l *Linear) Kind() string { return "linear" }

func (l *Linear) Init(in []nn.Shape, rng *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("linear", in)
	if err != nil {
		return nil, err
	}
	if err := positive("linear", "out", l.Out); err != nil {
		return nil, err
	}
	draw := uniform(1/math.Sqrt(float64(s.Units())), rng)
	var params []parameter
	if !l.readsTable() {
		params = append(params, parameter{&l.weight, "weight", nn.RoleWeight, []int{s.Units(), l.Out},
			[]nn.Axis{nn.AxisIn, nn.AxisOut}, []int{1, 0}, draw})
	} else if n := l.weight.Shape()[1]; n != s.Units() {
		return nil, fmt.Errorf("linear: the input has %d units, the vectors that it is tied to have %d", s.Units(), n)
	}
	if !l.NoBias {
		params = append(params, unitParam(&l.bias, "bias", nn.RoleBias, l.Out, draw))
	}
	return s.WithUnits(l.Out), initParams(params...)
}

// ShareTable implements nn.TableSharer: the weight is the table, with the units that a vector has
// as inputs and its rows as outputs.
func (l *Linear) ShareTable(table *nn.Param) error {
	rows := table.Shape()[0]
	if l.Out != 0 && l.Out != rows {
		return fmt.Errorf("linear: out is %d, but the layer that it is tied to has %d vectors; leave out out", l.Out, rows)
	}
	l.Out, l.weight, l.transposed = rows, table, 1
	return nil
}

// readsTable reports whether the weight is a table of another layer.
func (l *Linear) readsTable() bool { return l.transposed > 0 }

func (l *Linear) Params() []*nn.Param {
	if l.readsTable() {
		return nonNil(l.bias)
	}
	return l.weighted.Params()
}

func (l *Linear) MACs(in []nn.Shape) int64 { return int64(in[0].Size()) * int64(l.Out) }

// SkipsZeros implements nn.ZeroSkipper.
func (l *Linear) SkipsZeros(in nn.Shape, batch int, share float64) bool {
	return gemm.SkipsZeros(batch*in.Positions(), l.Out, in.Units(), share)
}

// Fuses implements nn.Fuser.
func (l *Linear) Fuses(s nn.Step) bool { return s == nn.SumStep || s == nn.ReLUStep }

func (l *Linear) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return l.BuildFused(b, in, nn.Epilogue{})
}

// BuildFused implements nn.Fuser. The gradients of weights and bias come from one pass
// over the inputs and the gradient behind them.
func (l *Linear) BuildFused(b *nn.Builder, in []*gorgonia.Node, e nn.Epilogue) (*gorgonia.Node, error) {
	shape, o := in[0].Shape().Clone(), l.Out
	f := l.weight.Size() / o
	rows := shape.TotalSize() / f // examples, or the positions of all of them
	out := shape.Clone()
	out[len(out)-1] = o
	if !l.readsTable() {
		if k := skipWeights(b, l.weight, l.bias, f, o, rows); k != nil {
			return applyRows("linear", k, rows, out, e, in[0])
		}
	}
	forward := gemm.New(rows, o, f, false, l.readsTable())
	b.Freeze(l.weight, forward)
	if nn.IsSparse(in[0]) {
		forward.SkipZeros()
	}
	toInput := gemm.New(rows, f, o, false, !l.readsTable())
	plan := gemm.NewWeightGrad(rows, f, o, l.bias != nil)
	toParams := shared(func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		plan.SkipZeros(nn.IsSparse(in[0]), nn.IsSparse(dy))
		return nn.Apply(nn.Op{Name: "linear/dw", Shape: tensor.Shape{plan.Size()},
			Run: func(dst []float32, in [][]float32) { plan.Run(dst, in[0], in[1]) }}, in[0], dy)
	})
	grads := []nn.GradFunc{
		func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
			return linearInputGrad(toInput, in, dy)
		},
		part(toParams, "linear/weight", 0, tensor.Shape{f, o}),
	}
	if l.readsTable() {
		grads[1] = tableGrad(rows, f, o)
	}
	nodes := []*gorgonia.Node{in[0], b.Param(l.weight)}
	if l.bias != nil {
		nodes = append(nodes, b.Param(l.bias))
		if l.readsTable() {
			grads = append(grads, nn.Gradient(nn.Op{Name: "linear/db", Shape: tensor.Shape{o},
				Run: func(dst []float32, in [][]float32) { vector.ColumnSums(dst, in[0], rows, o) }}, nn.OutGrad))
		} else {
			grads = append(grads, part(toParams, "linear/bias", f*o, tensor.Shape{o}))
		}
	}
	relu := e.ReLU
	run := func(dst []float32, in [][]float32) { forward.Run(dst, in[0], in[1], third(in), false, relu) }
	last := 0
	if e.Skip != nil {
		last = len(nodes)
		nodes, grads = append(nodes, e.Skip), append(grads, nn.PassGrad)
		run = func(dst []float32, in [][]float32) {
			forward.RunSum(dst, in[0], in[1], third(in[:last]), in[last], e.ReLU)
		}
	}
	if nn.IsSparse(in[0]) && !l.readsTable() {
		if k := skipInputs(b, l.weight, l.bias, f, o, rows); k != nil {
			run = withInputZeros(k, rows, e, last, run)
		}
	}
	if e.ReLU {
		grads = behindReLU(grads)
	}
	return nn.Apply(nn.Op{Name: "linear", Shape: out, Grad: grads, Rectified: e.ReLU, Run: run}, nodes...)
}

// mostStored is the number of outputs up to which a weight with its rows in another order, a copy,
// saves more than it takes: the pass that it saves is short beside the product of many outputs.
const mostStored = 512

// storedForm is the form of a weight with its rows in the order of stored values.
type storedForm struct{ units, positions int }

// ReadsStored implements nn.TurnedReader.
func (l *Linear) ReadsStored(b *nn.Builder, units, positions int) nn.Layer {
	if l.readsTable() || l.Out > mostStored || l.weight.Size() != units*positions*l.Out {
		return nil
	}
	own := *l
	own.weight = nn.MakeFrozen(b, l.weight, storedForm{units, positions}, func() *nn.Param {
		turned := nn.NewParam(l.weight.Name, l.weight.Role, l.weight.Shape(), l.weight.Axes...)
		turned.Order = l.weight.Order
		for u := range units {
			for p := range positions {
				copy(turned.Data()[(p*units+u)*l.Out:][:l.Out], l.weight.Data()[(u*positions+p)*l.Out:])
			}
		}
		return turned
	})
	return &own
}

// tableGrad is the gradient to a table of o rows of f values that is the weight, dyᵀ·x.
func tableGrad(rows, f, o int) nn.GradFunc {
	plan := gemm.NewWeightGrad(rows, o, f, false)
	return func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		plan.SkipZeros(nn.IsSparse(dy), nn.IsSparse(in[0]))
		return nn.Apply(nn.Op{Name: "linear/dtable", Shape: tensor.Shape{o, f},
			Run: func(dst []float32, in [][]float32) { plan.Run(dst, in[1], in[0]) }}, in[0], dy)
	}
}

// third returns the optional third input of a kernel, the bias.
func third(in [][]float32) []float32 {
	if len(in) < 3 {
		return nil
	}
	return in[2]
}

// linearInputGrad is the gradient to the input, dy·Wᵀ. Behind a ReLU its mask is
// applied in the same pass.
func linearInputGrad(plan *gemm.Product, in gorgonia.Nodes, dy *gorgonia.Node) (*gorgonia.Node, error) {
	x, w := in[0], in[1]
	if nn.IsRectified(x) || nn.IsSparse(dy) {
		plan.SkipZeros()
	}
	if nn.IsRectified(x) {
		return nn.Apply(nn.Op{Name: "linear/dx", Shape: x.Shape().Clone(), MaskedBy: x,
			Run: func(dst []float32, in [][]float32) { plan.RunMasked(dst, in[0], in[1], in[2]) }}, dy, w, x)
	}
	run := func(acc bool) nn.Kernel {
		return func(dst []float32, in [][]float32) { plan.Run(dst, in[0], in[1], nil, acc, false) }
	}
	return nn.Apply(nn.Op{Name: "linear/dx", Shape: x.Shape().Clone(), Run: run(false), Accumulate: run(true)}, dy, w)
}

// AbsorbAffine implements nn.AffineSink.
func (l *Linear) AbsorbAffine(factor, shift []float32) {
	l.scale(factor, shift)
	l.NoBias = false
}

// Constants implements nn.Pruner.
func (l *Linear) Constants(in []nn.Known) nn.Known { return l.constants(in[0], always) }

// Needs implements nn.Pruner.
func (l *Linear) Needs(keep []bool, in []nn.Known) [][]bool {
	return [][]bool{l.needs(keep, in[0], always)}
}

// ownWeight is the weight [in, out], of a table a copy.
func (l *Linear) ownWeight() *nn.Param {
	if !l.readsTable() {
		return l.weight
	}
	rows, units := l.weight.Shape()[0], l.weight.Shape()[1]
	turn := func(dst, src []float32) {
		for i, v := range src {
			dst[i%units*rows+i/units] = v
		}
	}
	own := nn.NewParam("weight", nn.RoleWeight, []int{units, rows}, nn.AxisIn, nn.AxisOut)
	own.Order = []int{1, 0}
	turn(own.Data(), l.weight.Data())
	return own.SelectedFrom(l.weight, turn)
}

// Slice implements nn.Pruner. The slice of a layer with a table has a weight of its own until it
// is tied again.
func (l *Linear) Slice(s nn.Slicing) (nn.Layer, error) {
	n := &Linear{Out: len(s.Out), NoBias: l.NoBias}
	n.weight = l.ownWeight().Select(s.In[0], s.Out)
	if l.sliceBias(&n.weighted, s) {
		n.NoBias = false
	}
	return n, nil
}

// Sums implements nn.LinearMap.
func (l *Linear) Sums(in nn.Shape) nn.Sums {
	f := in.Units()
	return l.sums(f, in.Positions(), func(dst, example []float32, position, _ int) { copy(dst, example[position*f:][:f]) })
}

// ONNX is Gemm with the weight [out, in] transposed. For sequences, which are
// channels first, the weight comes first in a MatMul; for images it becomes a convolution
// with one tap.
func (l *Linear) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	switch len(shapes[0]) {
	case 3:
		weight := b.Node("Unsqueeze", []string{onnxParam(b, name, l.weight), b.Ints(name+"/taps", []int{2, 3})})
		return b.Node("Conv", onnxParams(b, name, []string{in[0], weight}, l.bias), onnx.Ints("kernel_shape", 1, 1)), nil
	case 2:
		y := b.Node("MatMul", []string{onnxParam(b, name, l.weight), in[0]})
		if l.bias != nil {
			y = b.Node("Add", []string{y, onnxPerChannel(b, name, onnxParam(b, name, l.bias), nn.Shape{l.Out, 1})})
		}
		return y, nil
	}
	return b.Node("Gemm", onnxParams(b, name, in, l.weight, l.bias), onnx.Int("transB", 1)), nil
}
