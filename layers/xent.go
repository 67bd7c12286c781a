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

	// ClassWeights, one for each class, weigh targets: Σ w[y]·loss / Σ w[y], and with
	// Smoothing the terms of the classes, as PyTorch's CrossEntropyLoss; nil: all 1.
	ClassWeights []float32
	// Gamma weighs each target by (1−p)^Gamma, where p is the probability that the network
	// gives it: the focal loss (Lin et al. 2017). It does not go with Smoothing. 0: all 1.
	Gamma float64
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
	switch {
	case l.ClassWeights != nil && len(l.ClassWeights) != k:
		return nil, fmt.Errorf("%d weights of classes for %d classes", len(l.ClassWeights), k)
	case l.Gamma < 0 || l.Gamma > 0 && eps > 0:
		return nil, fmt.Errorf("the focal loss has gamma %g and label smoothing %g; gamma must not be negative, and smoothing must be 0",
			l.Gamma, l.Smoothing)
	case l.ClassWeights != nil || l.Gamma > 0:
		return buildPointwise(l, false, output, target)
	}
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
