package train

import (
	"math"

	"pare/internal/kernel"
)

// gradientNorm computes the Euclidean norm of all gradients together. Partial
// sums have fixed bounds, so it does not depend on the number of threads.
type gradientNorm struct {
	grads   [][]float32
	chunks  []chunk
	partial []float64
}

func newGradientNorm(grads [][]float32) *gradientNorm {
	n := &gradientNorm{grads: grads}
	for i, g := range grads {
		n.chunks = appendChunks(n.chunks, i, len(g))
	}
	n.partial = make([]float64, len(n.chunks))
	return n
}

// compute returns the norm; it is not finite where a gradient is not.
func (n *gradientNorm) compute() float64 {
	kernel.Parallel(len(n.chunks), func(task int) {
		c := n.chunks[task]
		sum := 0.0
		for _, v := range n.grads[c.slot][c.lo:c.hi] {
			sum += float64(v) * float64(v)
		}
		n.partial[task] = sum
	})
	total := 0.0
	for _, v := range n.partial {
		total += v
	}
	return math.Sqrt(total)
}

// clipScale is the factor that brings a norm down to limit, 1 where it is below
// or limit is 0. The small number is PyTorch's guard in clip_grad_norm_.
func clipScale(norm, limit float64) float64 {
	if limit <= 0 {
		return 1
	}
	return min(1, limit/(norm+1e-6))
}
