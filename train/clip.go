package train

import (
	"math"

	"pare/internal/kernel/parallel"
	"pare/internal/kernel/prox"
)

// gradientNorm computes the Euclidean norm of all gradients together. Partial
// sums have fixed bounds, so it does not depend on the number of threads.
type gradientNorm struct {
	grads   [][]float32
	shares  *shares
	partial []float64 // per task
	task    func(int) // made once: computing allocates nothing
}

func newGradientNorm(grads [][]float32) *gradientNorm {
	n := &gradientNorm{grads: grads}
	lengths := make([]int, len(grads))
	for i, g := range grads {
		lengths[i] = len(g)
	}
	n.shares = newShares(lengths)
	n.partial = make([]float64, n.shares.tasks())
	n.task = func(task int) {
		sum := 0.0
		for _, p := range n.shares.of(task) {
			sum += prox.SumSquares(n.grads[p.tensor][p.lo:p.hi])
		}
		n.partial[task] = sum
	}
	return n
}

// compute returns the norm; it is not finite where a gradient is not.
func (n *gradientNorm) compute() float64 {
	parallel.Run(n.shares.tasks(), n.task)
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
