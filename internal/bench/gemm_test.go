package bench

import (
	"fmt"
	"testing"
	"time"

	"pare/internal/kernel"
)

// No product may exceed the measured limit of the processor.
func TestPeak(t *testing.T) {
	if !haveFMA() || kernel.Features() == "portable" {
		t.Skip("the kernels do not use the instructions of the peak")
	}
	kernel.SetThreads(1)
	defer kernel.SetThreads(0)
	const n = 256
	got := Gemm(n, 20*time.Millisecond)
	if peak := Peak(); !(peak > got) || peak > 20*got {
		t.Errorf("the peak is %.1f GFLOP/s, a product of %d³ reaches %.1f", peak, n, got)
	}
}

func BenchmarkPeak(b *testing.B) {
	if !haveFMA() {
		b.Skip("there is no loop for this processor")
	}
	d := median(b, func() { multiplyAdd(peakRounds) })
	b.ReportMetric(peakRounds*flopsPerRound/float64(d.Nanoseconds()), "GFLOP/s")
}

func BenchmarkGemm(b *testing.B) {
	for _, n := range []int{256, 512, 1024} {
		gemm(b, fmt.Sprintf("%d", n), n, n, n, false, false)
	}
	// The linear layer 800 → 500 of lenet5.
	gemm(b, "fc/y", 64, 500, 800, false, false)
	gemm(b, "fc/dx", 64, 800, 500, false, true)
	gemm(b, "fc/dw", 800, 500, 64, true, false)
}

func gemm(b *testing.B, name string, m, n, k int, transA, transB bool) {
	x, y, c := values(m*k), values(k*n), make([]float32, m*n)
	g := kernel.NewGemm(m, n, k, transA, transB)
	compute(b, name, m*n*k, func() { g.Run(c, x, y, nil, false, kernel.Epilogue{}) })
}
