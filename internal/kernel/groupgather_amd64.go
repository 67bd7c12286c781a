package kernel

// rows and cols are positive multiples of eight.

//go:noescape
func transposeBlocksAVX2(dst, src *float32, rows, cols, ldd, lds int)
