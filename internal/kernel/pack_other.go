//go:build !amd64

package kernel

func copyPanelsAVX2(dst, src *float32, dstPitch, dstLd, srcLd, rows, panels, vecs int) {}

func transposeAVX2(dst, src *float32, rows *int, dstLd, k int) {}
