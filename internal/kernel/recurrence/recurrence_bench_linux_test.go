package recurrence

import (
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/parallel"
)

// BenchmarkRecurrent measures the parts of a training step one after another.
func BenchmarkRecurrent(b *testing.B) {
	for _, s := range []Shape{{Tanh, 64, 64, 128, 256}, {LSTM, 64, 64, 128, 256}, {GRU, 64, 64, 128, 256},
		{LSTM, 64, 64, 128, 117}, {LSTM, 64, 64, 128, 1024}} {
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
			p := New(s, true)
			kerneltest.Least(b, "forward", input+state, func() { p.Forward(y, k.x, k.w, k.u, k.b, k.b2, k.h, k.c) })
			kerneltest.Least(b, "backward", state, func() { p.Backward(y, k.r, k.u, nil) })
			kerneltest.Least(b, "dx", input, func() { p.GradInput(dx, k.w, false) })
			kerneltest.Least(b, "dw", input, func() { p.GradInputWeights(dw, k.x) })
			kerneltest.Least(b, "du", state, func() { p.GradRecurrentWeights(du) })
			kerneltest.Least(b, "db", 0, func() { p.GradBiases(db, db2) })
			l := NewLookup(s, k.vocab, true)
			kerneltest.Least(b, "lookup-forward", state, func() { l.Forward(y, k.rows, k.table, k.w, k.u, k.b, k.b2, k.h, k.c) })
			kerneltest.Least(b, "lookup-backward", state, func() { l.Backward(y, k.r, k.u, nil) })
			kerneltest.Least(b, "lookup-sums", 0, func() { l.sort(); parallel.Each(l.vocab*l.segments, l, (*Lookup).sum) })
			kerneltest.Least(b, "lookup-dtable", 0, func() { l.GradTable(dx, k.w, false) })
			kerneltest.Least(b, "lookup-dw", 0, func() { l.GradInputWeights(dw, k.table) })
			kerneltest.Least(b, "lookup-db", 0, func() { l.GradBiases(db, db2) })
		})
	}
}
