package gemm

import "pare/internal/simd"

// Narrow tiles load more than they multiply: every product of a row needs its value in all lanes.
// Where the depth of A is contiguous in pairs, two values are loaded at once, and each column takes
// two lanes, one for either; their sums are added at the end. B is packed for that by PackPairs.

// PairsWidth is the number of columns that a tile of pairs computes for n columns, 8 or 12; 0: there
// is no such tile.
func PairsWidth(n int) int {
	switch {
	case n < 1 || n > 12:
		return 0
	case n <= 8:
		return 8
	}
	return 12
}

// pairOrder is where the columns of a row of B lie: in whose order sums of neighbouring lanes give
// columns in theirs.
var pairOrder = [12]int{0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 10, 11}

// PackPairs packs two rows of B, or one if second is nil, with their columns, the rest zero, and
// returns dst behind them.
func PackPairs(dst, first, second []float32, width int) []float32 {
	for i, c := range pairOrder[:width] {
		dst[2*i], dst[2*i+1] = 0, 0
		if c < len(first) {
			dst[2*i] = first[c]
		}
		if c < len(second) {
			dst[2*i+1] = second[c]
		}
	}
	return dst[2*width:]
}

// RunPairs computes a tile of up to twelve columns with B packed by PackPairs for the same number
// of columns. The first entries of Step are pairs, A[…+Step[t]] and the value behind it, the others
// single values. The mode may have bias and ReLU; Bias has PairsWidth values.
func (t *Tile) RunPairs(pairs int) {
	if !simd.AVX2 {
		t.pairsGo(pairs)
		return
	}
	rows := TileM
	if t.Cols > 8 {
		rows = 4
	}
	n := len(t.CRow)
	full := n / rows * rows
	if full > 0 {
		t.pairsAVX2(&t.CRow[0], &t.ARow[0], full/rows, pairs)
	}
	if full < n {
		var crow, arow [TileM]int // rows past the end repeat the last one
		for i := range rows {
			j := min(full+i, n-1)
			crow[i], arow[i] = t.CRow[j], t.ARow[j]
		}
		t.pairsAVX2(&crow[0], &arow[0], 1, pairs)
	}
}

func (t *Tile) pairsAVX2(crow, arow *int, tiles, pairs int) {
	if t.Cols > 8 {
		tilePairs12AVX2(t, crow, arow, tiles, pairs)
		return
	}
	tilePairs8AVX2(t, crow, arow, tiles, pairs)
}

func (t *Tile) pairsGo(pairs int) {
	width := PairsWidth(t.Cols)
	for i, co := range t.CRow {
		var acc [12][2]float32
		for k, off := range t.Step {
			b := t.B[2*width*k:][:2*width]
			at := t.ARow[i] + off
			for j := range width {
				acc[j][0] += t.A[at] * b[2*j]
				if k < pairs {
					acc[j][1] += t.A[at+1] * b[2*j+1]
				}
			}
		}
		out := t.C[co:][:t.Cols]
		for j, c := range pairOrder[:width] {
			v := acc[j][0] + acc[j][1]
			if c >= len(out) {
				continue
			}
			if t.Mode&TileBias != 0 {
				v += t.Bias[c]
			}
			if t.Mode&TileReLU != 0 && v <= 0 {
				v = 0
			}
			out[c] = v
		}
	}
}
