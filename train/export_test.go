package train

// GradientNorm computes the norm of gradients, for benchmarks.
func GradientNorm(grads [][]float32) func() float64 { return newGradientNorm(grads).compute }
