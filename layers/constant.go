package layers

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/nn"
	"pare/nn/onnx"
)

// Constant ignores its input, except for the batch size, and gives every unit one value
// everywhere. Pruning inserts it where nothing that depends on the input remains. Input
// any, output [C, H, W] or [F] as Shape says.
type Constant struct {
	Shape []int `yaml:"shape" json:"shape" doc:"of one example, channels first"`

	bias *nn.Param // [C]
}

// NewConstant returns a constant with one value per unit.
func NewConstant(shape nn.Shape, values []float32) *Constant {
	return &Constant{Shape: shape, bias: newBias(values)}
}

func init() {
	nn.RegisterLayer("a value per channel whatever the input", func() nn.Layer { return &Constant{} })
}

func (l *Constant) Kind() string { return "constant" }

func (l *Constant) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	if _, err := oneInput("constant", in); err != nil {
		return nil, err
	}
	shape := nn.Shape(l.Shape)
	if !shape.Valid() {
		return nil, fmt.Errorf("constant: shape %v has an axis that is not positive", l.Shape)
	}
	return shape, initParams(unitParam(&l.bias, "bias", nn.RoleBias, shape.Units(), nil))
}

func (l *Constant) Params() []*nn.Param { return nonNil(l.bias) }

func (l *Constant) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	out := nn.Shape(l.Shape).Batched(b.Batch)
	c := l.bias.Size()
	return nn.Apply(nn.Op{Name: "constant", Shape: out,
		Grad: []nn.GradFunc{nil, biasGrad("constant/db", out.TotalSize()/c, c)},
		Run: func(dst []float32, in [][]float32) {
			for i := 0; i < len(dst); i += c {
				copy(dst[i:i+c], in[1])
			}
		}}, in[0], b.Param(l.bias))
}

// Combine implements nn.Combiner.
func (l *Constant) Combine(_ []nn.Shape, add func(out, k, i int, factor float64)) {
	c := l.bias.Size()
	for out := range nn.Shape(l.Shape).Size() {
		add(out, -1, 0, float64(l.bias.Data()[out%c]))
	}
}

func (l *Constant) Constants([]nn.Known) nn.Known {
	out := nn.Unknown(l.bias.Size())
	for u, v := range l.bias.Data() {
		out.Set(u, v)
	}
	return out
}

func (l *Constant) Needs(_ []bool, in []nn.Known) [][]bool {
	return [][]bool{make([]bool, len(in[0].Const))}
}

func (l *Constant) Slice(s nn.Slicing) (nn.Layer, error) {
	return &Constant{Shape: nn.Shape(l.Shape).WithUnits(len(s.Out)), bias: l.bias.Select(nil, s.Out)}, nil
}

// ONNX is Expand to the batch size of the input.
func (l *Constant) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	batch := b.Node("Shape", in, onnx.Int("start", 0), onnx.Int("end", 1))
	shape := b.Node("Concat", []string{batch, b.Ints(name+"/shape", l.Shape)}, onnx.Int("axis", 0))
	return b.Node("Expand", []string{onnxPerChannel(b, name, onnxParam(b, name, l.bias), l.Shape), shape}), nil
}
