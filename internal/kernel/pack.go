package kernel

// packStraight packs k rows of n neighbouring columns, ld apart in src, into
// rows of width ≥ n values: 6, 8 or 16. Columns past n hold anything.
func packStraight(dst, src []float32, ld, n, width, k int) {
	t := 0
	if useAVX2 {
		// Whole vectors are copied as long as that stays inside src.
		vecs := (width + 7) / 8
		t = vectorRows(width, k)
		if last := len(src) - vecs*8; last < 0 {
			t = 0
		} else if ld > 0 {
			t = min(t, last/ld+1)
		}
		if t > 0 {
			copyRowsAVX2(&dst[0], &src[0], width, ld, t, vecs)
		}
	}
	for ; t < k; t++ {
		copy(dst[t*width:t*width+n], src[t*ld:])
	}
}

// vectorRows is how many of k rows may be written as whole vectors: what these
// write past a narrow row is overwritten by the next one, so that the last row
// has to be written value by value.
func vectorRows(width, k int) int {
	if width%8 == 0 {
		return k
	}
	return k - 1
}

// packTransposed packs n ≤ width rows of k values, ld apart in src, as columns
// of rows of width values: 6, 8 or 16. Columns past n hold anything.
func packTransposed(dst, src []float32, ld, n, width, k int) {
	for j := 0; j < n; j += 8 {
		packTransposed8(dst[j:], src[j*ld:], ld, min(8, n-j), width, k)
	}
}

func packTransposed8(dst, src []float32, ld, n, width, k int) {
	t := 0
	if useAVX2 && k > 8 {
		t = vectorRows(width, k) &^ 7
		var rows [8]int
		for j := range rows {
			rows[j] = min(j, n-1) * ld
		}
		transposeAVX2(&dst[0], &src[0], &rows[0], width, t)
	}
	for ; t < k; t++ {
		for j := range n {
			dst[t*width+j] = src[j*ld+t]
		}
	}
}
