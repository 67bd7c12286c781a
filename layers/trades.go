package layers

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pare/nn"
)

// Trades is the loss of TRADES (Zhang et al. 2019, eq. 5): Loss of the clean examples plus
// Beta times the mean of KL(p ‖ q), where p are the class probabilities of a clean example and q
// the probabilities of the same example after an attack. The first half of a batch are the clean examples,
// the second half the attacked ones in the same order. The gradient flows through p and q.
type Trades struct {
	Loss nn.Loss // of the clean examples: a CrossEntropy
	Beta float64 // weight of the divergence
}

// Targets implements nn.Targeter. Targets of the second half do not count.
func (l Trades) Targets(output nn.Shape) int { return nn.TargetsOf(l.Loss, output) }

// Build implements nn.Loss.
func (l Trades) Build(_ *nn.Builder, output, target *gorgonia.Node) (*gorgonia.Node, error) {
	loss, ok := l.Loss.(CrossEntropy)
	shape := output.Shape().Clone()
	switch {
	case !ok:
		return nil, fmt.Errorf("TRADES needs the cross-entropy of classes, the loss is %T", l.Loss)
	case shape.Dims() != 2 || shape[0]%2 != 0:
		return nil, fmt.Errorf("TRADES needs a vector of logits for each example, clean and attacked; the network gives %v", shape)
	case loss.ClassWeights != nil && len(loss.ClassWeights) != shape[1]:
		return nil, fmt.Errorf("TRADES: %d weights of classes for %d classes", len(loss.ClassWeights), shape[1])
	}
	t := newTradesPass(loss, l.Beta, shape)
	grad := nn.Gradient(nn.Op{Name: "trades/dx", Shape: shape,
		Run: func(dst []float32, in [][]float32) { t.run(dst, in[0], in[1], float64(in[2][0])) }}, 0, 1, nn.OutGrad)
	return nn.Apply(nn.Op{Name: "trades", Grad: []nn.GradFunc{grad, nil},
		Run: func(dst []float32, in [][]float32) { dst[0] = float32(t.run(nil, in[0], in[1], 1)) }}, output, target)
}

// tradesPass computes the loss and its gradient, row by row in their order.
type tradesPass struct {
	loss                   CrossEntropy
	beta                   float64
	pairs, classes         int
	clean, attacked, probs []float64 // of a row
}

func newTradesPass(loss CrossEntropy, beta float64, shape tensor.Shape) *tradesPass {
	k := shape[1]
	return &tradesPass{loss, beta, shape[0] / 2, k, make([]float64, k), make([]float64, k), make([]float64, k)}
}

// run returns scale times the loss and stores scale times its gradient in dst, unless that is nil.
func (t *tradesPass) run(dst, output, target []float32, scale float64) float64 {
	k, total := t.classes, 0.0
	for i := range t.pairs {
		total += t.loss.weight(target[i : i+1])
	}
	if total == 0 {
		total = 1 // all weights are 0, and so is their sum of losses
	}
	sum := 0.0
	for i := range t.pairs {
		z, w := output[i*k:][:k], output[(t.pairs+i)*k:][:k]
		clear(t.clean)
		clear(t.attacked)
		var grad, other []float64
		if dst != nil {
			grad, other = t.clean, t.attacked
		}
		f := scale / total
		sum += f * t.loss.loss(grad, f, z, target[i:i+1], t.probs)
		f = scale * t.beta / float64(t.pairs)
		sum += f * addDivergence(grad, other, f, z, w)
		for j, v := range grad {
			dst[i*k+j], dst[(t.pairs+i)*k+j] = float32(v), float32(other[j])
		}
	}
	return sum
}

// Divergence is KL(p ‖ q) of the softmax p of the logits z and the softmax q of w.
func Divergence(z, w []float32) float64 {
	kl, _, _ := divergence(z, w)
	return kl
}

// divergence also returns log Σ exp of both.
func divergence(z, w []float32) (kl, logP, logQ float64) {
	logP, logQ = logSumExp(z, 1), logSumExp(w, 1)
	for j := range z {
		a, b := float64(z[j])-logP, float64(w[j])-logQ
		kl += math.Exp(a) * (a - b)
	}
	return kl, logP, logQ
}

// addDivergence is divergence; it adds scale times its gradient with respect to z and w to dz
// and dw, unless they are nil.
func addDivergence(dz, dw []float64, scale float64, z, w []float32) float64 {
	kl, logP, logQ := divergence(z, w)
	for j := range dz {
		a, b := float64(z[j])-logP, float64(w[j])-logQ
		p := math.Exp(a)
		dz[j] += scale * p * (a - b - kl)
		dw[j] += scale * (math.Exp(b) - p)
	}
	return kl
}
