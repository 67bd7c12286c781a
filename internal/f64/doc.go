// Package f64 holds the float64 loops over vectors of the estimators, also those
// with float32 matrices: Go with AVX2 and FMA assembly beside it, chosen when the
// program starts.
//
// Reading limits them: a Dot of vectors in the first cache reads two vectors of
// four values for one fused multiply-add, so it reaches half of the peak; Dot4
// reads five for four, Tile seven for twelve and comes near the peak.
package f64
