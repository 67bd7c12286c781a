package recurrence

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
)

var cellNames = map[Cell]string{Tanh: "tanh", ReLU: "relu", LSTM: "lstm", GRU: "gru"}

// recurrentCase is a layer with its operands.
type recurrentCase struct {
	Shape
	x, w, u, b, b2, h, c, r []float32 // r weighs the outputs: the loss is Σ r·y
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func newRecurrentCase(s Shape, seed uint64) *recurrentCase {
	r := kerneltest.Rand(seed)
	return &recurrentCase{Shape: s, x: kerneltest.Slice(r, s.N*s.T*s.D), w: kerneltest.Slice(r, s.D*s.width()),
		u: kerneltest.Slice(r, s.H*s.width()), b: kerneltest.Slice(r, s.width()), b2: kerneltest.Slice(r, s.width()),
		h: kerneltest.Slice(r, s.N*s.H), c: kerneltest.Slice(r, s.N*s.H), r: kerneltest.Slice(r, s.N*s.T*s.H)}
}

// states returns the states at all positions and the last cells, by the
// definition.
func (k *recurrentCase) states(x, w, u, b, b2, h, c []float64) (y, cells []float64) {
	g, n := k.width(), k.H
	y = make([]float64, k.N*k.T*n)
	cells = append(cells, c...)
	for seq := range k.N {
		state, cell := append([]float64(nil), h[seq*n:(seq+1)*n]...), cells[seq*n:(seq+1)*n]
		for t := range k.T {
			in, rec := append([]float64(nil), b...), append([]float64(nil), b2...)
			for j := range g {
				for i := range k.D {
					in[j] += x[(seq*k.T+t)*k.D+i] * w[i*g+j]
				}
				for i := range n {
					rec[j] += state[i] * u[i*g+j]
				}
			}
			for j := range n {
				a := func(gate int) float64 { return in[gate*n+j] + rec[gate*n+j] }
				switch k.Cell {
				case Tanh:
					state[j] = math.Tanh(a(0))
				case ReLU:
					state[j] = math.Max(a(0), 0)
				case LSTM:
					cell[j] = sigmoid(a(1))*cell[j] + sigmoid(a(0))*math.Tanh(a(2))
					state[j] = sigmoid(a(3)) * math.Tanh(cell[j])
				case GRU:
					z := sigmoid(a(1))
					state[j] = (1-z)*math.Tanh(in[2*n+j]+sigmoid(a(0))*rec[2*n+j]) + z*state[j]
				}
			}
			copy(y[(seq*k.T+t)*n:], state)
		}
	}
	return y, cells
}

func recurrentShapes() []Shape {
	var shapes []Shape
	for c := Tanh; c <= GRU; c++ {
		shapes = append(shapes, Shape{c, 1, 1, 1, 1}, Shape{c, 3, 4, 2, 5}, Shape{c, 7, 3, 9, 17},
			Shape{c, 2, 6, 4, 16}, Shape{c, 13, 2, 3, 40})
	}
	return shapes
}

func (s Shape) String() string {
	return fmt.Sprintf("%s N=%d T=%d D=%d H=%d", cellNames[s.Cell], s.N, s.T, s.D, s.H)
}

func TestRecurrentForward(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, s := range recurrentShapes() {
			for _, train := range []bool{false, true} {
				k := newRecurrentCase(s, 60)
				want, cells := k.states(kerneltest.Float64s(k.x), kerneltest.Float64s(k.w), kerneltest.Float64s(k.u), kerneltest.Float64s(k.b), kerneltest.Float64s(k.b2), kerneltest.Float64s(k.h), kerneltest.Float64s(k.c))
				y := make([]float32, len(want))
				New(s, train).Forward(y, k.x, k.w, k.u, k.b, k.b2, k.h, k.c)
				kerneltest.Near(t, s.String(), y, want, 1e-5)
				for n := range s.N {
					kerneltest.Same(t, s.String()+": last state", k.h[n*s.H:(n+1)*s.H], y[(n*s.T+s.T-1)*s.H:])
				}
				if s.Cell == LSTM {
					kerneltest.Near(t, s.String()+": last cells", k.c, cells, 1e-5)
				}
			}
		}
	})
}

// TestRecurrentCarry: a sequence in two pieces gives the same states as in one.
func TestRecurrentCarry(t *testing.T) {
	for c := Tanh; c <= GRU; c++ {
		whole := newRecurrentCase(Shape{c, 1, 6, 3, 5}, 61)
		half := whole.Shape
		half.T = 3
		y, pieces := make([]float32, 6*5), make([]float32, 6*5)
		h, cells := append([]float32(nil), whole.h...), append([]float32(nil), whole.c...)
		New(whole.Shape, true).Forward(y, whole.x, whole.w, whole.u, whole.b, whole.b2, whole.h, whole.c)
		p := New(half, false)
		for i := range 2 {
			p.Forward(pieces[i*15:], whole.x[i*9:], whole.w, whole.u, whole.b, whole.b2, h, cells)
		}
		kerneltest.Same(t, cellNames[c], pieces, y)
	}
}

