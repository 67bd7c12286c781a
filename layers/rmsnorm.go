package layers

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/norm"
	"pare/nn"
	"pare/nn/onnx"
)

// RMSNorm divides the units of an example, at each position by itself, by the root of the mean
// of their squares, then scales by γ (Zhang & Sennrich 2019). Input and output [F], [D, T] or
// [C, H, W]. Every output depends on all units of the input. After pruning the input may lack
// units that were always 0, and the output units that nothing reads.
type RMSNorm struct {
	Eps float64 `yaml:"eps,omitempty" json:"eps,omitempty" range:"(0,)" doc:"added to the mean of the squares; left out: 1e-6"`
	// Width is the number of units that the mean counts, with the units that the input lacks
	// as zeros. 0 means the number of input units.
	Width int `yaml:"width,omitempty" json:"width,omitempty" range:"[1,)" doc:"units that the mean counts, missing ones as zeros; left out: the units of the input"`
	// From lists the input unit of each output unit, ascending; nil: all units of the input.
	From []int `yaml:"from,omitempty" json:"from,omitempty" doc:"input unit of each output unit, ascending; left out: all in order"`

	weight *nn.Param // of the output units
	in     nn.Shape
}

func init() {
	nn.RegisterLayer("division by the root mean square over the units of each position (Zhang & Sennrich 2019)",
		func() nn.Layer { return &RMSNorm{} })
}

func (l *RMSNorm) Kind() string { return "rmsnorm" }

func (l *RMSNorm) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("rmsnorm", in)
	if err != nil {
		return nil, err
	}
	if len(s) > 3 {
		return nil, fmt.Errorf("rmsnorm needs a vector, a sequence or an image, got %s", s)
	}
	if l.Eps < 0 {
		return nil, fmt.Errorf("rmsnorm: eps is %g, it must not be negative", l.Eps)
	}
	l.Eps, l.Width = cmp.Or(l.Eps, 1e-6), cmp.Or(l.Width, s.Units())
	if err := ascending("rmsnorm", "from", l.From, s.Units()); err != nil {
		return nil, err
	}
	if l.Width < s.Units() || l.Width > maxValues {
		return nil, fmt.Errorf("rmsnorm: width is %d, the input has %d units", l.Width, s.Units())
	}
	l.in = s
	n := len(l.from())
	return s.WithUnits(n), initParams(unitParam(&l.weight, "weight", nn.RoleScale, n, filled(1)))
}

// from lists the input unit of each output unit.
func (l *RMSNorm) from() []int {
	if l.From == nil {
		return upTo(l.in.Units())
	}
	return l.From
}

func (l *RMSNorm) Params() []*nn.Param { return nonNil(l.weight) }

// Traits implements nn.Describer.
func (l *RMSNorm) Traits() nn.Traits { return nn.Traits{MixesUnits: true} }

// Build computes both gradients in one pass.
func (l *RMSNorm) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	p := l.pass(shape.TotalSize() / l.in.Units())
	out := shape.Clone()
	out[len(out)-1] = p.outputs
	toInput := shared(nn.Gradient(nn.Op{Name: "rmsnorm/dx", Shape: shape,
		Run: func(dst []float32, in [][]float32) { p.backward(dst, in[0], in[1], in[2]) }},
		0, 1, nn.OutGrad, nn.Out)) // the output is not read but must have been computed
	toWeight := after(toInput, nn.Op{Name: "rmsnorm/dgamma", Shape: tensor.Shape{p.outputs},
		Run: func(dst []float32, _ [][]float32) { p.pick(dst, p.dgamma, 1) }}, 0)
	return nn.Apply(nn.Op{Name: "rmsnorm", Shape: out, Grad: []nn.GradFunc{toInput, toWeight},
		Run: func(dst []float32, in [][]float32) { p.forward(dst, in[0], in[1]) },
	}, in[0], b.Param(l.weight))
}

// rmsNormPass is a compiled RMSNorm.
type rmsNormPass struct {
	*columns
	layer          *RMSNorm
	invrms, dgamma []float32

	// Only with columns.of:
	gamma []float32 // of the columns; 0 for a column without an output
	y     []float32 // rows of columns
}

