package kernel

// packStraight packs k rows of n neighbouring columns, ld apart in src, into
// panels of width columns, pitch apart: dst[p·pitch+t·width+j] is column
// p·width+j of row t. The width is 6, 8 or 16. Columns past n hold anything.
func packStraight(dst []float32, pitch int, src []float32, ld, n, width, k int) {
	panels := (n + width - 1) / width
	t := 0
	if useAVX2 {
		// Whole vectors are copied as long as that stays inside src.
		vecs := (width + 7) / 8
		t = vectorRows(width, k)
		if last := len(src) - (panels-1)*width - vecs*8; last < 0 {
			t = 0
		} else if ld > 0 {
			t = min(t, last/ld+1)
		}
		if t > 0 {
			copyPanelsAVX2(&dst[0], &src[0], pitch, width, ld, t, panels, vecs)
		}
	}
	for ; t < k; t++ {
		for p := range panels {
			j := p * width
			copy(dst[p*pitch+t*width:][:min(width, n-j)], src[t*ld+j:])
		}
	}
}

// packTransposed packs n ≤ width rows of k values, ld apart in src, as columns
// of one such panel.
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

// vectorRows is how many of k rows may be written as whole vectors: what these
// write past a row of six is overwritten by the next one, so the last row is
// written value by value, in case another one packs what follows it.
func vectorRows(width, k int) int {
	if width%8 == 0 {
		return k
	}
	return k - 1
}
