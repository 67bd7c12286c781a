package kernel

// The register tile: tileM rows by tileN columns of the result, twelve 8-lane
// accumulators on AVX2, which leaves four registers for operands.
const (
	tileM = 6
	tileN = 16
)

// How a tile kernel starts its accumulators.
const (
	startZero = iota // from zero
	startBias        // every row from bias[0:16]
	startLoad        // from the values in c
)

// tileRows computes a 6×16 tile whose left operand lies in rows:
//
//	c[crow[i]+j] = start + Σ_s Σ_k a[arow[i]+seg[s]+k] · b[(s·kc+k)·16+j]
//
// for k in [0, kc). crow and arow hold at least six offsets in elements.
func tileRows(c []float32, crow []int, a []float32, arow, seg []int, kc int, b, bias []float32, mode int) {
	_, _ = crow[tileM-1], arow[tileM-1]
	if useAVX2 {
		var bp *float32
		if mode == startBias {
			bp = &bias[0]
		}
		tileRowsAVX2(&c[0], &crow[0], &a[0], &arow[0], &seg[0], len(seg), kc, &b[0], bp, mode)
		return
	}
	tileRowsGo(c, crow, a, arow, seg, kc, b, bias, mode)
}

func tileRowsGo(c []float32, crow []int, a []float32, arow, seg []int, kc int, b, bias []float32, mode int) {
	for i := range tileM {
		var acc [tileN]float32
		out := c[crow[i] : crow[i]+tileN]
		switch mode {
		case startBias:
			copy(acc[:], bias[:tileN])
		case startLoad:
			copy(acc[:], out)
		}
		bs := b
		for _, s := range seg {
			for _, v := range a[arow[i]+s : arow[i]+s+kc] {
				row := (*[tileN]float32)(bs)
				for j := range acc {
					acc[j] += v * row[j]
				}
				bs = bs[tileN:]
			}
		}
		copy(out, acc[:])
	}
}

// tileCols computes a 6×16 tile whose left operand lies in columns, six
// neighbouring values per step:
//
//	c[i·ldc+j] = start + Σ_t a[arow[t]+i] · b[t·16+j]
//
// for t in [0, len(arow)); mode is startZero or startLoad.
func tileCols(c []float32, ldc int, a []float32, arow []int, b []float32, mode int) {
	if useAVX2 {
		tileColsAVX2(&c[0], ldc, &a[0], &arow[0], len(arow), &b[0], mode)
		return
	}
	tileColsGo(c, ldc, a, arow, b, mode)
}

func tileColsGo(c []float32, ldc int, a []float32, arow []int, b []float32, mode int) {
	var acc [tileM][tileN]float32
	if mode == startLoad {
		for i := range acc {
			copy(acc[i][:], c[i*ldc:i*ldc+tileN])
		}
	}
	for t, off := range arow {
		av := (*[tileM]float32)(a[off:])
		bv := (*[tileN]float32)(b[t*tileN:])
		for i := range acc {
			v := av[i]
			for j := range acc[i] {
				acc[i][j] += v * bv[j]
			}
		}
	}
	for i := range acc {
		copy(c[i*ldc:i*ldc+tileN], acc[i][:])
	}
}

// tileScratch is the target of tiles that stick out of the result.
type tileScratch struct {
	buf [tileM * tileN]float32
	_   [64]byte // keep workers off each other's cache lines
}

// scratchRow holds the row offsets of a tileScratch.
var scratchRow = []int{0, tileN, 2 * tileN, 3 * tileN, 4 * tileN, 5 * tileN}

// rowsEdge is tileRows for a tile of which only m rows and n columns exist.
func (t *tileScratch) rowsEdge(m, n int, c []float32, crow []int, a []float32, arow, seg []int, kc int, b, bias []float32, mode int) {
	if mode == startLoad {
		for i := range m {
			copy(t.buf[i*tileN:i*tileN+n], c[crow[i]:])
		}
	}
	tileRows(t.buf[:], scratchRow, a, arow, seg, kc, b, bias, mode)
	for i := range m {
		copy(c[crow[i]:crow[i]+n], t.buf[i*tileN:])
	}
}

// colsEdge is tileCols for a tile of which only rows [lo, hi) and n columns
// exist; c points at row zero of the tile.
func (t *tileScratch) colsEdge(lo, hi, n int, c []float32, ldc int, a []float32, arow []int, b []float32, mode int) {
	if mode == startLoad {
		for i := lo; i < hi; i++ {
			copy(t.buf[i*tileN:i*tileN+n], c[i*ldc:])
		}
	}
	tileCols(t.buf[:], tileN, a, arow, b, mode)
	for i := lo; i < hi; i++ {
		copy(c[i*ldc:i*ldc+n], t.buf[i*tileN:])
	}
}
