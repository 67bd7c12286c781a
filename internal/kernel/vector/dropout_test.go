package vector

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/parallel"
)

// Assembly and Go draw the same numbers, whatever the pieces.
func TestDropout(t *testing.T) {
	r := kerneltest.Rand(31)
	x := kerneltest.Slice(r, 3*parallel.Chunk+13)
	const key, limit, scale = 0x123456789abcdef0, 1 << 30, 4.0 / 3
	want := make([]float32, len(x))
	for i, v := range x {
		if dropoutNumber(i, key) >= limit {
			want[i] = v * scale
		}
	}
	kerneltest.EveryMode(t, func(t *testing.T) {
		got := kerneltest.Slice(r, len(x))
		Dropout(got, x, key, limit, scale)
		kerneltest.Same(t, "dropout", got, want)
		kerneltest.NoAllocs(t, "dropout", func() { Dropout(got, x, key, limit, scale) })
	})
}

// Shares of dropped values, and of pairs that are dropped together, at several
// distances and between keys that are next to each other, beside their standard
// deviations.
func TestDropoutNumbers(t *testing.T) {
	const n, p = 1 << 20, 0.1
	limit := uint32(math.Round(p * (1 << 32)))
	dropped := func(at int, key uint64) bool { return dropoutNumber(at, key) < limit }
	share := func(what string, p float64, f func(i int) bool) {
		count := 0
		for i := range n {
			if f(i) {
				count++
			}
		}
		if d := math.Abs(float64(count)/n-p) / math.Sqrt(p*(1-p)/n); d > 5 {
			t.Errorf("%s: a share of %g, %.1f standard deviations from %g", what, float64(count)/n, d, p)
		}
	}
	for _, key := range []uint64{0, 1, 1 << 32, 0xdeadbeefcafe} {
		share(fmt.Sprint("key ", key), p, func(i int) bool { return dropped(i, key) })
		for _, d := range []int{1, 2, 8, 64, 128, 4096} {
			share(fmt.Sprint("distance ", d), p*p, func(i int) bool { return dropped(i, key) && dropped(i+d, key) })
		}
		for _, other := range []uint64{key + 1, key ^ 1<<32, key + 1<<33} {
			share(fmt.Sprint("keys ", key, other), p*p, func(i int) bool { return dropped(i, key) && dropped(i, other) })
		}
	}
}
