package layers

import (
	"fmt"

	"pare/nn"
)

// oneInput returns the only input shape.
func oneInput(kind string, in []nn.Shape) (nn.Shape, error) {
	if len(in) != 1 {
		return nil, fmt.Errorf("%s takes one input, got %d", kind, len(in))
	}
	return in[0], nil
}

// positive checks that hyper-parameters are at least 1.
func positive(kind string, values map[string]int) error {
	for name, v := range values {
		if v < 1 {
			return fmt.Errorf("%s: %s is %d, it must be at least 1", kind, name, v)
		}
	}
	return nil
}

// Bounds on hyper-parameters, so that a damaged architecture file cannot make a
// reader run out of memory or overflow.
const (
	maxValues = 1 << 28 // of one parameter
	maxExtent = 1 << 15 // of kernels, strides, padding
)

// extents checks kernel, stride and padding against the largest that is sensible.
func extents(kind string, values ...int) error {
	for _, v := range values {
		if v > maxExtent {
			return fmt.Errorf("%s: %d is larger than any kernel, stride or padding may be, %d", kind, v, maxExtent)
		}
	}
	return nil
}

// keepOrMake returns the parameter that exists, checked, or a new one from make.
func keepOrMake(p *nn.Param, shape []int, create func() *nn.Param) (*nn.Param, error) {
	size := 1
	for _, d := range shape {
		if d < 1 || size > maxValues/d {
			return nil, fmt.Errorf("a parameter of shape %v is not usable", shape)
		}
		size *= d
	}
	if p == nil {
		return create(), nil
	}
	if !nn.Shape(p.Shape()).Equal(shape) {
		return nil, fmt.Errorf("parameter %s has shape %v, expected %v", p.Name, p.Shape(), shape)
	}
	return p, nil
}
