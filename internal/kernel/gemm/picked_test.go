package gemm

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/simd"
)

// eachAssembly is kerneltest.EveryMode, and once more with AVX2 where there is AVX-512.
func eachAssembly(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	kerneltest.EveryMode(t, f)
	if simd.AVX512 {
		defer simd.Use512(true)
		simd.Use512(false)
		t.Run(simd.Features(), f)
	}
}

// TestEntries: zeros of either sign are left out, NaN and denormals are not, and nothing behind
// the room for all values is written.
func TestEntries(t *testing.T) {
	eachAssembly(t, func(t *testing.T) {
		r := kerneltest.Rand(81)
		for _, n := range []int{0, 1, 3, 4, 7, 8, 9, 31, 64, 700} {
			for _, share := range []float64{0, 0.2, 1} {
				x := mostly0(r, 3*n, share, false)
				for i := 0; i < len(x); i += 5 {
					x[i] = []float32{kerneltest.NaN, float32(math.Copysign(0, -1)), 1e-42, float32(math.Inf(1))}[i/5%4]
				}
				var want []Entry
				var ends []int32
				for i, v := range x {
					if v != 0 {
						want = append(want, Entry{uint32(i % n), v})
					}
					if i%n == n-1 {
						ends = append(ends, int32(len(want)))
					}
				}
				got, at := make([]Entry, 3*n+1), make([]int32, 3)
				got[3*n] = Entry{7, 7}
				if n == 0 {
					ends = []int32{0, 0, 0}
				}
				EntriesOfRows(got, at, x, n, n)
				if !slices.Equal(at, ends) || !slices.EqualFunc(got[:at[2]], want, sameEntry) || got[3*n] != (Entry{7, 7}) {
					t.Fatalf("3 rows of %d, share %g: %v ends %v, want %v ends %v", n, share, got[:at[2]], at, want, ends)
				}
				if h := n / 2; h > 0 { // the second halves of two rows
					half, two := make([]Entry, 2*(n-h)), make([]int32, 2)
					EntriesOfRows(half, two, x[h:], n-h, n)
					k := Entries(make([]Entry, n), x[h:n], 0)
					if int(two[0]) != k || int(two[1]) != k+Entries(make([]Entry, n), x[n+h:2*n], 0) ||
						k > 0 && !sameEntry(half[k-1], Entry{want[ends[0]-1].At - uint32(h), want[ends[0]-1].Value}) {
						t.Fatalf("halves of rows of %d, share %g: %v end %v", n, share, half, two)
					}
				}
				row := want[:ends[0]]
				if k := Entries(got, x[:n], 5); k != len(row) || k > 0 && got[k-1].At != row[k-1].At+5 || k != Count(x[:n]) {
					t.Fatalf("a row of %d, share %g: %d entries, counted %d, want %d", n, share, k, Count(x[:n]), len(row))
				}
			}
		}
	})
}

func sameEntry(a, b Entry) bool {
	return a.At == b.At && math.Float32bits(a.Value) == math.Float32bits(b.Value)
}

// TestPicked: rows and entries give the product of a block in float64.
func TestPicked(t *testing.T) {
	eachAssembly(t, func(t *testing.T) {
		r := kerneltest.Rand(82)
		for _, s := range [][2]int{{1, 1}, {5, 16}, {30, 47}, {300, 130}} {
			k, n := s[0], s[1]
			p, b := NewPacked(k, n, false), kerneltest.Slice(r, k*n)
			p.Pack(b)
			for _, block := range []Block{p.Whole(), {k / 3, k, p.panels / 2, p.panels}} {
				rows := block.EndRow - block.Row
				first, columns := block.Panel*TileN, min(n, block.EndPanel*TileN)-block.Panel*TileN
				ld := (block.EndPanel - block.Panel) * TileN
				for _, count := range []int{1, 2, 7} {
					a, start := mostly0(r, count*rows, 0.4, false), kerneltest.Slice(r, count*ld)
					dense, picked := slices.Clone(start), slices.Clone(start)
					var arow, crow []int
					var want []float64
					list := make([]Entry, rows)
					for i := range count {
						arow, crow = append(arow, i*rows), append(crow, i*ld)
						p.AddEntries(picked[i*ld:], list[:Entries(list, a[i*rows:][:rows], 0)], block)
						for j := range columns {
							sum := float64(start[i*ld+j])
							for t := range rows {
								sum += float64(a[i*rows+t]) * float64(b[(block.Row+t)*n+first+j])
							}
							want = append(want, sum)
						}
					}
					p.AddRows(dense, crow, a, arow, block)
					for name, got := range map[string][]float32{"rows": dense, "entries": picked} {
						var used []float32
						for i := range count {
							used = append(used, got[i*ld:][:columns]...)
						}
						kerneltest.Near(t, fmt.Sprint(name, s, block, count), used, want, 1e-5)
					}
				}
			}
		}
	})
}

func TestDotEntries(t *testing.T) {
	eachAssembly(t, func(t *testing.T) {
		r := kerneltest.Rand(83)
		for _, n := range []int{1, 7, 8, 16, 23, 256} {
			a, b, bias := kerneltest.Slice(r, n), kerneltest.Slice(r, 20*n), kerneltest.Slice(r, 20)
			for _, count := range []int{0, 1, 4, 6} {
				entries := make([]Entry, count, 8)
				var got []float32
				var want []float64
				for i := range entries {
					entries[i] = Entry{uint32(3 * i), float32(i) - 1.5}
					want = append(want, float64(entries[i].Value)*(float64(bias[3*i])+kerneltest.Dot(a, b[3*i*n:][:n])))
				}
				DotEntries(entries, a, b, bias)
				for _, e := range entries {
					got = append(got, e.Value)
				}
				kerneltest.Near(t, fmt.Sprint(n, count), got, want, 1e-5)
			}
		}
	})
}
