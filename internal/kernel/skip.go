package kernel

import (
	"math/bits"
	"unsafe"
)

// Products may skip the values of one operand that are 0, as a ReLU leaves them
// and gradients behind it have them: each value that is left takes one row of the
// other operand along. That costs as much a value as the dense product of two to
// three, whose operands lie in registers and L1, so it pays up to a share.
//
// Whether to skip is decided anew in each call, from a sample of the rows and
// nothing else: results depend on the operands, never on threads or on what ran
// before. What is skipped never meets an infinite or undefined value of the other
// operand.
const (
	skipShare  = 0.25    // most values that are not 0
	skipSample = 16      // every such row is in the sample
	skipLeast  = 1024    // least rows
	skipDepth  = 256     // columns of the sparse operand at a time: their rows stay in L2
	skipFloats = 1 << 26 // most values of the other operand: offsets are 32 bits
)

// skipEntry is a value with where its row begins.
type skipEntry struct {
	at    uint32 // in values, from the first row
	value float32
}

// skipPays tells whether a product over so many rows should ever look for zeros.
func skipPays(rows, cols, other int) bool {
	return rows >= skipLeast && cols >= 64 && other >= 16 && cols*other <= skipFloats
}

// mostlyZero tells whether so few values of x [rows,cols] are not 0 that skipping
// the others pays.
func mostlyZero(x []float32, rows, cols int) bool {
	var words [skipDepth / 64]uint64
	count, limit := 0, int(skipShare*float64((rows+skipSample-1)/skipSample*cols))
	for r := 0; r < rows && count <= limit; r += skipSample {
		for lo := 0; lo < cols; lo += skipDepth {
			for _, w := range nonzeroBits(words[:], x[r*cols+lo:r*cols+min(lo+skipDepth, cols)], skipSample*cols) {
				count += bits.OnesCount64(w)
			}
		}
	}
	return count <= limit
}

// nonzeroBits sets a bit for each value of x that is not 0, NaN included, and
// returns the words in use. It fetches what lies so many values ahead.
func nonzeroBits(words []uint64, x []float32, ahead int) []uint64 {
	words = words[:(len(x)+63)/64]
	full := len(x) / 64
	if useAVX2 && full > 0 {
		nonzeroBitsAVX2(&words[0], &x[0], full, ahead)
	} else {
		full = 0
	}
	for i := full; i < len(words); i++ {
		w := uint64(0)
		for j, v := range x[i*64 : min(i*64+64, len(x))] {
			if v != 0 {
				w |= 1 << j
			}
		}
		words[i] = w
	}
	return words
}

// skipEntries lists the values of x that are not 0, the first of which belongs to
// row first of an operand whose rows have n values. It fetches what lies ahead.
func skipEntries(list []skipEntry, words []uint64, x []float32, ahead, first, n int) []skipEntry {
	list = list[:cap(list)]
	k := 0
	for i, w := range nonzeroBits(words, x, ahead) {
		for ; w != 0; w &= w - 1 {
			j := i*64 + bits.TrailingZeros64(w)
			list[k] = skipEntry{uint32((first + j) * n), x[j]}
			k++
		}
	}
	return list[:k]
}

// addPicked adds the rows of b that the entries name, times their values, to dst, in
// the order of the entries.
func addPicked(dst, b []float32, entries []skipEntry) {
	if len(entries) == 0 {
		return
	}
	if useAVX2 {
		addPickedAVX2(unsafe.SliceData(dst), unsafe.SliceData(b), unsafe.SliceData(entries), len(entries), len(dst))
		return
	}
	for _, e := range entries {
		for j, v := range b[e.at:][:len(dst)] {
			dst[j] += e.value * v
		}
	}
}

// dotPicked computes the products of a with the rows of b that the entries name, four
// at a time: dst and entries have room for whole fours, of which the last are not
// used.
func dotPicked(dst, a, b []float32, entries []skipEntry) {
	if len(entries) == 0 {
		return
	}
	if useAVX2 {
		padded := entries[:(len(entries)+3)&^3]
		for i := len(entries); i < len(padded); i++ {
			padded[i] = padded[0]
		}
		dotPickedAVX2(unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(b), unsafe.SliceData(padded), len(padded), len(a))
		return
	}
	for i, e := range entries {
		sum := float32(0)
		for j, v := range b[e.at:][:len(a)] {
			sum += a[j] * v
		}
		dst[i] = sum
	}
}
