package kernel

// copyPanelsAVX2 copies vecs vectors of eight values for each of rows rows of
// panels panels: from src+t·srcLd+p·dstLd to dst+p·dstPitch+t·dstLd. rows and
// panels are positive.
//
//go:noescape
func copyPanelsAVX2(dst, src *float32, dstPitch, dstLd, srcLd, rows, panels, vecs int)

// transposeAVX2 copies src[rows[j]+t] to dst[t·dstLd+j] for eight j and t in
// [0, k), in the order of t. k is a positive multiple of eight.
//
//go:noescape
func transposeAVX2(dst, src *float32, rows *int, dstLd, k int)
