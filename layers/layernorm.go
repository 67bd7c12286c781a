package layers

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/internal/kernel/norm"
	"pare/nn"
	"pare/nn/onnx"
)

// LayerNorm normalises the units of an example, at each position by itself, then
// scales by γ and shifts by β (Ba et al. 2016). Input and output [F], [D, T] or [C, H, W],
// whose channels are the units of each pixel.
// Every output depends on all units of the input. After pruning the input may
// lack units that were always 0, and the output units that nothing reads.
type LayerNorm struct {
	Eps float64 `yaml:"eps,omitempty" json:"eps,omitempty" range:"(0,)" doc:"added to the variance; left out: 1e-5"`
	// Width is the number of units that mean and variance count, with the units that the
	// input lacks as zeros. 0 means the number of input units.
	Width int `yaml:"width,omitempty" json:"width,omitempty" range:"[1,)" doc:"units that mean and variance count, missing ones as zeros; left out: the units of the input"`
	// From lists the input unit of each output unit, ascending except for −1, which stands
	// for a unit that the input lacks; nil: all units of the input in order.
	From []int `yaml:"from,omitempty" json:"from,omitempty" doc:"input unit of each output unit, −1 for one that the input lacks; left out: all in order"`

	weight, bias *nn.Param // of the output units
	in           nn.Shape
}

func init() {
	nn.RegisterLayer("layer normalisation over the units of each position", func() nn.Layer { return &LayerNorm{} })
}

func (l *LayerNorm) Kind() string { return "layernorm" }

func (l *LayerNorm) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("layernorm", in)
	if err != nil {
		return nil, err
	}
	if len(s) > 3 {
		return nil, fmt.Errorf("layernorm needs a vector, a sequence or an image, got %s", s)
	}
	if l.Eps < 0 {
		return nil, fmt.Errorf("layernorm: eps is %g, it must not be negative", l.Eps)
	}
	l.Eps, l.Width = cmp.Or(l.Eps, 1e-5), cmp.Or(l.Width, s.Units())
	if err := l.checkFrom(s.Units()); err != nil {
		return nil, err
	}
	l.in = s
	n := len(l.from())
	return s.WithUnits(n), initParams(unitParam(&l.weight, "weight", nn.RoleScale, n, filled(1)),
		unitParam(&l.bias, "bias", nn.RoleShift, n, nil))
}

// checkFrom requires that From fits an input of n units and the width.
func (l *LayerNorm) checkFrom(n int) error {
	lacking, last := 0, -1
	for _, u := range l.From {
		switch {
		case u == -1:
			lacking++
		case u <= last || u >= n:
			return fmt.Errorf("layernorm: from is %v, it must ascend below %d but for -1", l.From, n)
		default:
			last = u
		}
	}
	if l.Width < n+lacking || l.Width > maxValues {
		return fmt.Errorf("layernorm: width is %d, the input has %d units and %d are lacking", l.Width, n, lacking)
	}
	return nil
}

// from lists the input unit of each output unit, or −1; only valid with in set or From
// given.
func (l *LayerNorm) from() []int {
	if l.From == nil {
		return upTo(l.in.Units())
	}
	return l.From
}

func (l *LayerNorm) Params() []*nn.Param { return nonNil(l.weight, l.bias) }

// Traits implements nn.Describer.
func (l *LayerNorm) Traits() nn.Traits { return nn.Traits{MixesUnits: true} }

// Build computes the gradients of all three inputs in one pass.
func (l *LayerNorm) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	shape := in[0].Shape().Clone()
	p := l.pass(shape.TotalSize() / l.in.Units())
	out := shape.Clone()
	out[len(out)-1] = p.outputs
	toInput := shared(nn.Gradient(nn.Op{Name: "layernorm/dx", Shape: shape,
		Run: func(dst []float32, in [][]float32) { p.backward(dst, in[0], in[1], in[2]) }},
		0, 1, nn.OutGrad, nn.Out)) // the output is not read but must have been computed
	sum := func(name string, of []float32) nn.GradFunc {
		return after(toInput, nn.Op{Name: name, Shape: tensor.Shape{p.outputs},
			Run: func(dst []float32, _ [][]float32) { p.pick(dst, of, 1) }}, 0)
	}
	return nn.Apply(nn.Op{Name: "layernorm", Shape: out,
		Grad: []nn.GradFunc{toInput, sum("layernorm/dgamma", p.dgamma), sum("layernorm/dbeta", p.dbeta)},
		Run:  func(dst []float32, in [][]float32) { p.forward(dst, in[0], in[1], in[2]) },
	}, in[0], b.Param(l.weight), b.Param(l.bias))
}

// layerNormPass is a compiled LayerNorm.
type layerNormPass struct {
	*columns
	layer         *LayerNorm
	mean, invstd  []float32
	dgamma, dbeta []float32 // of the columns

	// Only with columns.of:
	gamma, beta []float32 // of the columns; 0 for a column without an output
	y           []float32 // rows of columns
}

func (l *LayerNorm) pass(rows int) *layerNormPass {
	p := &layerNormPass{layer: l, columns: newColumns(rows, l.in.Units(), l.From)}
	vector := func(n int) []float32 { return make([]float32, n) }
	p.mean, p.invstd, p.dgamma, p.dbeta = vector(rows), vector(rows), vector(p.n), vector(p.n)
	if p.of != nil {
		p.gamma, p.beta, p.y = vector(p.n), vector(p.n), vector(rows*p.n)
	}
	return p
}

