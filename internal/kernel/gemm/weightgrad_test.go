package gemm

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/parallel"
)

// gradShapes are rows, inputs and outputs: few rows, and many of them with every
// kind of edge, one block and several, parts that are no whole number of blocks.
var gradShapes = [][3]int{
	{7, 5, 3}, {64, 30, 20}, {1024, 6, 16}, {1024, 1, 1}, {1500, 13, 21}, {1029, 24, 8},
	{2111, 12, 49}, {4097, 9, 7}, {1024, 530, 18},
}

func TestWeightGrad(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(5)
		for _, s := range gradShapes {
			rows, in, out := s[0], s[1], s[2]
			x, dy := kerneltest.Slice(r, rows*in), kerneltest.Slice(r, rows*out)
			want := naiveGemm(in, out, rows, true, false, x, dy)
			for j := range out {
				sum := 0.0
				for i := range rows {
					sum += float64(dy[i*out+j])
				}
				want = append(want, sum)
			}
			for _, bias := range []bool{true, false} {
				g := NewWeightGrad(rows, in, out, bias)
				dst := kerneltest.Slice(r, g.Size())
				g.Run(dst, x, dy)
				kerneltest.Near(t, fmt.Sprint(s, bias), dst, want[:len(dst)], 2e-5)
			}
		}
	})
}

// A result of several blocks of columns, beside the product that is not cut.
func TestWeightGradBlocks(t *testing.T) {
	const rows, in, out = 1100, 131, 600
	r := kerneltest.Rand(9)
	x, dy := kerneltest.Slice(r, rows*in), kerneltest.Slice(r, rows*out)
	dst, whole := make([]float32, in*out), make([]float32, in*out)
	NewWeightGrad(rows, in, out, false).Run(dst, x, dy)
	New(in, out, rows, true, false).Run(whole, x, dy, make([]float32, out), false, false)
	want := make([]float64, len(whole))
	for i, v := range whole {
		want[i] = float64(v)
	}
	kerneltest.Near(t, "blocks", dst, want, 2e-5)
}

func TestWeightGradThreadsAndAllocs(t *testing.T) {
	r := kerneltest.Rand(6)
	for _, s := range gradShapes {
		x, dy := kerneltest.Slice(r, s[0]*s[1]), kerneltest.Slice(r, s[0]*s[2])
		run := func() []float32 {
			g := NewWeightGrad(s[0], s[1], s[2], true)
			dst := make([]float32, g.Size())
			g.Run(dst, x, dy)
			return dst
		}
		one, two := kerneltest.WithThreads(run)
		kerneltest.Same(t, fmt.Sprint("weight gradient ", s), one, two)
		g := NewWeightGrad(s[0], s[1], s[2], true)
		dst := make([]float32, g.Size())
		kerneltest.NoAllocs(t, fmt.Sprint("weight gradient ", s), func() { g.Run(dst, x, dy) })
	}
}

// Infinite values reach the sums and products that they belong to and no others.
func TestWeightGradNonFinite(t *testing.T) {
	const rows, in, out = 1030, 7, 19
	r := kerneltest.Rand(7)
	x, dy := kerneltest.Slice(r, rows*in), kerneltest.Slice(r, rows*out)
	dy[517*out+4] = float32(math.Inf(1))
	x[900*in+2] = float32(math.NaN())
	kerneltest.EveryMode(t, func(t *testing.T) {
		g := NewWeightGrad(rows, in, out, true)
		dst := make([]float32, g.Size())
		g.Run(dst, x, dy)
		for i, v := range dst {
			finite := v-v == 0
			if want := i%out != 4 && i/out != 2; finite != want {
				t.Fatalf("value %d is %v", i, v)
			}
		}
		if v := dst[in*out+4]; !math.IsInf(float64(v), 1) {
			t.Errorf("the sum with +Inf is %v", v)
		}
	})
}

func BenchmarkWeightGrad(b *testing.B) {
	parallel.SetThreads(1)
	defer parallel.SetThreads(0)
	const rows = 4096
	for _, s := range [][2]int{{128, 384}, {128, 128}, {128, 512}, {512, 128}} {
		in, out := s[0], s[1]
		b.Run(fmt.Sprintf("%dx%d", in, out), func(b *testing.B) {
			r := kerneltest.Rand(8)
			x, dy := kerneltest.Aligned(r, rows*in), kerneltest.Aligned(r, rows*out)
			g := NewWeightGrad(rows, in, out, true)
			dst := make([]float32, g.Size())
			for b.Loop() {
				g.Run(dst, x, dy)
			}
			kerneltest.ReportRate(b, 2*rows*float64(in)*float64(out))
		})
	}
}
