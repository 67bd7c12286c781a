package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/simd"
)

// randTile returns a tile whose rows of A overlap and whose rows of C are apart
// and not in order.
func randTile(r *rand.Rand, rows, depth, cols, ldb, mode int) *Tile {
	t := &Tile{Cols: cols, LDB: ldb, Mode: mode, Bias: kerneltest.Slice(r, TileN)}
	t.A = kerneltest.Slice(r, rows+3*depth+1)
	t.B = kerneltest.Slice(r, depth*ldb+TileN)
	t.C = kerneltest.Slice(r, rows*(cols+3)+1)
	t.other = kerneltest.Slice(r, len(t.C))
	t.ahead, t.aheadStep, t.aheadNext = t.C[len(t.C)-1:], 48, -16
	for i := range rows {
		t.ARow = append(t.ARow, r.IntN(rows))
		t.CRow = append(t.CRow, (rows-1-i)*(cols+3))
	}
	for i := range depth {
		t.Step = append(t.Step, (depth-i)*3)
	}
	return t
}

// TestTile compares the assembly with the portable tile, including the values
// that it must not touch.
func TestTile(t *testing.T) {
	if !simd.Supported {
		t.Skip("no AVX2")
	}
	defer simd.Use(simd.AVX2)
	r := kerneltest.Rand(41)
	odd := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1e-42, float32(math.Copysign(0, -1))}
	for cols := 1; cols <= TileN; cols++ {
		for _, rows := range []int{1, 2, 3, 4, 5, 6, 7, 11, 12, 20} {
			for _, depth := range []int{0, 1, 2, 3, 4, 5, 7, 9} {
				for mode := range 2 * tileSum {
					if mode&tileSum != 0 && mode&tileMask != 0 {
						continue // both read other
					}
					tl := randTile(r, rows, depth, cols, TileWidth(cols)+r.IntN(3), mode)
					if depth > 0 && mode == 7 {
						tl.A[r.IntN(len(tl.A))] = odd[r.IntN(len(odd))]
					}
					start := append([]float32(nil), tl.C...)
					simd.Use(false)
					tl.Run()
					want := tl.C
					tl.C = start
					simd.Use(true)
					tl.Run()
					for i, v := range want {
						g := tl.C[i]
						if !(math.Abs(float64(g-v)) <= 1e-5) && g != v && (g == g || v == v) {
							t.Fatalf("%d×%d depth %d mode %d: value %d is %v, want %v", rows, cols, depth, mode, i, g, v)
						}
					}
				}
			}
		}
	}
}

// TestFewRows: the rows of a narrow tile have the same bits whether there are few or many.
func TestFewRows(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(46)
		for cols := 1; cols <= TileN; cols++ {
			for _, depth := range []int{0, 1, 3, 4, 6, 33} {
				for mode := range 8 {
					all := randTile(r, 6, depth, cols, TileWidth(cols), mode)
					few := *all
					few.C = append([]float32(nil), all.C...)
					all.Run()
					for i := 0; i < 6; i += 2 - i%2 {
						few.CRow, few.ARow = all.CRow[i:min(i+2, 6)], all.ARow[i:min(i+2, 6)]
						few.Run()
					}
					if cols <= TileN/2 {
						kerneltest.Same(t, fmt.Sprintf("%d columns, depth %d, mode %d", cols, depth, mode), few.C, all.C)
					}
				}
			}
		}
	})
}

// TestPairs compares tiles of pairs with the portable ones, and with plain tiles, including the
// values that they must not touch.
func TestPairs(t *testing.T) {
	if !simd.Supported {
		t.Skip("no AVX2")
	}
	defer simd.Use(simd.AVX2)
	r := kerneltest.Rand(45)
	for cols := 1; cols <= 12; cols++ {
		for _, rows := range []int{1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 20} {
			for _, run := range [][2]int{{0, 1}, {1, 0}, {1, 1}, {2, 3}, {13, 1}, {8, 0}} {
				pairs, singles := run[0], run[1]
				for mode := range TileReLU * 2 {
					if mode&TileLoad != 0 {
						continue
					}
					depth, width := 2*pairs+singles, PairsWidth(cols)
					plain := randTile(r, rows, depth, cols, TileN, mode)
					for i := range depth { // two values of a pair lie side by side
						if plain.Step[i] = i; i >= 2*pairs {
							plain.Step[i] = i + 2
						}
					}
					tl := *plain
					tl.Step, tl.B = nil, make([]float32, 2*width*(pairs+singles))
					dst := tl.B
					for i := 0; i < depth; i++ {
						row := func(k int) []float32 { return plain.B[k*plain.LDB:][:cols] }
						tl.Step = append(tl.Step, plain.Step[i])
						if i < 2*pairs {
							dst = PackPairs(dst, row(i), row(i+1), width)
							i++
						} else {
							dst = PackPairs(dst, row(i), nil, width)
						}
					}
					if mode == TileBias|TileReLU && rows == 7 {
						plain.A[r.IntN(rows)] = kerneltest.NaN
					}
					start := append([]float32(nil), plain.C...)
					simd.Use(true)
					plain.Run()
					var got [2][]float32
					for i := range got {
						simd.Use(i == 0)
						tl.C = append([]float32(nil), start...)
						tl.RunPairs(pairs)
						got[i] = tl.C
					}
					name := fmt.Sprintf("%d×%d, pairs %d, singles %d, mode %d", rows, cols, pairs, singles, mode)
					kerneltest.Agree(t, name, got[0], got[1], 1e-5)
					kerneltest.Agree(t, name+" beside a plain tile", got[0], plain.C, 1e-5)
				}
			}
		}
	}
}

// BenchmarkTile runs tiles on operands in L1, the ceiling for everything built
// on them.
func BenchmarkTile(b *testing.B) {
	r := kerneltest.Rand(40)
	for _, s := range [][3]int{{96, 256, 16}, {96, 25, 16}, {96, 256, 8}, {96, 25, 4}, {4, 256, 16}, {2, 256, 16}} {
		rows, depth, cols := s[0], s[1], s[2]
		t := Tile{A: make([]float32, rows+depth), B: make([]float32, depth*TileN), C: make([]float32, rows*TileN),
			Cols: cols, LDB: TileWidth(cols)}
		for i := range rows {
			t.ARow, t.CRow = append(t.ARow, i), append(t.CRow, i*TileN)
		}
		for i := range depth {
			t.Step = append(t.Step, i)
		}
		copy(t.A, kerneltest.Slice(r, len(t.A)))
		b.Run(fmt.Sprintf("%dx%dx%d", rows, cols, depth), func(b *testing.B) {
			for b.Loop() {
				t.Run()
			}
			kerneltest.ReportRate(b, 2*float64(rows*depth*cols))
		})
	}
}
