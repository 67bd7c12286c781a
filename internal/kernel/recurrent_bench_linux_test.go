package kernel

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// least runs f b.N times on one thread and reports the least processor time that
// it took, in milliseconds, and the rate of so many multiply-accumulates. Other
// work on the machine disturbs processor time less than that of the clock.
func least(b *testing.B, name string, macs int, f func()) {
	b.Run(name, func(b *testing.B) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		SetThreads(1)
		defer SetThreads(0)
		f()
		shortest := time.Hour
		b.ResetTimer()
		for range b.N {
			start := threadTime(b)
			f()
			shortest = min(shortest, threadTime(b)-start)
		}
		b.ReportMetric(shortest.Seconds()*1e3, "ms")
		b.ReportMetric(2*float64(macs)/float64(max(shortest.Nanoseconds(), 1)), "GFLOP/s")
	})
}

// threadTime is the processor time of the thread.
func threadTime(b *testing.B) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return time.Duration(t.Nano())
}

// BenchmarkRecurrent measures the parts of a training step one after another.
func BenchmarkRecurrent(b *testing.B) {
	for _, s := range []RecurrentShape{{TanhCell, 64, 64, 128, 256}, {LSTMCell, 64, 64, 128, 256}, {GRUCell, 64, 64, 128, 256}, {LSTMCell, 64, 64, 128, 117}, {LSTMCell, 64, 64, 128, 1024}} {
		k := newLookupCase(s, 65, 65)
		for _, w := range [][]float32{k.w, k.u} {
			for i := range w {
				w[i] *= 0.05
			}
		}
		positions, g := s.N*s.T, s.width()
		input, state := positions*s.D*g, positions*s.H*g
		y, dx, dw, du := make([]float32, positions*s.H), make([]float32, positions*s.D), make([]float32, s.D*g), make([]float32, s.H*g)
		db, db2 := make([]float32, g), make([]float32, g)
		b.Run(s.String(), func(b *testing.B) {
			p := NewRecurrent(s, true)
			least(b, "forward", input+state, func() { p.Forward(y, k.x, k.w, k.u, k.b, k.b2, k.h, k.c) })
			least(b, "backward", state, func() { p.Backward(y, k.r, k.u, nil) })
			least(b, "dx", input, func() { p.GradInput(dx, k.w, false) })
			least(b, "dw", input, func() { p.GradInputWeights(dw, k.x) })
			least(b, "du", state, func() { p.GradRecurrentWeights(du) })
			least(b, "db", 0, func() { p.GradBiases(db, db2) })
			l := NewRecurrentLookup(s, k.vocab, true)
			least(b, "lookup-forward", state, func() { l.Forward(y, k.rows, k.table, k.w, k.u, k.b, k.b2, k.h, k.c) })
			least(b, "lookup-backward", state, func() { l.Backward(y, k.r, k.u, nil) })
			least(b, "lookup-sums", 0, func() { l.sort(); parallel(l.vocab*l.segments, l.sumTask) })
			least(b, "lookup-dtable", 0, func() { l.GradTable(dx, k.w, false) })
			least(b, "lookup-dw", 0, func() { l.GradInputWeights(dw, k.table) })
			least(b, "lookup-db", 0, func() { l.GradBiases(db, db2) })
		})
	}
}
