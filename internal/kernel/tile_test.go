package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// randTile returns a tile whose rows of A overlap and whose rows of C are apart
// and not in order.
func randTile(r *rand.Rand, rows, depth, cols, ldb, mode int) *tile {
	t := &tile{cols: cols, ldb: ldb, mode: mode, bias: randSlice(r, tileN)}
	t.a = randSlice(r, rows+3*depth+1)
	t.b = randSlice(r, depth*ldb+tileN)
	t.c = randSlice(r, rows*(cols+3)+1)
	t.other = randSlice(r, len(t.c))
	t.ahead, t.aheadStep, t.aheadNext = t.c[len(t.c)-1:], 48, -16
	for i := range rows {
		t.arow = append(t.arow, r.IntN(rows))
		t.crow = append(t.crow, (rows-1-i)*(cols+3))
	}
	for i := range depth {
		t.step = append(t.step, (depth-i)*3)
	}
	return t
}

// TestTile compares the assembly with the portable tile, including what it must
// not touch.
func TestTile(t *testing.T) {
	if !haveAVX2() {
		t.Skip("no AVX2")
	}
	old := useAVX2
	defer func() { useAVX2 = old }()
	r := newRand(41)
	special := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1e-42, float32(math.Copysign(0, -1))}
	for cols := 1; cols <= tileN; cols++ {
		for _, rows := range []int{1, 2, 3, 4, 5, 6, 7, 11, 12, 20} {
			for _, depth := range []int{0, 1, 2, 3, 4, 5, 7, 9} {
				for mode := range 2 * tileSum {
					if mode&tileSum != 0 && mode&tileMask != 0 {
						continue // both read other
					}
					tl := randTile(r, rows, depth, cols, tileWidth(cols)+r.IntN(3), mode)
					if depth > 0 && mode == 7 {
						tl.a[r.IntN(len(tl.a))] = special[r.IntN(len(special))]
					}
					start := append([]float32(nil), tl.c...)
					useAVX2 = false
					tl.run()
					want := tl.c
					tl.c = start
					useAVX2 = true
					tl.run()
					for i, v := range want {
						g := tl.c[i]
						if !(math.Abs(float64(g-v)) <= 1e-5) && g != v && (g == g || v == v) {
							t.Fatalf("%d×%d depth %d mode %d: value %d is %v, want %v", rows, cols, depth, mode, i, g, v)
						}
					}
				}
			}
		}
	}
}

// BenchmarkTile runs tiles on operands in L1, the ceiling for everything built
// on them.
func BenchmarkTile(b *testing.B) {
	r := newRand(40)
	for _, s := range [][3]int{{96, 256, 16}, {96, 25, 16}, {96, 256, 8}, {96, 25, 4}, {4, 256, 16}, {2, 256, 16}} {
		rows, depth, cols := s[0], s[1], s[2]
		t := tile{a: make([]float32, rows+depth), b: make([]float32, depth*tileN), c: make([]float32, rows*tileN), cols: cols, ldb: tileWidth(cols)}
		for i := range rows {
			t.arow, t.crow = append(t.arow, i), append(t.crow, i*tileN)
		}
		for i := range depth {
			t.step = append(t.step, i)
		}
		copy(t.a, randSlice(r, len(t.a)))
		b.Run(fmt.Sprintf("%dx%dx%d", rows, cols, depth), func(b *testing.B) {
			for b.Loop() {
				t.run()
			}
			reportRate(b, 2*float64(rows*depth*cols))
		})
	}
}
