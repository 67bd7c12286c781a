package gemm

import (
	"fmt"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// TestPack checks both ways of packing against their definition and that they
// leave other values alone.
func TestPack(t *testing.T) {
	const guard = 1e30
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(42)
		for _, width := range []int{6, 8, 16} {
			for _, k := range []int{1, 2, 7, 8, 9, 16, 17, 40} {
				for _, n := range []int{1, 2, width - 1, width, width + 1, 3 * width} {
					for _, extra := range []int{0, 1, 5} {
						ld := n + extra
						panels := (n + width - 1) / width
						pitch := k*width + 2 + extra
						src := kerneltest.Slice(r, (k-1)*ld+n)
						dst := make([]float32, panels*pitch+1)
						for i := range dst {
							dst[i] = guard
						}
						PackStraight(dst, pitch, src, ld, n, width, k)
						name := fmt.Sprintf("straight: width %d, k %d, n %d, ld %d", width, k, n, ld)
						for p := range panels {
							for j := p * width; j < min(n, (p+1)*width); j++ {
								for i := range k {
									if got := dst[p*pitch+i*width+j%width]; got != src[i*ld+j] {
										t.Fatalf("%s: row %d column %d is %v", name, i, j, got)
									}
								}
							}
							for i := p*pitch + k*width; i < (p+1)*pitch; i++ {
								if dst[i] != guard {
									t.Fatalf("%s: wrote past panel %d", name, p)
								}
							}
						}
					}
				}
				for n := 1; n <= width; n++ {
					ld := k + 3
					src := kerneltest.Slice(r, (n-1)*ld+k)
					dst := make([]float32, k*width+4)
					for i := range dst {
						dst[i] = guard
					}
					PackTransposed(dst, src, ld, n, width, k)
					name := fmt.Sprintf("transposed: width %d, k %d, n %d", width, k, n)
					for i := range k {
						for j := range n {
							if got := dst[i*width+j]; got != src[j*ld+i] {
								t.Fatalf("%s: value %d of line %d is %v", name, i, j, got)
							}
						}
					}
					for _, v := range dst[k*width:] {
						if v != guard {
							t.Fatalf("%s: wrote past the panel", name)
						}
					}
				}
			}
		}
	})
}
