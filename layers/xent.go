package layers

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"

	"pare/internal/kernel/vector"
	"pare/nn"
)

// CrossEntropy is the softmax cross-entropy of logits against class indices, averaged over
// the batch and, for sequences, over the positions; NaN when a target is not a class index.
// Softmax and loss are one operation, with one pass back.
type CrossEntropy struct {
	Smoothing float64 // share of the target spread evenly over all classes (Szegedy et al. 2016); in [0, 1)
}

// Targets implements nn.Targeter: one class for every position of a sequence.
func (l CrossEntropy) Targets(output nn.Shape) int { return output.Positions() }

// Build implements nn.Loss. output is (batch, classes) or (batch, positions,
// classes); target holds an index for each vector of logits.
func (l CrossEntropy) Build(_ *nn.Builder, output, target *gorgonia.Node) (*gorgonia.Node, error) {
	if l.Smoothing < 0 || l.Smoothing >= 1 {
		return nil, fmt.Errorf("label smoothing is %g, it must lie in [0, 1)", l.Smoothing)
	}
	shape := output.Shape().Clone()
	if shape.Dims() > 3 {
		return nil, fmt.Errorf("cross-entropy needs a vector of logits per example or position, the network gives %v", shape[1:])
	}
	k, eps := shape[shape.Dims()-1], float32(l.Smoothing)
	n := shape.TotalSize() / k
	grad := nn.Gradient(nn.Op{Name: "cross-entropy/dx", Shape: shape,
		Run: func(dst []float32, in [][]float32) {
			vector.CrossEntropyBackward(dst, in[0], in[1], n, k, eps, in[2][0])
		}}, 0, 1, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "cross-entropy", Grad: []nn.GradFunc{grad, nil},
		Run: func(dst []float32, in [][]float32) {
			if !indices(in[1], k) {
				dst[0] = float32(math.NaN()) // training stops and says so
				return
			}
			dst[0] = vector.CrossEntropy(in[0], in[1], n, k, eps)
		}}, output, target)
}
