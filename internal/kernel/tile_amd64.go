package kernel

import "golang.org/x/sys/cpu"

func haveAVX2() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }

// tile16AVX2 computes tiles of six rows each, at crow and arow, with more than
// eight columns. rows, even, is how many rows of a tile are wanted.
//
//go:noescape
func tile16AVX2(t *tile, crow, arow *int, tiles, rows int)

// tile8AVX2 computes tiles of six rows each with at most eight columns.
//
//go:noescape
func tile8AVX2(t *tile, crow, arow *int, tiles int)

// columnMask holds the masks of up to sixteen columns: n ones begin at index
// 16-n.
//
//lint:ignore U1000 read by the assembly
var columnMask = [2 * tileN]int32{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}
