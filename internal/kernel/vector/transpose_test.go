package vector

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
)

func TestCopyAndTransposeColumns(t *testing.T) {
	r := kerneltest.Rand(71)
	for _, rows := range []int{0, 1, 3, 7, 8, 9, 16, 21} {
		for _, n := range []int{0, 1, 5, 8, 11, 16, 24, 31} {
			src := kerneltest.Slice(r, 21*40)
			kerneltest.Strange(src)
			start := kerneltest.Slice(r, 40*40)
			copied, slow := kerneltest.Both(t, func() []float32 {
				dst := append([]float32(nil), start...)
				CopyColumns(dst, src, rows, n, 33, 37)
				return dst
			})
			kerneltest.Same(t, fmt.Sprint("copy ", rows, n), copied, slow)
			turned, slow := kerneltest.Both(t, func() []float32 {
				dst := append([]float32(nil), start...)
				TransposeScaled(dst, src, rows, n, 23, 37, 0.5)
				return dst
			})
			kerneltest.Same(t, fmt.Sprint("transpose ", rows, n), turned, slow)
			for i := range rows {
				for j := range n {
					v := src[i*37+j]
					if math.Float32bits(copied[i*33+j]) != math.Float32bits(v) || turned[j*23+i] != 0.5*v && v == v {
						t.Fatalf("%d×%d: value %d, %d is %v, and %v turned, of %v", rows, n, i, j, copied[i*33+j], turned[j*23+i], v)
					}
				}
			}
		}
	}
}

func TestTranspose(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, rows := range []int{0, 1, 7, 8, 9, 24, 31} {
			for _, cols := range []int{0, 1, 7, 8, 17, 24} {
				ldd, lds := rows+3, cols+5
				src, dst := kerneltest.Slice(kerneltest.Rand(24), max(1, rows)*lds), kerneltest.Slice(kerneltest.Rand(25), max(1, cols)*ldd)
				want := append([]float32(nil), dst...)
				for r := range rows {
					for c := range cols {
						want[c*ldd+r] = src[r*lds+c]
					}
				}
				Transpose(dst, src[:max(0, (rows-1)*lds+cols)], rows, cols, ldd, lds)
				kerneltest.Same(t, fmt.Sprintf("%d × %d", rows, cols), dst, want)
			}
		}
	})
}
