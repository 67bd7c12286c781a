package layers

import (
	"math"

	"gorgonia.org/gorgonia"

	"pare/nn"
)

// MeanSquare is the mean of (output − target)² over all outputs of the batch: the
// loss of tasks whose targets are numbers, one for every value of the output.
type MeanSquare struct{}

// hit is how near an output must be to its target to count as correct: the
// criterion of the adding problem (Hochreiter & Schmidhuber 1997, section 5.4).
const hit = 0.04

// Targets implements nn.Targeter: one number for every value of the output.
func (MeanSquare) Targets(output nn.Shape) int { return output.Size() }

// Score implements train.Scorer: (o−t)², and correct where |o−t| < 0.04. output
// has one value.
func (MeanSquare) Score(output []float32, target float32) (loss float64, correct bool) {
	d := float64(output[0]) - float64(target)
	return d * d, math.Abs(d) < hit
}

// Build implements nn.Loss. target holds a number for every value of output, in
// the same order.
func (MeanSquare) Build(_ *nn.Builder, output, target *gorgonia.Node) (*gorgonia.Node, error) {
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
