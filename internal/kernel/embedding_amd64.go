package kernel

// n rows of c columns, a positive multiple of eight; ld is the distance of
// rows in elements.

//go:noescape
func scatterAddAVX2(dst, x, index *float32, n, c, ld int)
