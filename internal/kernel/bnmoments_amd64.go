package kernel

// rows is positive, n a positive multiple of momentsWidth; ld is the distance of
// rows and of the two rows of sums in elements.
//
//go:noescape
func momentsAVX2(sums, x, shift *float32, rows, block, n, ld int)

// n is a positive multiple of eight.
//
//go:noescape
func addRunAVX2(sum *float64, run *float32, n int)
