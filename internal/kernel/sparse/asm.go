package sparse

// The assembly of this package, each function with the loop that it equals. Products are
// fused: product and sum are rounded once.

// scatter.row.
//
//go:noescape
func scatterAVX2(s *scatter)

// The same with AVX-512.
//
//go:noescape
func scatterAVX512(s *scatter)
