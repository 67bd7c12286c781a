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

// for i := range n { for lane := range 8 {
// sums[lane] += values[8*i+lane] * x[blocks[i]+places[8*i+lane]] } }; n is a positive multiple of
// four. Every fourth step goes to the same sum.
//
//go:noescape
func stepsAVX2(sums, x, values *float32, places *uint8, blocks *uint32, n int)

// for i := range n { sum += x[i] * 0 }; n is a positive multiple of eight.
//
//go:noescape
func timesZeroAVX2(x *float32, n int) (sum float32)
