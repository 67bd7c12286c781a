package dense

// packA copies rows ic..ic+mc and columns pc..pc+kc of a into panels of tileRows rows,
// column after column; what is missing in the last panel is zero.
func packA(dst []float64, a Matrix, ic, pc, mc, kc int) {
	for i := 0; i < mc; i += tileRows {
		packPanel(dst[i*kc:], a, ic+i, pc, min(tileRows, mc-i), kc, tileRows)
	}
}

// packB copies rows pc..pc+kc and columns jc..jc+nc of b into panels of tileCols columns,
// row after row.
func packB(dst []float64, b Matrix, pc, jc, kc, nc int) {
	for j := 0; j < nc; j += tileCols {
		packPanel(dst[j*kc:], b.T(), jc+j, pc, min(tileCols, nc-j), kc, tileCols)
	}
}

// packPanel copies rows r0..r0+rows of m, as columns of width values.
func packPanel(dst []float64, m Matrix, r0, k0, rows, kc, width int) {
	dst = dst[:kc*width]
	if m.Transposed {
		for k := range kc {
			to := dst[k*width : (k+1)*width]
			clear(to[copy(to, m.Data[(k0+k)*m.Stride+r0:][:rows]):])
		}
		return
	}
	for r := range width {
		if r >= rows {
			for k := range kc {
				dst[k*width+r] = 0
			}
			continue
		}
		at := r
		for _, v := range m.Data[(r0+r)*m.Stride+k0:][:kc] {
			dst[at] = v
			at += width
		}
	}
}
