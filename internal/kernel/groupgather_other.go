//go:build !amd64

package kernel

// Never called: useAVX2 is false.

func transposeBlocksAVX2(dst, src *float32, rows, cols, ldd, lds int) {}
