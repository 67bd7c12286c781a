// Package diffusion recovers the kernel that spread a signal over a network.
//
// A linear diffusion turns a signal x on p nodes into y = Hx + noise. From n
// observed pairs, the rows of X (n×p) and Y (n×q), Fit finds the sparse kernel H
// (q×p) that minimises
//
//	1/(2n) ‖Y − XHᵀ‖²_F + λ Σᵢⱼ |Hᵢⱼ|
//
// and certifies the result by a duality gap. All rows of H share the Gram matrix
// XᵀX/n, which is computed once; rows are fitted in parallel and the result does
// not depend on the number of threads. With Problem.Symmetric the rows are coupled
// by Hᵢⱼ = Hⱼᵢ and fitted jointly, exactly. FitPath follows a warm-started path of
// λ, CrossValidate chooses λ over observations.
//
// From outputs alone, where the inputs are unknown and white, SpectralTemplates
// finds the sparsest graph shift with the eigenvectors of the covariance of the
// outputs.
//
// Graphs (ErdosRenyi, Ring, Grid, BarabasiAlbert), kernels (Heat, RandomWalk,
// Consensus) and Simulate make data with a known truth; Compare scores the
// recovered kernel.
//
// Everything is float64. Messages of errors count rows and columns from 1,
// indices in the API count from 0.
package diffusion
