//go:build !amd64

package kernel

func copyRowsAVX2(dst, src *float32, dstLd, srcLd, rows, vecs int) {}

func transposeAVX2(dst, src *float32, rows *int, dstLd, k int) {}
