package recurrence

import (
	"fmt"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/vector"
)

// lookupCase is a recurrentCase whose x are rows of a table.
type lookupCase struct {
	*recurrentCase
	vocab       int
	table, rows []float32
}

func newLookupCase(s Shape, vocab int, seed uint64) lookupCase {
	k := lookupCase{newRecurrentCase(s, seed), vocab, nil, make([]float32, s.N*s.T)}
	r := kerneltest.Rand(seed + 1)
	k.table = kerneltest.Slice(r, vocab*s.D)
	for i := range k.rows {
		v := r.IntN(vocab)
		k.rows[i] = float32(v)
		copy(k.x[i*s.D:][:s.D], k.table[v*s.D:])
	}
	return k
}

// run returns the results of a training step.
func (k lookupCase) run(p *Lookup) map[string][]float32 {
	h, c := append([]float32(nil), k.h...), append([]float32(nil), k.c...)
	y, dt, dw := make([]float32, k.N*k.T*k.H), make([]float32, len(k.table)), make([]float32, len(k.w))
	du, db, db2, dh := make([]float32, len(k.u)), make([]float32, k.width()), make([]float32, k.width()), make([]float32, len(y))
	p.Forward(y, k.rows, k.table, k.w, k.u, k.b, k.b2, h, c)
	p.Backward(y, k.r, k.u, dh)
	p.GradTable(dt, k.w, false)
	p.GradInputWeights(dw, k.table)
	p.GradRecurrentWeights(du)
	p.GradBiases(db, db2)
	return map[string][]float32{"y": y, "dtable": dt, "dw": dw, "du": du, "db": db, "db2": db2, "dh": dh, "h": h, "c": c}
}

// TestRecurrentLookup holds the plan against Plan on the rows themselves, twice, as
// the second run finds the workspaces of the first.
func TestRecurrentLookup(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, s := range recurrentShapes() {
			for _, vocab := range []int{1, 5, 40} {
				k := newLookupCase(s, vocab, 71)
				h, c := append([]float32(nil), k.h...), append([]float32(nil), k.c...)
				y, dh := make([]float32, s.N*s.T*s.H), make([]float32, s.N*s.T*s.H)
				dx, dw, du := make([]float32, len(k.x)), make([]float32, len(k.w)), make([]float32, len(k.u))
				db, db2, dt := make([]float32, len(k.b)), make([]float32, len(k.b)), make([]float32, len(k.table))
				p := New(s, true)
				p.Forward(y, k.x, k.w, k.u, k.b, k.b2, h, c)
				p.Backward(y, k.r, k.u, dh)
				p.GradInput(dx, k.w, false)
				p.GradInputWeights(dw, k.x)
				p.GradRecurrentWeights(du)
				p.GradBiases(db, db2)
				vector.ScatterAdd(dt, dx, k.rows, s.D)
				want := map[string][]float32{"y": y, "dtable": dt, "dw": dw, "du": du, "db": db, "db2": db2, "dh": dh, "h": h, "c": c}
				l := NewLookup(s, vocab, true)
				for range 2 {
					for what, got := range k.run(l) {
						kerneltest.Near(t, fmt.Sprint(s, vocab, what), got, kerneltest.Float64s(want[what]), 1e-5)
					}
				}
				got := make([]float32, len(y))
				NewLookup(s, vocab, false).Forward(got, k.rows, k.table, k.w, k.u, k.b, k.b2, k.h, k.c)
				kerneltest.Near(t, fmt.Sprint(s, vocab, "inference"), got, kerneltest.Float64s(y), 1e-5)
			}
		}
	})
}

// TestRecurrentLookupInvalid: one row that does not exist makes everything NaN,
// and the next run is as if nothing had happened.
func TestRecurrentLookupInvalid(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for cell := Tanh; cell <= GRU; cell++ {
			k := newLookupCase(Shape{cell, 3, 4, 2, 11}, 5, 72)
			want := k.run(NewLookup(k.Shape, 5, true))
			p := NewLookup(k.Shape, 5, true)
			for _, bad := range []float32{5, -1, kerneltest.NaN, 1e30} {
				good := k.rows[7]
				k.rows[7] = bad
				results := k.run(p)
				for _, what := range []string{"y", "h", "dtable", "dw", "du", "db", "db2"} {
					for i, v := range results[what] {
						if v == v {
							t.Fatalf("%s, row %v: %s[%d] is %v, want NaN", cellNames[cell], bad, what, i, v)
						}
					}
				}
				k.rows[7] = good
				for what, got := range k.run(p) {
					kerneltest.Same(t, cellNames[cell]+" "+what, got, want[what])
				}
			}
		}
	})
}

func TestRecurrentLookupThreadsAndAllocs(t *testing.T) {
	for cell := Tanh; cell <= GRU; cell++ {
		k := newLookupCase(Shape{cell, 64, 5, 24, 133}, 9, 73)
		for _, what := range []string{"y", "dtable", "dw", "du", "db", "db2", "dh", "h", "c"} {
			one, two := kerneltest.WithThreads(func() []float32 { return k.run(NewLookup(k.Shape, 9, true))[what] })
			kerneltest.Same(t, cellNames[cell]+" "+what, one, two)
		}
		p := NewLookup(k.Shape, 9, true)
		y, dt, dw := make([]float32, 64*5*133), make([]float32, len(k.table)), make([]float32, len(k.w))
		db, db2 := make([]float32, k.width()), make([]float32, k.width())
		kerneltest.NoAllocs(t, cellNames[cell], func() {
			p.Forward(y, k.rows, k.table, k.w, k.u, k.b, k.b2, k.h, k.c)
			p.Backward(y, k.r, k.u, nil)
			p.GradTable(dt, k.w, true)
			p.GradInputWeights(dw, k.table)
			p.GradBiases(db, db2)
		})
	}
}
