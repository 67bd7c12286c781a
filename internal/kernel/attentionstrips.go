package kernel

// A strip has two vectors in each of four rows, so that eight sums are under way.
const (
	stripRows = 4
	panelCols = 16
)

// strips are products of four rows each with sixteen columns:
//
//	c[i·ldc+j] = Σ_t a[i·rowA+t·stepA]·b[t·ldb+j]
//
// for t below depth. From strip to strip c moves by four rows, and a, b and the
// depth by what next says, so that a triangular factor costs what it holds. With
// add the sums are added to c.
type strips struct {
	c, a, b      []float32
	ldc          int
	rowA, stepA  int
	ldb          int
	depth        int
	nextA, nextB int
	nextDepth    int
	add          bool
	rows         *rowsAhead // fetched meanwhile, one a strip
	ahead        []float32  // from the first one on; nil: none
	aheadStep    int        // bytes from row to row
	aheadK       int        // bytes from a row's first piece of two lines to the second
	aheadV       int        // and to the third
}

// stripCount is the number of strips that rows take.
func stripCount(rows int) int { return (rows + stripRows - 1) / stripRows }

// panelCount is the number of panels that columns take.
func panelCount(cols int) int { return (cols + panelCols - 1) / panelCols }

// run computes a number of strips in each of the given panels of sixteen columns.
func (s *strips) run(count, panels int) {
	if count <= 0 {
		return
	}
	t := *s
	for range panels {
		if useAVX2 {
			t.rows.take(&t, count)
			stripsAVX2(&t, count)
		} else {
			t.runGo(count)
		}
		t.c, t.b = t.c[min(panelCols, len(t.c)):], t.b[min(panelCols, len(t.b)):]
	}
}

func (s *strips) runGo(count int) {
	depth := s.depth
	for k := range count {
		for i := range stripRows {
			var sum [panelCols]float32
			for t := range depth {
				v := s.a[k*s.nextA+i*s.rowA+t*s.stepA]
				row := (*[panelCols]float32)(s.b[k*s.nextB+t*s.ldb:])
				for j := range sum {
					sum[j] += v * row[j]
				}
			}
			c := (*[panelCols]float32)(s.c[(k*stripRows+i)*s.ldc:])
			for j, v := range sum {
				if s.add {
					v += c[j]
				}
				c[j] = v
			}
		}
		depth += s.nextDepth
	}
}

// copyColumns copies the first n values of each row, to rows ldd apart from rows
// lds apart.
func copyColumns(dst, src []float32, rows, n, ldd, lds int) {
	if rows == 0 || n == 0 {
		return
	}
	_, _ = dst[(rows-1)*ldd+n-1], src[(rows-1)*lds+n-1]
	if useAVX2 {
		copyColumnsAVX2(&dst[0], &src[0], rows, n, ldd, lds)
		return
	}
	for r := range rows {
		copy(dst[r*ldd:r*ldd+n], src[r*lds:])
	}
}

// transposeColumns copies the first n values of each row of src, times scale, to
// a column of dst.
func transposeColumns(dst, src []float32, rows, n, ldd, lds int, scale float32) {
	if rows == 0 || n == 0 {
		return
	}
	_, _ = dst[(n-1)*ldd+rows-1], src[(rows-1)*lds+n-1]
	r8, n8 := 0, 0
	if useAVX2 {
		if r8, n8 = rows&^7, n&^7; r8 > 0 && n8 > 0 {
			transposeColumnsAVX2(&dst[0], &src[0], r8, n8, ldd, lds, scale)
		}
	}
	for r := range rows {
		from := 0
		if r < r8 {
			from = n8
		}
		for j := from; j < n; j++ {
			dst[j*ldd+r] = src[r*lds+j] * scale
		}
	}
}