func (l *RMSNorm) pass(rows int) *rmsNormPass {
	p := &rmsNormPass{layer: l, columns: newColumns(rows, l.in.Units(), l.From), invrms: make([]float32, rows)}
	p.dgamma = make([]float32, p.n)
	if p.of != nil {
		p.gamma, p.y = make([]float32, p.n), make([]float32, rows*p.n)
	}
	return p
}

func (p *rmsNormPass) forward(y, x, gamma []float32) {
	eps := float32(p.layer.Eps)
	if p.of == nil {
		norm.RMS(y, p.invrms, x, gamma, p.rows, p.n, p.layer.Width, eps)
		return
	}
	p.put(p.gamma, gamma, 1)
	norm.RMS(p.y, p.invrms, x, p.gamma, p.rows, p.n, p.layer.Width, eps)
	p.pick(y, p.y, p.rows)
}

// backward computes dx, and the sums for γ on the way.
func (p *rmsNormPass) backward(dx, x, gamma, dy []float32) {
	if p.of == nil {
		norm.RMSBackward(dx, p.dgamma, x, p.invrms, gamma, dy, p.rows, p.n, p.layer.Width)
		return
	}
	p.put(p.y, dy, p.rows)
	norm.RMSBackward(dx, p.dgamma, x, p.invrms, p.gamma, p.y, p.rows, p.n, p.layer.Width)
}

// OutUnits implements nn.UnitMapper: a unit and its normalised value are one.
func (l *RMSNorm) OutUnits(in []nn.Units, _ nn.UnitSpace) nn.Units { return pickUnits(in[0], l.from()) }

// Constants: γ = 0 and a unit of zeros give 0, and an input of constants gives constants.
func (l *RMSNorm) Constants(in []nn.Known) nn.Known {
	out := nn.Unknown(len(l.from()))
	squares, all := 0.0, true
	for u, c := range in[0].Const {
		squares += float64(in[0].Value[u]) * float64(in[0].Value[u])
		all = all && c
	}
	scale := 1 / math.Sqrt(squares/float64(l.Width)+l.Eps)
	for k, u := range l.from() {
		g := l.weight.Data()[k]
		switch {
		case g == 0 && !l.weight.Holds(k), in[0].Zero(u):
			out.Set(k, 0)
		case all:
			out.Set(k, float32(float64(in[0].Value[u])*scale*float64(g)))
		}
	}
	return out
}

// Needs: every unit counts in the mean, but units that are always 0 are not needed, because
// Width counts them when the input lacks them.
func (l *RMSNorm) Needs(_ []bool, in []nn.Known) [][]bool { return [][]bool{notZero(in[0])} }

func (l *RMSNorm) Slice(s nn.Slicing) (nn.Layer, error) {
	place, from := placesIn(s.In[0]), l.from()
	n := &RMSNorm{Eps: l.Eps, Width: l.Width, weight: l.weight.Select(nil, s.Out)}
	for _, k := range s.Out {
		n.From = append(n.From, place[from[k]])
	}
	if isRange(n.From, len(s.In[0])) {
		n.From = nil
	}
	return n, nil
}

// ONNX divides by the root of the mean over Width units; the operator for it came with
// operator set 23.
func (l *RMSNorm) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	op := func(kind string, in ...string) string { return b.Node(kind, in) }
	scalar := func(label string, v float64) string { return onnxScalar(b, name+"/"+label, float32(v)) }
	x := in[0]
	sum := op("ReduceSum", op("Mul", x, x), b.Ints(name+"/axes1", []int{1}))
	root := op("Sqrt", op("Add", op("Div", sum, scalar("width", float64(l.Width))), scalar("eps", l.Eps)))
	if l.From != nil {
		x = onnxGather(b, name, x, l.From)
	}
	return op("Mul", op("Div", x, root), onnxPerChannel(b, name, onnxParam(b, name, l.weight), shapes[0])), nil
}
