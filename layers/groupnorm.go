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

// GroupNorm normalises groups of units of an example, each over all its units and positions,
// then scales each unit by γ and shifts it by β (Wu & He 2018). Input and output [F], [D, T] or
// [C, H, W]. A unit has a place: place p belongs to group p/Width. After pruning the input may
// lack units that were always 0, and the output units that nothing reads; they still count.
type GroupNorm struct {
	Groups int     `yaml:"groups" json:"groups" range:"[1,)" required:"true" doc:"groups of units, which follow each other"`
	Eps    float64 `yaml:"eps,omitempty" json:"eps,omitempty" range:"(0,)" doc:"added to the variance; left out: 1e-5"`
	// Width is the number of units that mean and variance of a group count, with the units
	// that the input lacks as zeros. 0 means the input's units divided among the groups.
	Width int `yaml:"width,omitempty" json:"width,omitempty" range:"[1,)" doc:"units that each group counts, missing ones as zeros; left out: the units of the input / groups"`
	// Places lists the place of each input unit, ascending; nil: 0, 1, …
	Places []int `yaml:"places,omitempty" json:"places,omitempty" doc:"place of each input unit among groups·width; left out: all in order"`
	// Outputs lists the place of each output unit, ascending; nil: the places of the input units.
	Outputs []int `yaml:"outputs,omitempty" json:"outputs,omitempty" doc:"place of each output unit among groups·width; left out: the places of the input units"`

	weight, bias *nn.Param // of the output units
	in           nn.Shape
}

// maxPlaces bounds the places of a GroupNorm, so that a damaged architecture file cannot make a
// reader run out of memory.
const maxPlaces = 1 << 20

func init() {
	nn.RegisterLayer("normalisation of groups of units over all positions (Wu & He 2018)", func() nn.Layer { return &GroupNorm{} })
}

func (l *GroupNorm) Kind() string { return "groupnorm" }

func (l *GroupNorm) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) {
	s, err := oneInput("groupnorm", in)
	if err != nil {
		return nil, err
	}
	if len(s) > 3 {
		return nil, fmt.Errorf("groupnorm needs a vector, a sequence or an image, got %s", s)
	}
	if l.Eps < 0 || l.Groups < 1 || l.Groups > maxPlaces || l.Width < 0 || l.Width > maxPlaces/l.Groups {
		return nil, fmt.Errorf("groupnorm: groups is %d, width %d and eps %g; groups must be positive, no number negative or very large",
			l.Groups, l.Width, l.Eps)
	}
	units := s.Units()
	if l.Width == 0 {
		if units%l.Groups != 0 {
			return nil, fmt.Errorf("groupnorm: %d units do not divide into %d groups", units, l.Groups)
		}
		l.Width = units / l.Groups
	}
	l.Eps, l.in = cmp.Or(l.Eps, 1e-5), s
	places := l.places()
	if len(places) != units {
		return nil, fmt.Errorf("groupnorm: %d places for the %d units of the input", len(places), units)
	}
	for _, list := range []struct {
		name   string
		places []int
	}{{"places", l.Places}, {"outputs", l.Outputs}} {
		if err := ascending("groupnorm", list.name, list.places, l.Groups*l.Width); err != nil {
			return nil, err
		}
	}
	n := len(l.outputs())
	if l.Groups > n {
		return nil, fmt.Errorf("groupnorm: %d groups for %d units of the output", l.Groups, n)
	}
	return s.WithUnits(n), initParams(unitParam(&l.weight, "weight", nn.RoleScale, n, filled(1)),
		unitParam(&l.bias, "bias", nn.RoleShift, n, nil))
}

// places lists the place of each input unit.
func (l *GroupNorm) places() []int {
	if l.Places == nil {
		return upTo(l.Groups * l.Width)
	}
	return l.Places
}

// outputs lists the place of each output unit.
func (l *GroupNorm) outputs() []int {
	if l.Outputs == nil {
		return l.places()
	}
	return l.Outputs
}

// from lists the input unit of each output unit, −1 for one that the input lacks; nil: all in
// order.
func (l *GroupNorm) from() []int {
	if l.Outputs == nil {
		return nil
	}
	at := placesIn(l.places())
	from := make([]int, len(l.Outputs))
	for k, p := range l.Outputs {
		from[k] = -1
		if u, fed := at[p]; fed {
			from[k] = u
		}
	}
	return from
}

func (l *GroupNorm) Params() []*nn.Param { return nonNil(l.weight, l.bias) }

// Traits implements nn.Describer.
func (l *GroupNorm) Traits() nn.Traits { return nn.Traits{MixesUnits: true} }

