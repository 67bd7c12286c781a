package diffusion

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Predict returns the outputs of the model for inputs X (n×p), without noise.
func (m *Model) Predict(x *mat.Dense) (*mat.Dense, error) {
	n, p := x.Dims()
	if p != m.Kernel.Inputs {
		return nil, fmt.Errorf("inputs have %d columns, the kernel %d", p, m.Kernel.Inputs)
	}
	y := mat.NewDense(n, len(m.Kernel.Rows), nil)
	for r := range n {
		for i, row := range m.Kernel.Rows {
			v := row.apply(x.RawRowView(r))
			if m.Intercept != nil {
				v += m.Intercept[i]
			}
			y.Set(r, i, v)
		}
	}
	return y, nil
}
