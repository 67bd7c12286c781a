// Package kernel holds the numeric kernels of pare: matrix products,
// convolutions, pooling, batch normalisation, reductions and elementwise maps
// on contiguous float32 slices.
//
// Activations are channels-last (NHWC), convolution weights are HWIO, linear
// weights are [in, out]. Every reduction is cut into chunks that depend on the
// problem size only and combined in a fixed order, so a result never depends
// on the number of threads. Plans (Gemm, Conv) own their workspaces: once warm,
// a call allocates nothing. One plan must not be used by two goroutines at the
// same time.
//
// Slices of a wrong length are programming errors and panic.
package kernel
