package kernel

// Transpose sets dst[c·ldd+r] = src[r·lds+c] for r < rows and c < cols, on the
// calling goroutine: columns of a matrix become contiguous, or go back.
func Transpose(dst, src []float32, rows, cols, ldd, lds int) {
	if rows == 0 || cols == 0 {
		return
	}
	dst, src = dst[:(cols-1)*ldd+rows], src[:(rows-1)*lds+cols]
	r8, c8 := 0, 0
	if useAVX2 && rows >= 8 && cols >= 8 {
		r8, c8 = rows&^7, cols&^7
		transposeBlocksAVX2(&dst[0], &src[0], r8, c8, ldd, lds)
	}
	for r := range rows {
		first := c8
		if r >= r8 {
			first = 0
		}
		for c := first; c < cols; c++ {
			dst[c*ldd+r] = src[r*lds+c]
		}
	}
}
