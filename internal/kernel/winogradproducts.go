package kernel

import "unsafe"

// winogradProducts multiplies the sixteen matrices of v, 6·groups rows of depth
// columns, by those of u, packed in panels of sixteen columns:
//
//	m[k·xi + t·ldm + n] = Σ_c v[k·xi + t·ldv + c] · u[((k·panels + n/16)·depth + c)·16 + n%16]
//
// for n < cols rounded up to eight, where panels = cols/16 rounded up. m may lie xi elements before v in the same memory: product k is complete when
// product k+1 overwrites its left operand. The depth must be at least four. What
// next holds is fetched into the cache meanwhile.
func winogradProducts(m, v, u []float32, xi, ldm, ldv, cols, depth, groups int, next *[2][]float32) {
	if useAVX2 {
		full, half := halfPanels(cols)
		winogradProductsAVX2(&m[0], &v[0], &u[0], xi, ldm, ldv, full, half, depth, groups,
			unsafe.SliceData(next[0]), 4*len(next[0]), unsafe.SliceData(next[1]), 4*len(next[1]))
		return
	}
	winogradProductsGo(m, v, u, xi, ldm, ldv, cols, depth, groups)
}

// halfPanels splits columns into panels of sixteen and, where at most eight are
// left, one of eight.
func halfPanels(cols int) (full, half int) {
	full = (cols + tileN/2 - 1) / (tileN / 2)
	return full / 2, full % 2
}

func winogradProductsGo(m, v, u []float32, xi, ldm, ldv, cols, depth, groups int) {
	panels := (cols + tileN - 1) / tileN
	for k := range 16 {
		for p := range panels {
			b := u[(k*panels+p)*depth*tileN:]
			for t := range groups * tileM {
				var acc [tileN]float32
				for c, a := range v[k*xi+t*ldv:][:depth] {
					row := (*[tileN]float32)(b[c*tileN:])
					for n := range acc {
						acc[n] += a * row[n]
					}
				}
				copy(m[k*xi+t*ldm+p*tileN:], acc[:min(tileN, eightFold(cols)-p*tileN)])
			}
		}
	}
}

// winogradSums multiplies the transposes of the sixteen matrices of v by those
// of z, both with one row per tile:
//
//	d[k·xid + c·ldd + n] = Σ_t v[k·xiv + t·ldv + c] · z[k·xiz + t·ldz + n]
//
// for t in [0, tiles), at least four, c in [0, rows), rows a multiple of eight,
// and n in [0, cols), cols rounded up to eight. With add the sum is added to d. What next holds is
// fetched into the cache meanwhile.
func winogradSums(d, v, z []float32, xid, xiv, xiz, ldd, ldv, ldz, cols, rows, tiles int, add bool, next *[2][]float32) {
	if useAVX2 {
		sixes, fours := sixesAndFours(rows)
		full, half := halfPanels(cols)
		winogradSumsAVX2(&d[0], &v[0], &z[0], xid, xiv, xiz, ldd, ldv, ldz, full, sixes, fours, half*rows/8, tiles, add,
			unsafe.SliceData(next[0]), 4*len(next[0]), unsafe.SliceData(next[1]), 4*len(next[1]))
		return
	}
	winogradSumsGo(d, v, z, xid, xiv, xiz, ldd, ldv, ldz, cols, rows, tiles, add)
}

// sixesAndFours splits an even n ≥ 4 into as many sixes as possible and fours.
func sixesAndFours(n int) (sixes, fours int) {
	sixes = n / 6
	switch n % 6 {
	case 2:
		return sixes - 1, 2
	case 4:
		return sixes, 1
	}
	return sixes, 0
}

func winogradSumsGo(d, v, z []float32, xid, xiv, xiz, ldd, ldv, ldz, cols, rows, tiles int, add bool) {
	const lanes = tileN / 2
	for k := range 16 {
		for c := range rows {
			for p := 0; p < cols; p += lanes {
				var acc [lanes]float32
				for t := range tiles {
					a := v[k*xiv+t*ldv+c]
					row := (*[lanes]float32)(z[k*xiz+t*ldz+p:])
					for n := range acc {
						acc[n] += a * row[n]
					}
				}
				out := d[k*xid+c*ldd+p:][:lanes]
				if !add {
					copy(out, acc[:])
					continue
				}
				for n, v := range acc {
					out[n] += v
				}
			}
		}
	}
}
