package attention

import (
	"fmt"
	"testing"

	"pare/internal/kernel/kerneltest"
)

func TestStrips(t *testing.T) {
	r := kerneltest.Rand(70)
	for _, c := range []strips{
		{ldc: 16, rowA: 5, stepA: 1, ldb: 16, depth: 5, nextA: 20},
		{ldc: 35, rowA: 9, stepA: 1, ldb: 33, depth: 4, nextA: 36, nextDepth: 1},
		{ldc: 32, rowA: 1, stepA: 13, ldb: 40, depth: 7, nextA: 4 + 13, nextB: 40, nextDepth: -2, add: true},
		{ldc: 16, rowA: 1, stepA: 1, ldb: 16, add: true},
		{ldc: 16, rowA: 1, stepA: 1, ldb: 16},
	} {
		for count := range 5 {
			for _, panels := range []int{0, 1, 2} {
				for _, odd := range []bool{false, true} {
					a, b, start := kerneltest.Slice(r, 400), kerneltest.Slice(r, 1000), kerneltest.Slice(r, 4*4*35+32)
					if odd {
						kerneltest.Strange(a)
						kerneltest.Strange(b[200:])
					}
					fast, slow := kerneltest.Both(t, func() []float32 {
						s := c
						s.a, s.b, s.c = a, b, append([]float32(nil), start...)
						out := s.c
						s.run(count, panels)
						return out
					})
					kerneltest.Agree(t, fmt.Sprintf("%+v, %d strips, %d panels", c, count, panels), fast, slow, 1e-6)
				}
			}
		}
	}
}
