package kernel

// packStraight packs k rows of nc ≤ 16 neighbouring columns, ld apart in src,
// into rows of sixteen. Columns past nc are left alone.
func packStraight(dst, src []float32, ld, nc, k int) {
	if nc == tileN {
		for t := range k {
			*(*[tileN]float32)(dst[t*tileN:]) = [tileN]float32(src[t*ld:])
		}
		return
	}
	for t := range k {
		copy(dst[t*tileN:t*tileN+nc], src[t*ld:])
	}
}

// packTransposed packs nc ≤ 16 rows of k values, ld apart in src, as columns
// of a panel. Columns past nc are left alone.
func packTransposed(dst, src []float32, ld, nc, k int) {
	// Short runs keep the sixteen columns of a cache line in L1 until it is full.
	const run = 64
	for t0 := 0; t0 < k; t0 += run {
		t1 := min(t0+run, k)
		for j := range nc {
			d := dst[t0*tileN+j:]
			for i, v := range src[j*ld+t0 : j*ld+t1] {
				d[i*tileN] = v
			}
		}
	}
}
