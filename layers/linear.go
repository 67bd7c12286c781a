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
)

// Linear is y = x·W + b with W of shape [in, out]. Input [F], output [Out]; for a
// sequence [F, T] the same at every position, output [Out, T].
type Linear struct {
	Out    int  `yaml:"out" json:"out"`                             // output features; at least 1
	NoBias bool `yaml:"no_bias,omitempty" json:"no_bias,omitempty"` // leave b out

	weight, bias *nn.Param
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
	if len(s) > 2 {
		return nil, fmt.Errorf("linear needs a vector or a sequence, got %s; put a flatten or global pooling before it", s)
	}
	if err := positive("linear", map[string]int{"out": l.Out}); err != nil {
		return nil, err
	}
	f := s.Units()
	if l.weight, err = keepOrMake(l.weight, []int{f, l.Out}, func() *nn.Param {
		p := nn.NewParam("weight", nn.RoleWeight, []int{f, l.Out}, nn.AxisIn, nn.AxisOut).Uniform(1/math.Sqrt(float64(f)), rng)
		p.Order = []int{1, 0}
		return p
	}); err != nil {
		return nil, err
	}
	if !l.NoBias {
		l.bias, err = keepOrMake(l.bias, []int{l.Out}, func() *nn.Param {
			return nn.NewParam("bias", nn.RoleBias, []int{l.Out}, nn.AxisOut).Uniform(1/math.Sqrt(float64(f)), rng)
		})
	}
	return s.WithUnits(l.Out), err
}

func (l *Linear) Params() []*nn.Param { return nonNil(l.weight, l.bias) }

// nonNil lists the parameters that exist.
func nonNil(params ...*nn.Param) []*nn.Param {
	var out []*nn.Param
	for _, p := range params {
		if p != nil {
			out = append(out, p)
		}
	}
	return out
}

func (l *Linear) MACs(in []nn.Shape) int64 { return int64(in[0].Size()) * int64(l.Out) }

var _ nn.Fuser = (*Linear)(nil)

// Fuses implements nn.Fuser.
func (l *Linear) Fuses(s nn.Step) bool { return s == nn.SumStep || s == nn.ReLUStep }

func (l *Linear) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return l.BuildFused(b, in, nn.Epilogue{})
}

// BuildFused implements nn.Fuser.
func (l *Linear) BuildFused(b *nn.Builder, in []*gorgonia.Node, e nn.Epilogue) (*gorgonia.Node, error) {
	shape, f, o := in[0].Shape().Clone(), l.weight.Shape()[0], l.Out
	rows := shape.TotalSize() / f // examples, or the positions of all of them
	out := shape.Clone()
	out[len(out)-1] = o
	forward := gemm.New(rows, o, f, false, false)
	if nn.IsSparse(in[0]) {
		forward.SkipZeros()
	}
	toInput := gemm.New(rows, f, o, false, true)
	params := &linearParams{plan: gemm.NewWeightGrad(rows, f, o, l.bias != nil), in: f, out: o}
	grads := []nn.GradFunc{
		func(in gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
			return linearInputGrad(toInput, in, dy)
		},
		params.toWeight,
	}
	nodes := []*gorgonia.Node{in[0], b.Param(l.weight)}
	if l.bias != nil {
		nodes = append(nodes, b.Param(l.bias))
		grads = append(grads, params.toBias)
	}
	relu := e.ReLU
	run := func(dst []float32, in [][]float32) { forward.Run(dst, in[0], in[1], third(in), false, relu) }
	if e.Skip != nil {
		last := len(nodes)
		nodes = append(nodes, e.Skip)
		grads = append(grads, func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) { return dy, nil })
		run = func(dst []float32, in [][]float32) {
			forward.RunSum(dst, in[0], in[1], third(in[:last]), in[last], e.ReLU)
		}
	}
	if e.ReLU {
		grads = behindReLU(grads)
	}
	return nn.Apply(nn.Op{Name: "linear", Shape: out, Grad: grads, Rectified: e.ReLU, Run: run}, nodes...)
}

// third returns the optional third input of a kernel, the bias.
func third(in [][]float32) []float32 {
	if len(in) < 3 {
		return nil
	}
	return in[2]
}

// biasGrad sums the gradient over all rows.
func biasGrad(name string, rows, units int) nn.GradFunc {
	return func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (*gorgonia.Node, error) {
		return nn.Apply(nn.Op{Name: name, Shape: tensor.Shape{units},
			Run: func(dst []float32, in [][]float32) { vector.ColumnSums(dst, in[0], rows, units) }}, dy)
	}
}

// Constants: an output is constant when every input it weighs is.
func (l *Linear) Constants(in []nn.Known) nn.Known {
	out := nn.Unknown(l.Out)
	w := l.weight.Data()
	for o := range l.Out {
		sum, constant := 0.0, true
		for i := range in[0].Const {
			v := w[i*l.Out+o]
			if v == 0 && !l.weight.Holds(i*l.Out+o) {
				continue
			}
			if !in[0].Const[i] {
				constant = false
				break
			}
			sum += float64(v) * float64(in[0].Value[i])
		}
		if constant {
			if l.bias != nil {
				sum += float64(l.bias.Data()[o])
			}
			out.Set(o, float32(sum))
		}
	}
	return out
}

// Needs: an input is needed when a kept output weighs it and it is not a
// constant, which folds into the bias.
func (l *Linear) Needs(keep []bool, in []nn.Known) [][]bool {
	need := make([]bool, len(in[0].Const))
	w := l.weight.Data()
	for i := range need {
		if in[0].Const[i] {
			continue
		}
		for o, k := range keep {
			if k && (w[i*l.Out+o] != 0 || l.weight.Holds(i*l.Out+o)) {
				need[i] = true
				break
			}
		}
	}
	return [][]bool{need}
}

func (l *Linear) Slice(s nn.Slicing) (nn.Layer, error) {
	n := &Linear{Out: len(s.Out), NoBias: l.NoBias, weight: l.weight.Select(s.In[0], s.Out)}
	shift, any := l.foldedShift(s)
	if l.bias != nil {
		n.bias = l.bias.Select(nil, s.Out)
	} else if any {
		n.bias = nn.NewParam("bias", nn.RoleBias, []int{n.Out}, nn.AxisOut)
		n.NoBias = false
	}
	if any {
		for o, v := range shift {
			n.bias.Data()[o] += float32(v)
		}
	}
	return n, nil
}

// foldedShift is what the dropped constant inputs add to each kept output.
func (l *Linear) foldedShift(s nn.Slicing) (shift []float64, any bool) {
	shift = make([]float64, len(s.Out))
	w := l.weight.Data()
	for i, c := range s.Known[0].Const {
		v := s.Known[0].Value[i]
		if !c || v == 0 {
			continue
		}
		for k, o := range s.Out {
			if x := w[i*l.Out+o]; x != 0 || l.weight.Holds(i*l.Out+o) {
				shift[k] += float64(v) * float64(x)
				any = true
			}
		}
	}
	return shift, any
}
