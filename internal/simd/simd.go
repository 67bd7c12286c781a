// Package simd decides, once for the whole process, whether the assembly kernels
// run: all packages with assembly ask it.
package simd

// Features names the instruction set in use: "avx512", with AVX2 and FMA in kernels that need no
// more, "avx2+fma" or "portable". PARE_KERNELS=avx2 or =portable in the environment forces one of
// the others.
func Features() string {
	if AVX512 {
		return "avx512"
	}
	if AVX2 {
		return "avx2+fma"
	}
	return "portable"
}

// Whole is the part of n values that assembly with vectors of the given width, a
// power of two, does: whole vectors, and 0 where no assembly runs.
func Whole(n, width int) int {
	if AVX2 {
		return n &^ (width - 1)
	}
	return 0
}
