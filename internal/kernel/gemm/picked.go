package gemm

import (
	"math/bits"
	"unsafe"

	"pare/internal/simd"
)

// Entry is a value of a vector that is not 0, with its place: the number of the value, or where the
// row begins that it is multiplied with.
type Entry struct {
	At    uint32
	Value float32
}

// Entries lists the values of x that are not 0, and returns how many; list has room for all
// of x. The first value has the place first. Zeros of either sign are left out, NaN is not.
func Entries(list []Entry, x []float32, first int) int {
	list = list[:len(x)]
	var end [1]int32
	done := listed(list, end[:], x, len(x), len(x), first)
	k := int(end[0])
	for i, v := range x[done:] {
		if v != 0 {
			list[k] = Entry{uint32(first + done + i), v}
			k++
		}
	}
	return k
}

// EntriesOfRows is Entries for rows of n values, ld apart; places count from the start of a row.
// ends receives where the entries of each row end.
func EntriesOfRows(list []Entry, ends []int32, x []float32, n, ld int) {
	if len(ends) > 0 && n > 0 {
		_ = x[(len(ends)-1)*ld+n-1]
		if listed(list[:len(ends)*n], ends, x, n, ld, 0) == n {
			return
		}
	}
	k := 0
	for r := range ends {
		k += Entries(list[k:], x[r*ld:][:n], 0)
		ends[r] = int32(k)
	}
}

// listed lists, in assembly, the entries of the first values of len(ends) rows of n, ld apart, and
// returns how many values of a row it did: all, in one row as many as fill vectors, or none.
func listed(list []Entry, ends []int32, x []float32, n, ld, first int) int {
	width, list512 := 4, simd.AVX512 && n >= 8
	if list512 {
		width = 8
	}
	whole := simd.Whole(n, width)
	if whole == 0 || len(ends) > 1 && whole < n {
		return 0
	}
	if list512 {
		listEntriesAVX512(&list[0], &ends[0], &x[0], len(ends), whole, ld, first)
	} else if simd.AVX2 {
		listEntriesAVX2(&list[0], &ends[0], &x[0], len(ends), whole, ld, first)
	}
	return whole
}

// Count is the number of values of x that are not 0. Zeros of either sign do not count, NaN does.
func Count(x []float32) int {
	var words [skipDepth / 64]uint64
	count := 0
	for lo := 0; lo < len(x); lo += skipDepth {
		part := x[lo:min(lo+skipDepth, len(x))]
		for _, w := range nonzeroBits(words[:], part, len(part)) {
			count += bits.OnesCount64(w)
		}
	}
	return count
}

// entryOrder holds, for each mask of four entries, the order of their halves with the entries of
// the mask in front.
//
//lint:ignore U1000 read by the assembly
var entryOrder = func() (order [16][8]int32) {
	for mask := range order {
		k := 0
		for i := range 4 {
			if mask&(1<<i) != 0 {
				order[mask][k], order[mask][k+1] = int32(2*i), int32(2*i+1)
				k += 2
			}
		}
	}
	return order
}()

// Block is a part of a packed matrix B[k,n]: the rows [Row,EndRow) and the panels of sixteen
// columns [Panel,EndPanel).
type Block struct{ Row, EndRow, Panel, EndPanel int }

// Whole is the block that covers all of B.
func (p *Packed) Whole() Block { return Block{0, p.k, 0, p.panels} }

// AddRow adds a·B to c within a block: a has a value for each row of the block and c sixteen
// for each panel. Several goroutines may call it at once.
func (p *Packed) AddRow(c, a []float32, b Block) {
	rows := b.EndRow - b.Row
	if rows <= 0 {
		return
	}
	a = a[:rows]
	for panel := b.Panel; panel < b.EndPanel; panel++ {
		dst := (*[TileN]float32)(c[(panel-b.Panel)*TileN:])
		src := p.data[panel*p.pitch+b.Row*TileN:][:rows*TileN]
		if simd.AVX2 {
			addRowAVX2(&dst[0], &src[0], &a[0], rows)
			continue
		}
		for t, v := range a {
			for j, w := range src[t*TileN:][:TileN] {
				dst[j] += v * w
			}
		}
	}
}

// AddEntries is AddRow for an a of which entries lists the values that are not 0, by their
// row in the block. A row without an entry is not read, so an infinite or undefined value
// of it does not reach c.
func (p *Packed) AddEntries(c []float32, entries []Entry, b Block) {
	if len(entries) == 0 {
		return
	}
	panel := b.Panel
	for ; simd.AVX2 && panel+4 <= b.EndPanel; panel += 4 {
		dst := c[(panel-b.Panel)*TileN:][:4*TileN]
		addEntries4AVX2(&dst[0], &p.data[panel*p.pitch+b.Row*TileN], p.pitch, unsafe.SliceData(entries), len(entries))
	}
	for ; panel < b.EndPanel; panel++ {
		dst := (*[TileN]float32)(c[(panel-b.Panel)*TileN:])
		src := p.data[panel*p.pitch+b.Row*TileN:]
		if simd.AVX2 {
			addEntriesAVX2(&dst[0], &src[0], unsafe.SliceData(entries), len(entries))
			continue
		}
		for _, e := range entries {
			for j, w := range src[int(e.At)*TileN:][:TileN] {
				dst[j] += e.Value * w
			}
		}
	}
}

// AddRows is AddRow for rows of a, which begin at the offsets arow of a, added to rows that
// begin at crow of c. The terms of an element and their order depend on the block alone.
func (p *Packed) AddRows(c []float32, crow []int, a []float32, arow []int, b Block) {
	rows := len(crow)
	if rows == 1 {
		p.AddRow(c[crow[0]:], a[arow[0]:], b)
		return
	}
	t := Tile{CRow: crow, ARow: arow, LDB: TileN, Cols: TileN, Mode: TileLoad}
	for k0 := b.Row; k0 < b.EndRow; k0 += packedDepth {
		t.Step = packedSteps[:min(packedDepth, b.EndRow-k0)]
		t.A = a[k0-b.Row:]
		// Tiles fetch the next panel.
		if looks := rows / TileM * (len(t.Step) / 4); looks > 0 {
			t.aheadStep = (4*TileN*len(t.Step) + looks - 1) / looks
		}
		for panel := b.Panel; panel < b.EndPanel; panel++ {
			at := panel*p.pitch + k0*TileN
			t.B, t.ahead = p.data[at:], p.data[min(at+p.pitch, len(p.data)-1):]
			t.C = c[(panel-b.Panel)*TileN:]
			t.Run()
		}
	}
}

// DotEntries multiplies the value of each entry with bias[At] + a·(row At of b), with b of rows
// of len(a) values. The list has room for a multiple of four entries.
func DotEntries(entries []Entry, a, b, bias []float32) {
	n := len(entries)
	if n == 0 {
		return
	}
	i := 0
	if simd.AVX2 && len(a) > 0 {
		padded := entries[:(n+3)&^3]
		for j := n; j < len(padded); j++ {
			padded[j] = padded[0]
		}
		var dots [4]float32
		for ; i < n; i += 4 {
			dotEntriesAVX2(&dots[0], &a[0], &b[0], &padded[i], len(a))
			for j := range min(4, n-i) {
				e := &entries[i+j]
				e.Value *= bias[e.At] + dots[j]
			}
		}
		return
	}
	for i := range entries {
		e := &entries[i]
		sum := float32(0)
		for j, v := range b[int(e.At)*len(a):][:len(a)] {
			sum += a[j] * v
		}
		e.Value *= bias[e.At] + sum
	}
}
