package layers

import (
	"fmt"
	"math"
	"math/rand/v2"

	"pare/nn"
)

// LayerNorm normalises the units of an example, at each position by itself, then
// scales by γ and shifts by β (Ba et al. 2016). Input and output [F] or [D, T].
// Every output depends on all units of the input. After pruning the input may
// lack units that were always 0 and the output those that nothing reads.
type LayerNorm struct {
	Eps float64 `yaml:"eps,omitempty" json:"eps,omitempty" range:"(0,)"` // added to the variance; 0 means 1e-5
	// Width is the number of units that mean and variance count; those that the
	// input lacks are 0. 0 means the number of input units.
	Width int `yaml:"width,omitempty" json:"width,omitempty" range:"[1,)"`
	// From lists the input unit of each output unit, ascending but for −1, which
	// is a unit that the input lacks; nil: all units of the input in order.
	From []int `yaml:"from,omitempty" json:"from,omitempty"`

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
	if len(s) > 2 {
		return nil, fmt.Errorf("layernorm needs a vector or a sequence, got %s", s)
	}
	if l.Eps < 0 {
		return nil, fmt.Errorf("layernorm: eps is %g, it must not be negative", l.Eps)
	}
	if l.Eps == 0 {
		l.Eps = 1e-5
	}
	if l.Width == 0 {
		l.Width = s.Units()
	}
	if err := l.checkFrom(s.Units()); err != nil {
		return nil, err
	}
	l.in = s
	shape := []int{l.outputs()}
	if l.weight, err = keepOrMake(l.weight, shape, func() *nn.Param {
		return nn.NewParam("weight", nn.RoleScale, shape, nn.AxisOut).Fill(1)
	}); err != nil {
		return nil, err
	}
	l.bias, err = keepOrMake(l.bias, shape, func() *nn.Param {
		return nn.NewParam("bias", nn.RoleShift, shape, nn.AxisOut)
	})
	return s.WithUnits(l.outputs()), err
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

// outputs is the number of output units; only valid with in set or From given.
func (l *LayerNorm) outputs() int {
	if l.From == nil {
		return l.in.Units()
	}
	return len(l.From)
}

// from is the input unit of output unit k, or −1.
func (l *LayerNorm) from(k int) int {
	if l.From == nil {
		return k
	}
	return l.From[k]
}

func (l *LayerNorm) Params() []*nn.Param { return nonNil(l.weight, l.bias) }

// MixesUnits implements nn.Mixer.
func (l *LayerNorm) MixesUnits() {}

// OutUnits implements nn.UnitMapper: a unit and what is made of it are one.
func (l *LayerNorm) OutUnits(in []nn.Units, space nn.UnitSpace) nn.Units {
	if l.From == nil {
		return in[0]
	}
	out := make(nn.Units, len(l.From))
	for k, u := range l.From {
		if u < 0 {
			out[k] = space.Fresh(1)[0]
		} else {
			out[k] = in[0][u]
		}
	}
	return out
}

// Constants: γ = 0 gives β whatever comes in, and constants alone give constants.
func (l *LayerNorm) Constants(in []nn.Known) nn.Known {
	out := nn.Unknown(l.outputs())
	mean, invstd, all := l.moments(in[0])
	for k := range out.Const {
		g, b := l.weight.Data()[k], l.bias.Data()[k]
		switch {
		case g == 0 && !l.weight.Holds(k):
			out.Set(k, b)
		case all:
			x := 0.0
			if u := l.from(k); u >= 0 {
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

// Needs: every unit counts in the mean and the variance, but zeros count as well
// when they are not there.
func (l *LayerNorm) Needs(_ []bool, in []nn.Known) [][]bool {
	need := make([]bool, len(in[0].Const))
	for u := range need {
		need[u] = !in[0].Zero(u)
	}
	return [][]bool{need}
}

func (l *LayerNorm) Slice(s nn.Slicing) (nn.Layer, error) {
	place := map[int]int{-1: -1}
	for u := range s.Known[0].Const {
		place[u] = -1
	}
	for i, u := range s.In[0] {
		place[u] = i
	}
	n := &LayerNorm{Eps: l.Eps, Width: l.Width, weight: l.weight.Select(nil, s.Out), bias: l.bias.Select(nil, s.Out)}
	for _, k := range s.Out {
		n.From = append(n.From, place[l.from(k)])
	}
	if isRange(n.From, len(s.In[0])) {
		n.From = nil
	}
	return n, nil
}
