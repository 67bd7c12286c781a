package layers_test

import (
	"fmt"
	"io"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"pare/export"
	"pare/layers"
	"pare/nn"
	"pare/nn/onnx"
)

// SlopedReLU is max(x, 0) + a·min(x, 0) with a learned slope a (He et al. 2015).
type SlopedReLU struct{ a *nn.Param }

func (l *SlopedReLU) Kind() string        { return "sloped_relu" }
func (l *SlopedReLU) Params() []*nn.Param { return []*nn.Param{l.a} }
func (l *SlopedReLU) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	if l.a == nil {
		l.a = nn.NewParam("a", nn.RoleSlope, []int{1}, nn.AxisOther).Fill(0.25)
	}
	return in[0], nil
}

func (l *SlopedReLU) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	toX := nn.Gradient(nn.Op{Name: "sloped_relu/dx", Shape: shape, Run: func(dst []float32, in [][]float32) {
		copy(dst, in[2])
		for i, x := range in[0] {
			if x < 0 {
				dst[i] *= in[1][0]
			}
		}
	}}, 0, 1, nn.OutGrad)
	toA := nn.Gradient(nn.Op{Name: "sloped_relu/da", Shape: l.a.Shape(), Run: func(dst []float32, in [][]float32) {
		dst[0] = 0
		for i, x := range in[0] {
			dst[0] += min(x, 0) * in[1][i]
		}
	}}, 0, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "sloped_relu", Shape: shape, Grad: []nn.GradFunc{toX, toA}, Run: func(dst []float32, in [][]float32) {
		for i, x := range in[0] {
			dst[i] = max(x, 0) + in[1][0]*min(x, 0)
		}
	}}, in[0], b.Param(l.a))
}

// OutUnits implements nn.UnitMapper: every unit stays itself.
func (l *SlopedReLU) OutUnits(in []nn.Units, _ nn.UnitSpace) nn.Units { return in[0] }

// ONNX implements nn.ONNXLayer.
func (l *SlopedReLU) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	return b.Node("PRelu", []string{in[0], b.Initializer(name+".a", l.a.ExportShape(), l.a.Export())}), nil
}

// Once registered, your own layer is known to configs and architecture files. Its optional
// methods let penalties see through it and give networks with it an ONNX form.
func Example_customLayer() {
	nn.RegisterLayer("ReLU with a learned slope", func() nn.Layer { return &SlopedReLU{} })
	net, _ := nn.New("example", nn.Shape{4}, rand.New(rand.NewPCG(1, 2)))
	sloped, _ := nn.Layers.New("sloped_relu")
	fmt.Println(net.Add("a", &layers.Linear{Out: 3}), net.Add("b", sloped), net.Output().Shape)
	fmt.Println(export.WriteONNX(io.Discard, export.Model{Net: net}))
	// Output:
	// <nil> <nil> 3
	// <nil>
}