func (p *layerNormPass) forward(y, x, gamma, beta []float32) {
	eps := float32(p.layer.Eps)
	if p.of == nil {
		norm.Layer(y, p.mean, p.invstd, x, gamma, beta, p.rows, p.n, p.layer.Width, eps)
		return
	}
	p.put(p.gamma, gamma, 1)
	p.put(p.beta, beta, 1)
	norm.Layer(p.y, p.mean, p.invstd, p.widened(x), p.gamma, p.beta, p.rows, p.n, p.layer.Width, eps)
	p.pick(y, p.y, p.rows)
}

// backward computes dx, and the sums for γ and β on the way.
func (p *layerNormPass) backward(dx, x, gamma, dy []float32) {
	if p.of == nil {
		norm.LayerBackward(dx, p.dgamma, p.dbeta, x, p.mean, p.invstd, gamma, dy, p.rows, p.n, p.layer.Width)
		return
	}
	p.put(p.y, dy, p.rows)
	if p.in != nil {
		x = p.in // as forward left it
	}
	norm.LayerBackward(p.y, p.dgamma, p.dbeta, x, p.mean, p.invstd, p.gamma, p.y, p.rows, p.n, p.layer.Width)
	p.narrow(dx, p.y)
}

// OutUnits implements nn.UnitMapper: a unit and its normalised value are one.
func (l *LayerNorm) OutUnits(in []nn.Units, space nn.UnitSpace) nn.Units {
	out := make(nn.Units, len(l.from()))
	for k, u := range l.from() {
		if u < 0 {
			out[k] = space.Fresh(1)[0]
		} else {
			out[k] = in[0][u]
		}
	}
	return out
}

// Constants: γ = 0 gives β for any input, and an input of constants gives constants.
func (l *LayerNorm) Constants(in []nn.Known) nn.Known {
	out := nn.Unknown(len(l.from()))
	mean, invstd, all := l.moments(in[0])
	for k, u := range l.from() {
		g, b := l.weight.Data()[k], l.bias.Data()[k]
		switch {
		case g == 0 && !l.weight.Holds(k):
			out.Set(k, b)
		case all:
			x := 0.0
			if u >= 0 {
				x = float64(in[0].Value[u])
			}
			out.Set(k, float32((x-mean)*invstd*float64(g)+float64(b)))
		}
	}
	return out
}

// moments returns the mean and 1/√(variance+ε) of an input of constants, or
// false where not all are.
func (l *LayerNorm) moments(in nn.Known) (mean, invstd float64, ok bool) {
	squares := 0.0
	for u, c := range in.Const {
		if !c {
			return 0, 0, false
		}
		mean += float64(in.Value[u])
	}
	mean /= float64(l.Width)
	for _, v := range in.Value {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	squares += float64(l.Width-len(in.Value)) * mean * mean
	return mean, 1 / math.Sqrt(squares/float64(l.Width)+l.Eps), true
}

// Needs: every unit counts in the mean and the variance. Units that are always 0 are not
// needed, because Width counts them when the input lacks them.
func (l *LayerNorm) Needs(_ []bool, in []nn.Known) [][]bool {
	return [][]bool{notZero(in[0])}
}

func (l *LayerNorm) Slice(s nn.Slicing) (nn.Layer, error) {
	place, from := placesIn(s.In[0]), l.from()
	n := &LayerNorm{Eps: l.Eps, Width: l.Width, weight: l.weight.Select(nil, s.Out), bias: l.bias.Select(nil, s.Out)}
	for _, k := range s.Out {
		u, fed := place[from[k]]
		if !fed {
			u = -1
		}
		n.From = append(n.From, u)
	}
	if isRange(n.From, len(s.In[0])) {
		n.From = nil
	}
	return n, nil
}

// ONNX is LayerNormalization, whose axes are the last ones, so that sequences and images are
// transposed around it. Where the input lacks units it is spelt out.
func (l *LayerNorm) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	if l.From != nil || l.Width != shapes[0].Units() {
		return l.onnxNarrow(b, name, in[0], shapes[0]), nil
	}
	x := onnxUnitsLast(b, in[0], shapes[0])
	x = b.Node("LayerNormalization", onnxParams(b, name, []string{x}, l.weight, l.bias),
		onnx.Int("axis", -1), onnx.Float("epsilon", float32(l.Eps)))
	return onnxUnitsFirst(b, x, shapes[0]), nil
}

// onnxNarrow computes mean and variance over Width units; the units that the input lacks
// are 0.
func (l *LayerNorm) onnxNarrow(b *onnx.Builder, name, x string, s nn.Shape) string {
	scalar := func(label string, v float64) string { return onnxScalar(b, name+"/"+label, float32(v)) }
	op := func(kind string, in ...string) string { return b.Node(kind, in) }
	axes, width := b.Ints(name+"/axes1", []int{1}), scalar("width", float64(l.Width))
	mean := op("Div", op("ReduceSum", x, axes), width)
	diff := op("Sub", x, mean)
	zeros := op("Mul", op("Mul", mean, mean), scalar("zeros", float64(l.Width-s.Units())))
	variance := op("Div", op("Add", op("ReduceSum", op("Mul", diff, diff), axes), zeros), width)
	std := op("Sqrt", op("Add", variance, scalar("eps", l.Eps)))
	if l.From != nil { // a unit of zeros is appended for the outputs that come from none
		from := slices.Clone(l.From)
		for k, u := range from {
			if u < 0 {
				from[k] = s.Units()
			}
		}
		x = onnxGather(b, name, onnxPadUnit(b, name, x, s), from)
	}
	per := func(p *nn.Param) string {
		return onnxPerChannel(b, name+"/"+p.Name, onnxParam(b, name, p), s)
	}
	return op("Add", op("Mul", op("Div", op("Sub", x, mean), std), per(l.weight)), per(l.bias))
}
