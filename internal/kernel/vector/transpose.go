package vector

import "pare/internal/simd"

// CopyColumns copies the first n values of each row, to rows ldd apart from rows lds
// apart, on the calling goroutine.
func CopyColumns(dst, src []float32, rows, n, ldd, lds int) {
	if rows == 0 || n == 0 {
		return
	}
	_, _ = dst[(rows-1)*ldd+n-1], src[(rows-1)*lds+n-1]
	if simd.AVX2 {
		copyColumnsAVX2(&dst[0], &src[0], rows, n, ldd, lds)
		return
	}
	for r := range rows {
		copy(dst[r*ldd:r*ldd+n], src[r*lds:])
	}
}

// Transpose sets dst[c·ldd+r] = src[r·lds+c] for r < rows and c < cols, on the
// calling goroutine: columns of a matrix become contiguous, or go back.
func Transpose(dst, src []float32, rows, cols, ldd, lds int) {
	TransposeScaled(dst, src, rows, cols, ldd, lds, 1)
}

// TransposeScaled is Transpose with every value times scale.
func TransposeScaled(dst, src []float32, rows, cols, ldd, lds int, scale float32) {
	if rows == 0 || cols == 0 {
		return
	}
	_, _ = dst[(cols-1)*ldd+rows-1], src[(rows-1)*lds+cols-1]
	r8, c8 := 0, 0
	if simd.AVX2 && rows >= 8 && cols >= 8 {
		r8, c8 = rows&^7, cols&^7
		transposeAVX2(&dst[0], &src[0], r8, c8, ldd, lds, scale)
	}
	for r := range rows {
		c := 0
		if r < r8 {
			c = c8
		}
		for ; c < cols; c++ {
			dst[c*ldd+r] = src[r*lds+c] * scale
		}
	}
}
