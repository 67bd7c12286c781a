package kernel

// n is a positive multiple of eight, rows is positive, and ld is the distance of
// rows in elements.
//
//go:noescape
func momentRowsAVX2(sum, square, x, shift *float32, rows, n, ld int)