// TestRecurrentGradients compares with central differences in float64, whose
// error is about 1e-9.
func TestRecurrentGradients(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		for _, s := range recurrentShapes() {
			k := newRecurrentCase(s, 62)
			start := [][]float64{kerneltest.Float64s(k.h), kerneltest.Float64s(k.c)}
			y := make([]float32, s.N*s.T*s.H)
			p := New(s, true)
			p.Forward(y, k.x, k.w, k.u, k.b, k.b2, k.h, k.c)
			p.Backward(y, k.r, k.u, nil)
			dx, dw, du := make([]float32, len(k.x)), make([]float32, len(k.w)), make([]float32, len(k.u))
			db, db2 := make([]float32, len(k.b)), make([]float32, len(k.b))
			p.GradInput(dx, k.w, false)
			p.GradInputWeights(dw, k.x)
			p.GradRecurrentWeights(du)
			p.GradBiases(db, db2)
			at := [][]float64{kerneltest.Float64s(k.x), kerneltest.Float64s(k.w), kerneltest.Float64s(k.u),
				kerneltest.Float64s(k.b), kerneltest.Float64s(k.b2)}
			loss := func() float64 {
				y, _ := k.states(at[0], at[1], at[2], at[3], at[4], start[0], start[1])
				sum := 0.0
				for i, v := range y {
					sum += v * float64(k.r[i])
				}
				return sum
			}
			r := kerneltest.Rand(63)
			for i, got := range [][]float32{dx, dw, du, db, db2} {
				what := fmt.Sprintf("%s: gradient of %s", s, []string{"x", "w", "u", "b", "b2"}[i])
				largest := 1.0
				for _, v := range got {
					largest = max(largest, math.Abs(float64(v)))
				}
				for range 12 {
					j := r.IntN(len(got))
					const step = 1e-5
					old := at[i][j]
					at[i][j] = old + step
					up := loss()
					at[i][j] = old - step
					down := loss()
					at[i][j] = old
					if want := (up - down) / (2 * step); !(math.Abs(float64(got[j])-want) <= 1e-5*largest) {
						t.Fatalf("%s[%d] is %v, want %v", what, j, got[j], want)
					}
				}
			}
		}
	})
}

// TestRecurrentStateGradients: through W of one and zero elsewhere the gradient of
// the states is seen from outside, as the gradient of the input's products.
func TestRecurrentStateGradients(t *testing.T) {
	s := Shape{Tanh, 2, 5, 3, 4}
	k := newRecurrentCase(s, 64)
	y, dh := make([]float32, s.N*s.T*s.H), make([]float32, s.N*s.T*s.H)
	p := New(s, true)
	p.Forward(y, k.x, k.w, k.u, k.b, k.b2, k.h, nil)
	p.Backward(y, k.r, k.u, dh)
	for i, g := range p.gates {
		if want := dh[i] * (1 - y[i]*y[i]); math.Abs(float64(g-want)) > 1e-6 {
			t.Fatalf("gradient %d before the tanh is %v, behind it %v with state %v", i, g, dh[i], y[i])
		}
	}
	for i := range s.H { // the last position has no positions after it
		if at := (s.T-1)*s.H + i; dh[at] != k.r[at] {
			t.Fatalf("the gradient of the last state is %v, expected %v", dh[at], k.r[at])
		}
	}
}

func TestRecurrentThreads(t *testing.T) {
	for c := Tanh; c <= GRU; c++ {
		s := Shape{c, 64, 5, 24, 33}
		k := newRecurrentCase(s, 65)
		one, two := kerneltest.WithThreads(func() []float32 {
			h, cells := append([]float32(nil), k.h...), append([]float32(nil), k.c...)
			y, dx := make([]float32, s.N*s.T*s.H), make([]float32, len(k.x))
			du, b := make([]float32, len(k.u)), make([]float32, 2*s.width())
			p := New(s, true)
			p.Forward(y, k.x, k.w, k.u, k.b, k.b2, h, cells)
			p.Backward(y, k.r, k.u, nil)
			p.GradInput(dx, k.w, false)
			p.GradRecurrentWeights(du)
			p.GradBiases(b[:s.width()], b[s.width():])
			return append(append(append(append(append(y, dx...), du...), b...), h...), cells...)
		})
		kerneltest.Same(t, cellNames[c], one, two)
	}
}

func TestRecurrentAllocatesNothing(t *testing.T) {
	for c := Tanh; c <= GRU; c++ {
		s := Shape{c, 64, 3, 24, 33}
		k := newRecurrentCase(s, 66)
		y, dx, du := make([]float32, s.N*s.T*s.H), make([]float32, len(k.x)), make([]float32, len(k.u))
		p := New(s, true)
		kerneltest.NoAllocs(t, cellNames[c], func() {
			p.Forward(y, k.x, k.w, k.u, k.b, k.b2, k.h, k.c)
			p.Backward(y, k.r, k.u, y)
			p.GradInput(dx, k.w, true)
			p.GradRecurrentWeights(du)
		})
	}
}
