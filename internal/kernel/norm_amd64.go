package kernel

// rows is positive, n a positive multiple of normWidth; ld is the distance both
// of rows and of the planes of coef and of sums in elements.

//go:noescape
func normForwardAVX2(y, x, skip, coef *float32, floor float32, rows, block, n, ld int)

//go:noescape
func normSumsAVX2(sums, x, skip, dy, coef *float32, mode, rows, block, n, ld int)

//go:noescape
func normInputAVX2(dx, dskip, x, skip, dy, coef *float32, mode, rows, block, n, ld int)
