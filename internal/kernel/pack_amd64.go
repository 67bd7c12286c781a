package kernel

// copyRowsAVX2 copies vecs vectors of eight values for each of rows rows,
// which are dstLd and srcLd values apart.
//
//go:noescape
func copyRowsAVX2(dst, src *float32, dstLd, srcLd, rows, vecs int)

// transposeAVX2 copies src[rows[j]+t] to dst[t·dstLd+j] for eight j and t in
// [0, k), in the order of t. k is a positive multiple of eight.
//
//go:noescape
func transposeAVX2(dst, src *float32, rows *int, dstLd, k int)
