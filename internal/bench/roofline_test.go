package bench

import (
	"math"
	"runtime"
	"testing"

	"pare/internal/kernel/parallel"
)

// The larger of both times counts, and bytes move at the rate of their size.
func TestRooflineSeconds(t *testing.T) {
	r := Roofline{GFLOPs: 100, Memory: []Bandwidth{{1000, 50}, {10000, 10}}}
	for _, c := range []struct{ operations, bytes, want float64 }{
		{100e9, 0, 1}, {0, 1000, 20e-9}, {0, 1001, 1001e-10}, {0, 1e10, 1}, {1e9, 1e9, 0.1}, {1e9, 1e8, 0.01},
	} {
		if got := r.Seconds(c.operations, c.bytes); math.Abs(got/c.want-1) > 1e-12 {
			t.Errorf("%g operations on %g bytes: %g s, want %g", c.operations, c.bytes, got, c.want)
		}
	}
}

// No product exceeds the measured limit, and caches are no slower than memory by far.
func TestMeasureRoofline(t *testing.T) {
	parallel.SetThreads(1)
	defer parallel.SetThreads(0)
	r := MeasureRoofline()
	if r.Threads != 1 || len(r.Memory) != len(memorySizes) {
		t.Fatalf("%+v", r)
	}
	for _, m := range r.Memory {
		if !(m.GBs > 0.1 && m.GBs < 1e4) {
			t.Errorf("%d bytes at %g GB/s", m.Bytes, m.GBs)
		}
	}
	if got := Gemm(256, 0); !(r.GFLOPs > 0.9*got) {
		t.Errorf("the limit is %.1f GFLOP/s, a product of 256³ reaches %.1f", r.GFLOPs, got)
	}
}

// Threads beyond the processors add nothing to the limits.
func TestRooflineOfManyThreads(t *testing.T) {
	defer parallel.SetThreads(0)
	all := MeasureRoofline()
	parallel.SetThreads(64 * runtime.NumCPU())
	many := MeasureRoofline()
	if many.GFLOPs > 8*all.GFLOPs {
		t.Errorf("%.0f GFLOP/s with %d threads, %.0f with %d", many.GFLOPs, many.Threads, all.GFLOPs, all.Threads)
	}
}
