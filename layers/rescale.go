package layers

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"

	"pare/nn"
	"pare/nn/onnx"
)

// Rescale is y = Scale·x + Shift for each unit of a vector, without parameters. It ends a
// network that learns standardised numbers, so that its output has their own units.
type Rescale struct {
	Scale []float32 `yaml:"scale" json:"scale" doc:"factor of each unit"`
	Shift []float32 `yaml:"shift" json:"shift" doc:"added to each unit"`

	passUnits
}

func init() {
	nn.RegisterLayer("fixed factor and shift of each unit, from standardised numbers to their units", func() nn.Layer { return &Rescale{} })
}

func (l *Rescale) Kind() string { return "rescale" }

func (l *Rescale) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("rescale", in)
	switch {
	case err != nil:
		return nil, err
	case len(s) != 1:
		return nil, fmt.Errorf("rescale needs a vector, got %s", s)
	case len(l.Scale) != s.Units() || len(l.Shift) != s.Units():
		return nil, fmt.Errorf("rescale: %d factors and %d shifts for %d units", len(l.Scale), len(l.Shift), s.Units())
	}
	for u := range l.Scale {
		if l.Scale[u] == 0 || l.Scale[u]-l.Scale[u] != 0 || l.Shift[u]-l.Shift[u] != 0 {
			return nil, fmt.Errorf("rescale: unit %d has factor %g and shift %g; they must be finite, and the factor not 0", u, l.Scale[u], l.Shift[u])
		}
	}
	return s, nil
}

func (l *Rescale) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape, units := in[0].Shape().Clone(), len(l.Scale)
	grad := nn.Gradient(nn.Op{Name: "rescale/dx", Shape: shape, Run: func(dst []float32, in [][]float32) {
		for i, dy := range in[0] {
			dst[i] = dy * l.Scale[i%units]
		}
	}}, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "rescale", Shape: shape, Grad: []nn.GradFunc{grad}, Run: func(dst []float32, in [][]float32) {
		for i, x := range in[0] {
			dst[i] = l.at(i%units, x)
		}
	}}, in[0])
}

func (l *Rescale) at(unit int, x float32) float32 { return x*l.Scale[unit] + l.Shift[unit] }

// Constants implements nn.Pruner.
func (l *Rescale) Constants(in []nn.Known) nn.Known { return mapKnown(in[0], l.at) }

// Affine implements nn.Affine.
func (l *Rescale) Affine(int) (factor, shift []float32) {
	return slices.Clone(l.Scale), slices.Clone(l.Shift)
}

func (l *Rescale) Slice(s nn.Slicing) (nn.Layer, error) {
	n := &Rescale{}
	for _, u := range s.Out {
		n.Scale, n.Shift = append(n.Scale, l.Scale[u]), append(n.Shift, l.Shift[u])
	}
	return n, nil
}

// ONNX is Mul and Add.
func (l *Rescale) ONNX(b *onnx.Builder, name string, in []string, _ []nn.Shape) (string, error) {
	units := []int{len(l.Scale)}
	y := b.Node("Mul", []string{in[0], b.Initializer(name+"/scale", units, l.Scale)})
	return b.Node("Add", []string{y, b.Initializer(name+"/shift", units, l.Shift)}), nil
}
