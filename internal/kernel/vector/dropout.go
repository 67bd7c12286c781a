package vector

import (
	"math"

	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

type dropout struct {
	dst, x []float32
	key    uint64
	limit  uint32
	scale  float32
}

var dropouts parallel.Loop[dropout]

// Dropout computes dst = scale·x where a random number of 32 bits is at least
// limit, else 0; NaN is dropped like any value. The number is a function of key
// and position.
func Dropout(dst, x []float32, key uint64, limit uint32, scale float32) {
	n := len(dst)
	dropouts.Do(n, parallel.Chunk, dropout{dst, x[:n], key, limit, scale}, func(d *dropout, lo, hi, _ int) {
		if i := (hi - lo) &^ 7; simd.AVX2 && i > 0 {
			dropoutAVX2(&d.dst[lo], &d.x[lo], i, uint32(lo)*dropoutStep+uint32(d.key), uint32(d.key>>32), d.limit, d.scale)
			lo += i
		}
		for ; lo < hi; lo++ {
			keep := uint32(0)
			if dropoutNumber(lo, d.key) >= d.limit {
				keep = math.MaxUint32
			}
			d.dst[lo] = math.Float32frombits(math.Float32bits(d.x[lo]*d.scale) & keep)
		}
	})
}

const dropoutStep = 0x9e3779b1

// dropoutNumber is the 32-bit finaliser of MurmurHash3 (Appleby) with one round
// more, between which the other half of the key comes in.
func dropoutNumber(at int, key uint64) uint32 {
	h := uint32(at)*dropoutStep + uint32(key)
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h ^= uint32(key >> 32)
	h *= 0xc2b2ae35
	h ^= h >> 16
	h *= 0x27d4eb2f
	return h ^ h>>15
}
