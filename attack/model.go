package attack

import "pare/nn"

// Model is a function of rows of inputs with gradients. Rows are channels last, as in the
// batched layout of networks: value j of a row belongs to channel j mod C of the shape {C, …}.
// Slices hold row after row. A Model may use all cores; it is not safe for concurrent use.
type Model interface {
	// Shape is the shape of one row of inputs, channels first.
	Shape() nn.Shape
	// Outputs is the number of outputs of a row: the logits of the classes, or one number.
	Outputs() int
	// Single reports whether inputs are rounded to float32. Attacks then round them before, in
	// such a way that they stay in the ball.
	Single() bool
	// Forward writes the outputs of the rows of x to z.
	Forward(x, z []float64) error
	// Backward computes the outputs of the rows of x, asks upstream for the gradient of a scalar
	// by the outputs of each row, and writes the gradient by the inputs to gx. Upstream is called
	// once for each row, in order.
	Backward(x, gx []float64, upstream func(row int, z, gz []float64)) error
}

// Predicted is the class of the largest output, the first of equal ones.
func Predicted(z []float64) int {
	best := 0
	for k, v := range z {
		if v > z[best] {
			best = k
		}
	}
	return best
}
