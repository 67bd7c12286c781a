package dense

// tileAVX2 adds alpha·A·B to the 4×12 tile at c, whose rows are ldc elements apart. A is
// k×4 and B is k×12, packed.
//
//go:noescape
func tileAVX2(c, a, b *float64, k, ldc int, alpha float64)
