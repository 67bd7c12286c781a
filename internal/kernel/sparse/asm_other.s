//go:build !amd64

// This file lets asm.go declare functions without bodies: simd.AVX2 is a constant
// here, so the calls are not compiled.
