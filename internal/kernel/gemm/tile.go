// Package gemm multiplies float32 matrices: plans for products of one size, which
// pack their operands where that pays and skip zeros where most of one is zero, and
// the register tile that products and convolutions are made of.
//
// Sums are cut into parts by the size of the problem only and combined in a fixed
// order, so a result never depends on the number of threads. Plans own their
// workspaces: once warm, a call allocates nothing. One plan must not be used by two
// goroutines at the same time. Slices of a wrong length are programming errors and
// panic.
package gemm

import "pare/internal/simd"

// The register tile: TileM rows by TileN columns of the result, twelve 8-lane
// accumulators on AVX2, which leaves four registers for operands. Up to
// TileN/2 columns are done in a tile of half the width with two sets of
// accumulators.
const (
	TileM = 6
	TileN = 16
)

// How a tile starts and ends; modes are combined.
const (
	TileBias = 1 << iota // start every row from Bias, else from zero
	TileLoad             // add the values that C holds
	TileReLU             // end with max(·, 0)
	tileMask             // end with 0 where other is not positive
	tileSum              // add other before ReLU
)

// Tile is a product of any number of rows and at most TileN columns:
//
//	C[CRow[i]+j] = start + Σ_t A[ARow[i]+Step[t]]·B[t·LDB+j]
//
// The tables of offsets cover every layout of the left operand: rows, columns,
// packed panels and the windows of a convolution. Different rows must be
// different places of C.
type Tile struct {
	C, A, B, Bias []float32
	other         []float32 // operand of tileMask or tileSum; has the rows of C
	CRow, ARow    []int     // offsets of the rows, equally many
	Step          []int     // offsets along the depth
	LDB           int
	Cols          int // columns of the result
	Mode          int

	// Whole tiles fetch the next operands into the cache while they compute: every
	// four steps the line at ahead, which then moves by aheadStep bytes, and after
	// every tile by aheadNext bytes. Without ahead a line of A is fetched.
	ahead     []float32
	aheadStep int
	aheadNext int
}

// TileWidth is the number of values that a tile of cols columns reads from a
// row of B and from Bias.
func TileWidth(cols int) int {
	if cols <= TileN/2 {
		return TileN / 2
	}
	return TileN
}

// Columns prepares the tile for the first of n columns, with B in a packed panel.
func (t *Tile) Columns(n int) {
	t.Cols = min(TileN, n)
	t.LDB = TileWidth(t.Cols)
}

// Run computes the tile.
func (t *Tile) Run() {
	if !simd.AVX2 {
		t.runGo()
		return
	}
	if t.Mode&(tileMask|tileSum) != 0 && t.Cols < TileN {
		mode := t.Mode
		t.Mode &^= tileMask | tileSum | TileReLU
		t.Run()
		t.Mode = mode
		t.finishEdge()
		return
	}
	n := len(t.CRow)
	full := n - n%TileM
	if full > 0 {
		t.runAVX2(&t.CRow[0], &t.ARow[0], full/TileM, TileM)
	}
	if full < n {
		// Rows past the end repeat the last one.
		var crow, arow [TileM]int
		for i := range TileM {
			j := min(full+i, n-1)
			crow[i], arow[i] = t.CRow[j], t.ARow[j]
		}
		if n-full <= 2 && t.Cols <= TileN/2 {
			tile8TwoAVX2(t, &crow[0], &arow[0])
			return
		}
		t.runAVX2(&crow[0], &arow[0], 1, (n-full+1)&^1)
	}
}

func (t *Tile) runAVX2(crow, arow *int, tiles, rows int) {
	if t.Cols > TileN/2 {
		tile16AVX2(t, crow, arow, tiles, rows)
		return
	}
	tile8AVX2(t, crow, arow, tiles)
}

// runGo takes the result in strips of eight columns.
func (t *Tile) runGo() {
	const lanes = TileN / 2
	for i, co := range t.CRow {
		for j := 0; j < t.Cols; j += lanes {
			n := min(lanes, t.Cols-j)
			out := t.C[co+j:][:n]
			var acc [lanes]float32
			if t.Mode&TileBias != 0 {
				acc = [lanes]float32(t.Bias[j:])
			}
			b := t.B[j:]
			for k, off := range t.Step {
				v := t.A[t.ARow[i]+off]
				row := (*[lanes]float32)(b[k*t.LDB:])
				for l := range acc {
					acc[l] += v * row[l]
				}
			}
			if t.Mode&TileLoad != 0 {
				for l, v := range out {
					acc[l] += v
				}
			}
			copy(out, acc[:])
		}
	}
	t.finishEdge()
}

// finishEdge applies the end of the mode in Go.
func (t *Tile) finishEdge() {
	for _, co := range t.CRow {
		out := t.C[co:][:t.Cols]
		if t.Mode&tileSum != 0 {
			for j, v := range t.other[co:][:t.Cols] {
				out[j] += v
			}
		}
		if t.Mode&TileReLU != 0 {
			for j, v := range out {
				if v <= 0 {
					out[j] = 0
				}
			}
		}
		if t.Mode&tileMask != 0 {
			for j, v := range t.other[co:][:t.Cols] {
				if !(v > 0) {
					out[j] = 0
				}
			}
		}
	}
}

// Panels returns the number of tiles for n columns and the number of values that they read
// of a row of B.
func Panels(n int) (count, width int) {
	full := n / TileN
	if n == full*TileN {
		return full, n
	}
	return full + 1, full*TileN + TileWidth(n-full*TileN)
}

// columnMask holds the masks of up to sixteen columns: n ones begin at index
// 16-n.
//
//lint:ignore U1000 read by the assembly
var columnMask = [2 * TileN]int32{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}
