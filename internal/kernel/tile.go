package kernel

// The register tile: tileM rows by tileN columns of the result, twelve 8-lane
// accumulators on AVX2, which leaves four registers for operands. Up to
// tileN/2 columns are done in a tile of half the width with two sets of
// accumulators.
const (
	tileM = 6
	tileN = 16
)

// How a tile starts and ends; the values are combined.
const (
	tileBias = 1 << iota // start every row from bias, else from zero
	tileLoad             // add what is in c
	tileReLU             // end with max(·, 0)
	tileMask             // end with 0 where other is not positive
	tileSum              // add other before ReLU
)

// tile is a product of any number of rows and at most tileN columns:
//
//	c[crow[i]+j] = start + Σ_t a[arow[i]+step[t]]·b[t·ldb+j]
//
// The tables of offsets cover every layout of the left operand: rows, columns,
// packed panels and the windows of a convolution. Different rows must be
// different places of c.
type tile struct {
	c, a, b, bias []float32
	other         []float32 // what a mode reads beside the product; has the rows of c
	crow, arow    []int     // offsets of the rows, equally many
	step          []int     // offsets along the depth
	ldb           int
	cols          int // columns of the result
	mode          int

	// Whole tiles fetch what is read next into the cache while they compute: every
	// four steps the line at ahead, which then moves by aheadStep bytes, and after
	// every tile by aheadNext bytes. Without ahead a line of a is fetched.
	ahead     []float32
	aheadStep int
	aheadNext int
}

// tileWidth is the number of values that a tile of cols columns reads from a
// row of b and from bias.
func tileWidth(cols int) int {
	if cols <= tileN/2 {
		return tileN / 2
	}
	return tileN
}

// run computes the tile.
func (t *tile) run() {
	if !useAVX2 {
		t.runGo()
		return
	}
	if t.mode&(tileMask|tileSum) != 0 && t.cols < tileN {
		mode := t.mode
		t.mode &^= tileMask | tileSum | tileReLU
		t.run()
		t.mode = mode
		t.finishEdge()
		return
	}
	n := len(t.crow)
	full := n - n%tileM
	if full > 0 {
		t.runAVX2(&t.crow[0], &t.arow[0], full/tileM, tileM)
	}
	if full < n {
		// Rows past the end repeat the last one.
		var crow, arow [tileM]int
		for i := range tileM {
			j := min(full+i, n-1)
			crow[i], arow[i] = t.crow[j], t.arow[j]
		}
		t.runAVX2(&crow[0], &arow[0], 1, (n-full+1)&^1)
	}
}

func (t *tile) runAVX2(crow, arow *int, tiles, rows int) {
	if t.cols > tileN/2 {
		tile16AVX2(t, crow, arow, tiles, rows)
		return
	}
	tile8AVX2(t, crow, arow, tiles)
}

// runGo takes the result in strips of eight columns.
func (t *tile) runGo() {
	const lanes = tileN / 2
	for i, co := range t.crow {
		for j := 0; j < t.cols; j += lanes {
			n := min(lanes, t.cols-j)
			out := t.c[co+j:][:n]
			var acc [lanes]float32
			if t.mode&tileBias != 0 {
				acc = [lanes]float32(t.bias[j:])
			}
			b := t.b[j:]
			for k, off := range t.step {
				v := t.a[t.arow[i]+off]
				row := (*[lanes]float32)(b[k*t.ldb:])
				for l := range acc {
					acc[l] += v * row[l]
				}
			}
			if t.mode&tileLoad != 0 {
				for l, v := range out {
					acc[l] += v
				}
			}
			copy(out, acc[:])
		}
	}
	t.finishEdge()
}

// finishEdge applies what a tile ends with.
func (t *tile) finishEdge() {
	for _, co := range t.crow {
		out := t.c[co:][:t.cols]
		if t.mode&tileSum != 0 {
			for j, v := range t.other[co:][:t.cols] {
				out[j] += v
			}
		}
		if t.mode&tileReLU != 0 {
			for j, v := range out {
				if v <= 0 {
					out[j] = 0
				}
			}
		}
		if t.mode&tileMask != 0 {
			for j, v := range t.other[co:][:t.cols] {
				if !(v > 0) {
					out[j] = 0
				}
			}
		}
	}
}

// panels returns how many tiles n columns take and what these read in a row.
func panels(n int) (count, width int) {
	full := n / tileN
	if n == full*tileN {
		return full, n
	}
	return full + 1, full*tileN + tileWidth(n-full*tileN)
}
