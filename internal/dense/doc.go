// Package dense holds the float64 matrix kernels of the estimators: a product, and the
// Cholesky factor of a symmetric positive definite matrix, made at once or row by row,
// with the solution of equations and the inverse.
//
// Matrices are row-major slices with a leading dimension, the distance of two rows in
// elements. AVX2 assembly is used where the processor has it; portable Go twins compute
// the same sums up to rounding. Results do not depend on the number of threads: every
// element of a product is summed by one goroutine in an order that follows from the sizes.
package dense
