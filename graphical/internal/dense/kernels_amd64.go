package dense

// tileAVX2 adds alpha·A·B to the 4×12 tile at c, whose rows are ldc elements apart. A is
// k×4 and B is k×12, packed.
//
//go:noescape
func tileAVX2(c, a, b *float64, k, ldc int, alpha float64)

// dotAVX2 is Σ x[i]·y[i]; n is a positive multiple of 16.
//
//go:noescape
func dotAVX2(x, y *float64, n int) float64

// axpyAVX2 is y += alpha·x; n is a positive multiple of 4.
//
//go:noescape
func axpyAVX2(y, x *float64, n int, alpha float64)
