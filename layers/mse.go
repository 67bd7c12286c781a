package layers

import (
	"math"

	"gorgonia.org/gorgonia"

	"pare/nn"
)

// MeanSquare is the mean of (output − target)² over all outputs of the batch: the
// loss of tasks whose targets are numbers, one for every value of the output.
type MeanSquare struct {
	// Near is how near an output must be to its target to count as correct; 0: none counts,
	// and there is no accuracy.
	Near float64
	// Units divide errors, one for each value of the output; nil: 1.
	Units []float32
}

// Targets implements nn.Targeter: one number for every value of the output.
func (MeanSquare) Targets(output nn.Shape) int { return output.Size() }

// Score implements train.Scorer: (o−t)², in the units of the target, and correct where
// |o−t| < Near. output has one value.
func (l MeanSquare) Score(output []float32, target float32) (loss float64, correct bool) {
	d := float64(output[0]) - float64(target)
	return d * d, math.Abs(d) < l.Near
}

// Build implements nn.Loss. target holds a number for every value of output, in
// the same order.
func (l MeanSquare) Build(_ *nn.Builder, output, target *gorgonia.Node) (*gorgonia.Node, error) {
	if l.Units != nil {
		return buildPointwise(l, false, output, target)
	}
	shape := output.Shape().Clone()
	scale := 1 / float64(shape.TotalSize())
	grad := nn.Gradient(nn.Op{Name: "mean-square/dx", Shape: shape, Run: func(dst []float32, in [][]float32) {
		k := float32(2 * scale * float64(in[2][0]))
		for i, o := range in[0] {
			dst[i] = k * (o - in[1][i])
		}
	}}, 0, 1, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "mean-square", Grad: []nn.GradFunc{grad, nil}, Run: func(dst []float32, in [][]float32) {
		sum := 0.0
		for i, o := range in[0] {
			d := float64(o) - float64(in[1][i])
			sum += d * d
		}
		dst[0] = float32(scale * sum)
	}}, output, target)
}
