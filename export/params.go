package export

import (
	"fmt"

	"pare/nn"
)

// weights is a tensor of a file, in C order.
type weights struct {
	shape []int
	data  []float32
}

// importParams sets every parameter of the network from the tensor of its
// name. It reports the first one that is missing, has another shape, or a value
// that is not finite.
func importParams(net *nn.Network, tensors map[string]weights) error {
	for _, p := range net.Params() {
		t, ok := tensors[p.Full]
		if !ok {
			return fmt.Errorf("tensor %s is missing; the architecture needs it with shape %v", p.Full, p.ExportShape())
		}
		if !nn.Shape(t.shape).Equal(p.ExportShape()) {
			return fmt.Errorf("tensor %s has shape %v, the architecture needs %v", p.Full, t.shape, p.ExportShape())
		}
		if err := checkFinite(t.data); err != nil {
			return fmt.Errorf("tensor %s: %w", p.Full, err)
		}
		if err := p.Import(t.shape, t.data); err != nil {
			return fmt.Errorf("tensor %s: %w", p.Full, err)
		}
	}
	return nil
}