func (l *GroupNorm) Build(b *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	batch, positions := in[0].Shape()[0], l.in.Positions()
	c := newColumns(batch*positions, l.in.Units(), l.from())
	group := make([]int, c.n)
	for u, p := range l.places() {
		group[u] = p / l.Width
	}
	for k, u := range c.of {
		group[u] = l.Outputs[k] / l.Width
	}
	g := norm.Groups{N: batch, Rows: positions, C: c.n, Group: group, Count: l.Width * positions, Eps: float32(l.Eps)}
	return buildGroups(b, "groupnorm", in[0], l.weight, l.bias, g, l.Groups, c)
}

// groupPass is a compiled normalisation of groups.
type groupPass struct {
	*columns
	groups        norm.Groups
	mean, invstd  []float32
	dgamma, dbeta []float32 // of the columns

	// Only with columns.of:
	gamma, beta []float32 // of the columns; 0 for a column without an output
	y           []float32 // rows of columns
}

// buildGroups adds a normalisation of n groups; all three gradients come from one pass.
func buildGroups(b *nn.Builder, kind string, x *gorgonia.Node, weight, bias *nn.Param, g norm.Groups, n int, c *columns) (
	*gorgonia.Node, error) {
	vector := func(n int) []float32 { return make([]float32, n) }
	p := &groupPass{columns: c, groups: g, mean: vector(g.N * n), invstd: vector(g.N * n), dgamma: vector(c.n), dbeta: vector(c.n)}
	if c.of != nil {
		p.gamma, p.beta, p.y = vector(c.n), vector(c.n), vector(c.rows*c.n)
	}
	shape := x.Shape().Clone()
	out := shape.Clone()
	out[len(out)-1] = c.outputs
	toInput := shared(nn.Gradient(nn.Op{Name: kind + "/dx", Shape: shape,
		Run: func(dst []float32, in [][]float32) { p.backward(dst, in[0], in[1], in[2]) }},
		0, 1, nn.OutGrad, nn.Out)) // the output is not read but must have been computed
	sum := func(name string, of []float32) nn.GradFunc {
		return after(toInput, nn.Op{Name: name, Shape: tensor.Shape{c.outputs},
			Run: func(dst []float32, _ [][]float32) { p.pick(dst, of, 1) }}, 0)
	}
	return nn.Apply(nn.Op{Name: kind, Shape: out,
		Grad: []nn.GradFunc{toInput, sum(kind+"/dgamma", p.dgamma), sum(kind+"/dbeta", p.dbeta)},
		Run:  func(dst []float32, in [][]float32) { p.forward(dst, in[0], in[1], in[2]) },
	}, x, b.Param(weight), b.Param(bias))
}

func (p *groupPass) forward(y, x, gamma, beta []float32) {
	if p.of == nil {
		p.groups.Forward(y, p.mean, p.invstd, x, gamma, beta)
		return
	}
	p.put(p.gamma, gamma, 1)
	p.put(p.beta, beta, 1)
	p.groups.Forward(p.y, p.mean, p.invstd, p.widened(x), p.gamma, p.beta)
	p.pick(y, p.y, p.rows)
}

// backward computes dx, and the sums for γ and β on the way.
func (p *groupPass) backward(dx, x, gamma, dy []float32) {
	if p.of == nil {
		p.groups.Backward(dx, p.dgamma, p.dbeta, x, p.mean, p.invstd, gamma, dy)
		return
	}
	p.put(p.y, dy, p.rows)
	if p.in != nil {
		x = p.in // as forward left it
	}
	p.groups.Backward(p.y, p.dgamma, p.dbeta, x, p.mean, p.invstd, p.gamma, p.y)
	p.narrow(dx, p.y)
}

// OutUnits implements nn.UnitMapper: a unit and its normalised value are one.
func (l *GroupNorm) OutUnits(in []nn.Units, space nn.UnitSpace) nn.Units {
	from := l.from()
	if from == nil {
		return in[0]
	}
	out := make(nn.Units, len(from))
	for k, u := range from {
		if u < 0 {
			out[k] = space.Fresh(1)[0]
		} else {
			out[k] = in[0][u]
		}
	}
	return out
}

