package layers

import (
	"fmt"
	"math/rand/v2"

	"pare/nn"
)

// oneInput returns the only input shape.
func oneInput(kind string, in []nn.Shape) (nn.Shape, error) {
	if len(in) != 1 {
		return nil, fmt.Errorf("%s takes one input, got %d", kind, len(in))
	}
	return in[0], nil
}

// oneSequence returns the only input shape, which must be D×T.
func oneSequence(kind string, in []nn.Shape) (nn.Shape, error) {
	s, err := oneInput(kind, in)
	if err == nil && len(s) != 2 {
		err = fmt.Errorf("%s needs a sequence of shape D×T, got %s", kind, s)
	}
	return s, err
}

// oneImage returns the only input shape, which must be C×H×W.
func oneImage(kind string, in []nn.Shape) (c, h, w int, err error) {
	s, err := oneInput(kind, in)
	if err != nil {
		return 0, 0, 0, err
	}
	return s.ImageShape(kind)
}

// positive checks that a hyper-parameter is at least 1.
func positive(kind, name string, v int) error {
	if v < 1 {
		return fmt.Errorf("%s: %s is %d, it must be at least 1", kind, name, v)
	}
	return nil
}

// Bounds on hyper-parameters, so that a damaged architecture file cannot make a
// reader run out of memory or overflow.
const (
	maxValues = 1 << 28 // of one parameter
	maxExtent = 1 << 15 // of kernels, strides, padding
)

// extents checks kernel, stride and padding against the largest sensible value.
func extents(kind string, values ...int) error {
	for _, v := range values {
		if v > maxExtent {
			return fmt.Errorf("%s: %d is larger than any kernel, stride or padding may be, %d", kind, v, maxExtent)
		}
	}
	return nil
}

// parameter is a parameter of a layer as Init wants it.
type parameter struct {
	at    **nn.Param
	name  string
	role  nn.Role
	shape []int
	axes  []nn.Axis
	order []int           // see nn.Param
	draw  func(*nn.Param) // the values of a new one; nil: zeros
}

// initParams checks the parameters that exist and makes the others, in order.
func initParams(params ...parameter) error {
	for _, p := range params {
		size := 1
		for _, d := range p.shape {
			if d < 1 || size > maxValues/d {
				return fmt.Errorf("a parameter of shape %v is not usable", p.shape)
			}
			size *= d
		}
		if *p.at != nil {
			if got := nn.Shape((*p.at).Shape()); !got.Equal(p.shape) {
				return fmt.Errorf("parameter %s has shape %v, expected %v", p.name, []int(got), p.shape)
			}
			continue
		}
		*p.at = nn.NewParam(p.name, p.role, p.shape, p.axes...)
		(*p.at).Order = p.order
		if p.draw != nil {
			p.draw(*p.at)
		}
	}
	return nil
}

// unitParam is a parameter with one value for each output unit.
func unitParam(at **nn.Param, name string, role nn.Role, units int, draw func(*nn.Param)) parameter {
	return parameter{at, name, role, []int{units}, []nn.Axis{nn.AxisOut}, nil, draw}
}

func uniform(bound float64, rng *rand.Rand) func(*nn.Param) {
	return func(p *nn.Param) { p.Uniform(bound, rng) }
}

func normal(std float64, rng *rand.Rand) func(*nn.Param) {
	return func(p *nn.Param) { p.Normal(std, rng) }
}

func filled(v float32) func(*nn.Param) { return func(p *nn.Param) { p.Fill(v) } }

// newBias returns a bias with these values.
func newBias(values []float32) *nn.Param {
	p := nn.NewParam("bias", nn.RoleBias, []int{len(values)}, nn.AxisOut)
	copy(p.Data(), values)
	return p
}

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

// ascending checks that a list of units or places ascends below n.
func ascending(kind, name string, list []int, n int) error {
	last := -1
	for _, u := range list {
		if u <= last || u >= n {
			return fmt.Errorf("%s: %s is %v, it must ascend below %d", kind, name, list, n)
		}
		last = u
	}
	return nil
}
