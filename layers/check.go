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

// keepOrMake returns the parameter that exists, checked, or a new one from make.
func keepOrMake(p *nn.Param, shape []int, create func() *nn.Param) (*nn.Param, error) {
	if p == nil {
		return create(), nil
	}
	if !nn.Shape(p.Shape()).Equal(shape) {
		return nil, fmt.Errorf("parameter %s has shape %v, expected %v", p.Name, p.Shape(), shape)
	}
	return p, nil
}
