package bench

import (
	"fmt"
	"testing"
	"time"

	"pare/internal/kernel/gemm"
	"pare/internal/kernel/parallel"
	"pare/internal/simd"
)

// No product may exceed the measured limit of the processor.
func TestPeak(t *testing.T) {
	if !simd.Supported || simd.Features() == "portable" {
		t.Skip("the kernels do not use the instructions of the peak")
	}
	parallel.SetThreads(1)
	defer parallel.SetThreads(0)
	const n = 256
	got := Gemm(n, 20*time.Millisecond)
	if peak := Peak(); !(peak > got) || peak > 20*got {
		t.Errorf("the peak is %.1f GFLOP/s, a product of %d³ reaches %.1f", peak, n, got)
	}
}

func BenchmarkPeak(b *testing.B) {
	if !simd.Supported {
		b.Skip("there is no loop for this processor")
	}
	d := median(b, func() { multiplyAdd(peakRounds) })
	b.ReportMetric(peakRounds*flopsPerRound/float64(d.Nanoseconds()), "GFLOP/s")
}

func BenchmarkGemm(b *testing.B) {
	for _, n := range []int{256, 512, 1024} {
		benchGemm(b, fmt.Sprintf("%d", n), n, n, n, false, false)
	}
	// The linear layer 800 → 500 of lenet5.
	benchGemm(b, "fc/y", 64, 500, 800, false, false)
	benchGemm(b, "fc/dx", 64, 800, 500, false, true)
	benchGemm(b, "fc/dw", 800, 500, 64, true, false)
}

func benchGemm(b *testing.B, name string, m, n, k int, transA, transB bool) {
	x, y, c := values(m*k), values(k*n), make([]float32, m*n)
	g := gemm.New(m, n, k, transA, transB)
	compute(b, name, m*n*k, func() { g.Run(c, x, y, nil, false, false) })
}
