package recurrence

import (
	"math"
	"slices"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// frozenShapes have sequences alone, in pairs and more, and one whose product is shared out.
func frozenShapes() []Shape {
	return append(recurrentShapes(), Shape{LSTM, 1, 3, 2, 130}, Shape{GRU, 1, 3, 2, 150}, Shape{Tanh, 2, 3, 2, 20})
}

// TestFrozen: plans with frozen weights read no others, and give the states of the definition.
func TestFrozen(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, s := range frozenShapes() {
			k := newLookupCase(s, 7, 80)
			want, cells := k.states(kerneltest.Float64s(k.x), kerneltest.Float64s(k.w), kerneltest.Float64s(k.u), kerneltest.Float64s(k.b), kerneltest.Float64s(k.b2), kerneltest.Float64s(k.h), kerneltest.Float64s(k.c))
			plan := New(s, false)
			plan.UseFrozen(plan.Freeze(k.u))
			plan.InputWeights().UseFrozen(plan.InputWeights().Freeze(k.w))
			look := FrozenLookup(s, 7, Products(s, 7, k.table, k.w, k.b))
			look.UseFrozen(look.Freeze(k.u))
			noW, noU := make([]float32, len(k.w)), make([]float32, len(k.u))
			for name, forward := range map[string]func(y, h, c []float32){
				"values": func(y, h, c []float32) { plan.Forward(y, k.x, noW, noU, k.b, k.b2, h, c) },
				"rows":   func(y, h, c []float32) { look.Forward(y, k.rows, nil, nil, nil, nil, k.b2, h, c) },
			} {
				run := func() []float32 {
					y, h, c := make([]float32, len(want)), slices.Clone(k.h), slices.Clone(k.c)
					forward(y, h, c)
					return slices.Concat(y, h, c)
				}
				one, two := kerneltest.WithThreads(run)
				kerneltest.Same(t, s.String()+" threads, "+name, one, two)
				kerneltest.Near(t, s.String()+" "+name, one[:len(want)], want, 1e-5)
				if s.Cell == LSTM {
					kerneltest.Near(t, s.String()+" last cells, "+name, one[len(one)-len(cells):], cells, 1e-5)
				}
				y, h, c := make([]float32, len(want)), slices.Clone(k.h), slices.Clone(k.c)
				kerneltest.NoAllocs(t, s.String()+" "+name, func() { forward(y, h, c) })
			}
			k.rows[len(k.rows)-1] = 7
			y := make([]float32, len(want))
			look.Forward(y, k.rows, nil, nil, nil, nil, k.b2, slices.Clone(k.h), slices.Clone(k.c))
			if !math.IsNaN(float64(y[0])) {
				t.Errorf("%s: a row that is not in the table gives %g", s, y[0])
			}
		}
	})
}
