package kernel

import "math"

// Dropout computes dst = scale·x where a random number of 32 bits is at least
// limit, else 0; NaN is dropped like any value. The number is a function of key
// and position.
func Dropout(dst, x []float32, key uint64, limit uint32, scale float32) {
	j := newJob()
	j.dst, j.a, j.key, j.limit, j.s = dst, x[:len(dst)], key, limit, scale
	j.flat(func(j *job, lo, hi, _ int) { dropoutSlice(j.dst[lo:hi], j.a[lo:hi], lo, j.key, j.limit, j.s) })
}

// dropoutSlice does the values from position at on.
func dropoutSlice(dst, x []float32, at int, key uint64, limit uint32, scale float32) {
	x = x[:len(dst)]
	i := 0
	if useAVX2 && len(dst) >= 8 {
		i = len(dst) &^ 7
		dropoutAVX2(&dst[0], &x[0], i, uint32(at)*dropoutStep+uint32(key), uint32(key>>32), limit, scale)
	}
	for ; i < len(dst); i++ {
		keep := uint32(0)
		if dropoutNumber(at+i, key) >= limit {
			keep = math.MaxUint32
		}
		dst[i] = math.Float32frombits(math.Float32bits(x[i]*scale) & keep)
	}
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
