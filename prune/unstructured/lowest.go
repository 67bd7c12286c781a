package unstructured

import "math"

// lowest calls take for the n values of least score, in the order of the lists and their
// values: of equal scores the first ones go. No score is NaN. The time is that of two passes,
// whatever the scores are.
func lowest(scores [][]float32, n int, take func(list, i int)) {
	if n <= 0 {
		return
	}
	// The value of rank n is found by its upper 16 bits first and its lower 16 bits then.
	upper, before := bucket(scores, n, func(key uint32) (uint32, bool) { return key >> 16, true })
	lower, more := bucket(scores, n-before, func(key uint32) (uint32, bool) { return key & 0xffff, key>>16 == upper })
	limit := upper<<16 | lower
	equal := n - before - more // values of the limit that go
	for list, values := range scores {
		for i, v := range values {
			switch key := rank(v); {
			case key < limit:
				take(list, i)
			case key == limit && equal > 0:
				equal--
				take(list, i)
			}
		}
	}
}

// bucket finds the bucket that holds the value of rank n, counted from 1, and the number of
// values in the buckets below it. of returns the bucket of a value, and false for one that
// does not count.
func bucket(scores [][]float32, n int, of func(key uint32) (uint32, bool)) (at uint32, below int) {
	counts := make([]int, 1<<16)
	for _, values := range scores {
		for _, v := range values {
			if b, ok := of(rank(v)); ok {
				counts[b]++
			}
		}
	}
	for b, c := range counts {
		if below+c >= n {
			return uint32(b), below
		}
		below += c
	}
	return 1<<16 - 1, below
}

// rank is a number that is ordered as the values of float32 are; −0 is 0.
func rank(v float32) uint32 {
	bits := math.Float32bits(v + 0)
	if bits>>31 != 0 {
		return ^bits
	}
	return bits | 1<<31
}