// Constants: γ = 0 gives β for any input, and a group of constants gives constants.
func (l *GroupNorm) Constants(in []nn.Known) nn.Known {
	mean, invstd := l.moments(in[0])
	at := placesIn(l.places())
	out := nn.Unknown(len(l.outputs()))
	for k, p := range l.outputs() {
		g, b := l.weight.Data()[k], l.bias.Data()[k]
		group := p / l.Width
		switch {
		case g == 0 && !l.weight.Holds(k):
			out.Set(k, b)
		case invstd[group] != 0:
			x := 0.0
			if u, fed := at[p]; fed {
				x = float64(in[0].Value[u])
			}
			out.Set(k, float32((x-mean[group])*invstd[group]*float64(g)+float64(b)))
		}
	}
	return out
}

// moments returns the mean and 1/√(variance+ε) of each group of constants; the latter is 0
// for a group with other units.
func (l *GroupNorm) moments(in nn.Known) (mean, invstd []float64) {
	mean, invstd = make([]float64, l.Groups), make([]float64, l.Groups)
	squares, fed, varies := make([]float64, l.Groups), make([]int, l.Groups), make([]bool, l.Groups)
	for u, p := range l.places() {
		g := p / l.Width
		mean[g] += float64(in.Value[u]) / float64(l.Width)
		varies[g] = varies[g] || !in.Const[u]
		fed[g]++
	}
	for u, p := range l.places() {
		d := float64(in.Value[u]) - mean[p/l.Width]
		squares[p/l.Width] += d * d
	}
	for g, m := range mean {
		if !varies[g] {
			squares[g] += float64(l.Width-fed[g]) * m * m
			invstd[g] = 1 / math.Sqrt(squares[g]/float64(l.Width)+l.Eps)
		}
	}
	return mean, invstd
}

// Needs: every unit counts in the mean and the variance of its group. Units that are always 0
// are not needed, because Width counts them when the input lacks them.
func (l *GroupNorm) Needs(keep []bool, in []nn.Known) [][]bool {
	live := make([]bool, l.Groups)
	for k, p := range l.outputs() {
		live[p/l.Width] = live[p/l.Width] || keep[k]
	}
	need := notZero(in[0])
	for u, p := range l.places() {
		need[u] = need[u] && live[p/l.Width]
	}
	return [][]bool{need}
}

func (l *GroupNorm) Slice(s nn.Slicing) (nn.Layer, error) {
	n := &GroupNorm{Eps: l.Eps, Width: l.Width, Places: []int{}, Outputs: []int{},
		weight: l.weight.Select(nil, s.Out), bias: l.bias.Select(nil, s.Out)}
	number := map[int]int{} // of each group that stays
	places, outputs := l.places(), l.outputs()
	for _, k := range s.Out {
		g := outputs[k] / l.Width
		if _, known := number[g]; !known {
			number[g] = len(number)
		}
		n.Outputs = append(n.Outputs, number[g]*l.Width+outputs[k]%l.Width)
	}
	for _, u := range s.In[0] {
		n.Places = append(n.Places, number[places[u]/l.Width]*l.Width+places[u]%l.Width)
	}
	n.Groups = len(number)
	if slices.Equal(n.Outputs, n.Places) {
		n.Outputs = nil
	}
	if isRange(n.Places, n.Groups*n.Width) {
		n.Places = nil
	}
	return n, nil
}

// ONNX is InstanceNormalization with the groups as channels and one axis of positions, for
// which units that the input lacks are put back as zeros.
func (l *GroupNorm) ONNX(b *onnx.Builder, name string, in []string, shapes []nn.Shape) (string, error) {
	x, whole := in[0], shapes[0].WithUnits(l.Groups*l.Width)
	if l.Places != nil {
		x = onnxPlace(b, name, x, l.Places, whole.Units(), shapes[0])
	}
	grouped := b.Node("Reshape", []string{x, b.Ints(name+"/grouped", []int{0, l.Groups, -1})})
	ones := make([]float32, l.Groups)
	for g := range ones {
		ones[g] = 1
	}
	hat := b.Node("InstanceNormalization", []string{grouped, b.Initializer(name+"/ones", []int{l.Groups}, ones),
		b.Initializer(name+"/zeros", []int{l.Groups}, make([]float32, l.Groups))}, onnx.Float("epsilon", float32(l.Eps)))
	x = b.Node("Reshape", []string{hat, b.Ints(name+"/whole", append([]int{0}, whole...))})
	if outputs := l.outputs(); !isRange(outputs, whole.Units()) {
		x = b.Node("Gather", []string{x, b.Ints(name+"/outputs", outputs)}, onnx.Int("axis", 1))
	}
	per := func(p *nn.Param) string { return onnxPerChannel(b, name+"/"+p.Name, onnxParam(b, name, p), shapes[0]) }
	return b.Node("Add", []string{b.Node("Mul", []string{x, per(l.weight)}), per(l.bias)}), nil
}
