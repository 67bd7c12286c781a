package kernel

import (
	"fmt"
	"math"
	"testing"
)

// gradShapes are rows, inputs and outputs: few rows, and many of them with every
// kind of edge, one block and several, parts that are no whole number of blocks.
var gradShapes = [][3]int{
	{7, 5, 3}, {64, 30, 20}, {1024, 6, 16}, {1024, 1, 1}, {1500, 13, 21}, {1029, 24, 8},
	{2111, 12, 49}, {4097, 9, 7}, {1024, 530, 18},
}

func TestWeightGrad(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := newRand(5)
		for _, s := range gradShapes {
			rows, in, out := s[0], s[1], s[2]
			x, dy := randSlice(r, rows*in), randSlice(r, rows*out)
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
				dst := randSlice(r, g.Size())
				g.Run(dst, x, dy)
				near(t, fmt.Sprint(s, bias), dst, want[:len(dst)], 2e-5)
			}
		}
	})
}

// A result of several blocks of columns, beside the product that is not cut.
func TestWeightGradBlocks(t *testing.T) {
	const rows, in, out = 1100, 131, 600
	r := newRand(9)
	x, dy := randSlice(r, rows*in), randSlice(r, rows*out)
	dst, whole := make([]float32, in*out), make([]float32, in*out)
	NewWeightGrad(rows, in, out, false).Run(dst, x, dy)
	NewGemm(in, out, rows, true, false).Run(whole, x, dy, make([]float32, out), false, Epilogue{})
	want := make([]float64, len(whole))
	for i, v := range whole {
		want[i] = float64(v)
	}
	near(t, "blocks", dst, want, 2e-5)
}

func TestWeightGradThreadsAndAllocs(t *testing.T) {
	r := newRand(6)
	for _, s := range gradShapes {
		x, dy := randSlice(r, s[0]*s[1]), randSlice(r, s[0]*s[2])
		run := func() []float32 {
			g := NewWeightGrad(s[0], s[1], s[2], true)
			dst := make([]float32, g.Size())
			g.Run(dst, x, dy)
			return dst
		}
		one, two := withThreads(run)
		same(t, fmt.Sprint("weight gradient ", s), one, two)
		g := NewWeightGrad(s[0], s[1], s[2], true)
		dst := make([]float32, g.Size())
		noAllocs(t, fmt.Sprint("weight gradient ", s), func() { g.Run(dst, x, dy) })
	}
}

// Infinite values reach the sums and products that they belong to and no others.
func TestWeightGradNonFinite(t *testing.T) {
	const rows, in, out = 1030, 7, 19
	r := newRand(7)
	x, dy := randSlice(r, rows*in), randSlice(r, rows*out)
	dy[517*out+4] = float32(math.Inf(1))
	x[900*in+2] = float32(math.NaN())
	everyMode(t, func(t *testing.T) {
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
	SetThreads(1)
	defer SetThreads(0)
	const rows = 4096
	for _, s := range [][2]int{{128, 384}, {128, 128}, {128, 512}, {512, 128}} {
		in, out := s[0], s[1]
		b.Run(fmt.Sprintf("%dx%d", in, out), func(b *testing.B) {
			r := newRand(8)
			x, dy := benchSlice(r, rows*in), benchSlice(r, rows*out)
			g := NewWeightGrad(rows, in, out, true)
			dst := make([]float32, g.Size())
			for b.Loop() {
				g.Run(dst, x, dy)
			}
			reportRate(b, 2*rows*float64(in)*float64(out))
		})
	}
}
