package exec

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// stockOp wraps any other Gorgonia op, so that layers written with Gorgonia's
// own functions run too. These allocate; the layers of this project do not use
// them.
func stockOp(n *gorgonia.Node) (func(dst []float32, in [][]float32), error) {
	op := n.Op()
	shapes := []tensor.Shape{}
	children := gorgonia.Nodes{}
	for it := n.Graph().From(n.ID()); it.Next(); {
		c := it.Node().(*gorgonia.Node)
		children = append(children, c)
		shapes = append(shapes, c.Shape())
	}
	values := make([]gorgonia.Value, len(children))
	return func(dst []float32, in [][]float32) {
		for i, s := range shapes {
			if s.IsScalar() {
				values[i] = gorgonia.NewF32(in[i][0])
			} else {
				values[i] = tensor.New(tensor.WithShape(s...), tensor.WithBacking(append([]float32(nil), in[i]...)))
			}
		}
		out, err := op.Do(values...)
		if err != nil {
			// A graph that type-checks only fails here when an op is broken; the
			// NaN makes the training loop stop and name it.
			for i := range dst {
				dst[i] = nan
			}
			return
		}
		switch d := out.Data().(type) {
		case float32:
			dst[0] = d
		case []float32:
			copy(dst, d)
		}
	}, check(n)
}

// check refuses ops whose values are not float32 while the plan is made.
func check(n *gorgonia.Node) error {
	if n.Dtype() != tensor.Float32 {
		return fmt.Errorf("op %s has dtype %v; only float32 graphs run", n.Op(), n.Dtype())
	}
	return nil
}
