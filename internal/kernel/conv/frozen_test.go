package conv

import (
	"fmt"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// TestFrozen: packed weights serve plans of any number of images, which no longer read the
// weights, with the same results but for the order of some sums.
func TestFrozen(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(52)
		for _, s := range convShapes {
			maker, more := NewInference(s), s
			form := maker.FrozenForm()
			if form == nil {
				continue
			}
			w := kerneltest.Slice(r, maker.weightLen())
			packed := maker.Freeze(w)
			more.N += 3
			for _, s := range []Shape{s, more} {
				frozen, plain := NewInference(s), New(s)
				if frozen.FrozenForm() != form {
					continue // another method for more images
				}
				frozen.UseFrozen(packed)
				x, bias := kerneltest.Slice(r, plain.inLen()), kerneltest.Slice(r, s.O)
				got, want := make([]float32, plain.outLen()), make([]float32, plain.outLen())
				plain.Forward(want, x, w, bias, Epilogue{ReLU: true})
				frozen.Forward(got, x, make([]float32, len(w)), bias, Epilogue{ReLU: true})
				kerneltest.Near(t, fmt.Sprintf("%+v", s), got, kerneltest.Float64s(want), 2e-5)
			}
		}
	})
}

// TestNarrowPanels: frozen direct convolutions compute their last one to twelve outputs from pairs of
// inputs, with the results of other plans and without allocations.
func TestNarrowPanels(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(57)
		narrow := 0
		for _, s := range []Shape{
			plain(3, 6, 5, 16, 8, 1, 1, 1, 1, 0, 0, 1),
			plain(2, 9, 8, 5, 9, 5, 5, 1, 1, 2, 2, 1),
			plain(2, 9, 8, 9, 12, 3, 3, 2, 2, 1, 1, 1),
			plain(1, 8, 8, 7, 1, 5, 3, 1, 2, 2, 1, 1),
			plain(1, 8, 8, 1, 20, 5, 5, 1, 1, 0, 0, 1),
			plain(2, 7, 9, 12, 18, 3, 3, 2, 2, 1, 1, 2),
			plain(1, 7, 7, 15, 10, 1, 1, 2, 2, 0, 0, 5),
			uneven(plain(2, 9, 12, 6, 28, 3, 3, 1, 1, 2, 4, 1), 2, 2, 0, 0),
			plain(2, 5, 5, 40, 25, 1, 1, 1, 1, 0, 0, 1),
		} {
			frozen, other := NewInference(s), New(s)
			x, w, bias := kerneltest.Slice(r, frozen.inLen()), kerneltest.Slice(r, frozen.weightLen()), kerneltest.Slice(r, s.O)
			got, want := make([]float32, frozen.outLen()), make([]float32, frozen.outLen())
			frozen.UseFrozen(frozen.Freeze(w))
			if d, ok := frozen.planForward().(*direct); ok && d.narrow != nil {
				narrow++
			}
			for _, e := range []Epilogue{{}, {ReLU: true}} {
				frozen.Forward(got, x, w, bias, e)
				other.Forward(want, x, w, bias, e)
				kerneltest.Near(t, fmt.Sprintf("%+v", s), got, kerneltest.Float64s(want), 2e-5)
			}
			kerneltest.NoAllocs(t, fmt.Sprintf("%+v", s), func() { frozen.Forward(got, x, w, nil, Epilogue{ReLU: true}) })
		}
		if narrow < 7 {
			t.Errorf("%d shapes have a narrow panel", narrow)
		}
	})
}

// TestSkip: the epilogue adds another value, times a factor for each channel, before ReLU.
func TestSkip(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(53)
		for _, s := range convShapes {
			c := New(s)
			x, w, bias := kerneltest.Slice(r, c.inLen()), kerneltest.Slice(r, c.weightLen()), kerneltest.Slice(r, s.O)
			skip, factor := kerneltest.Slice(r, c.outLen()), kerneltest.Slice(r, s.O)
			plain, y := make([]float32, c.outLen()), make([]float32, c.outLen())
			c.Forward(plain, x, w, bias, Epilogue{})
			for _, e := range []Epilogue{{Skip: skip}, {Skip: skip, ReLU: true}, {Skip: skip, SkipFactor: factor}, {Skip: skip, SkipFactor: factor, ReLU: true}} {
				want := make([]float64, len(y))
				for i, v := range plain {
					h := 1.0
					if e.SkipFactor != nil {
						h = float64(factor[i%s.O])
					}
					if want[i] = float64(v) + h*float64(skip[i]); e.ReLU {
						want[i] = max(want[i], 0)
					}
				}
				c.Forward(y, x, w, bias, e)
				kerneltest.Near(t, fmt.Sprintf("%+v factor %v relu %v", s, e.SkipFactor != nil, e.ReLU), y, want, 1e-6)
			}
			kerneltest.NoAllocs(t, fmt.Sprint(s), func() { c.Forward(y, x, w, bias, Epilogue{Skip: skip, SkipFactor: factor, ReLU: true}) })
		}
	})
}

// TestPitch: pixels that are parts of longer rows have the values of contiguous ones, and nothing
// between them changes.
func TestPitch(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(56)
		for _, s := range convShapes {
			for _, c := range []*Plan{New(s), NewInference(s)} {
				if !c.TakesPitch() {
					continue
				}
				x, w, bias := kerneltest.Slice(r, c.inLen()), kerneltest.Slice(r, c.weightLen()), kerneltest.Slice(r, s.O)
				plain := make([]float32, c.outLen())
				c.Forward(plain, x, w, bias, Epilogue{ReLU: true})
				for _, pitch := range []int{s.O + 5, s.O + 16} {
					want := kerneltest.Slice(r, len(plain)/s.O*pitch)
					got := append([]float32(nil), want...)
					for i := 0; i < len(plain); i += s.O {
						copy(want[i/s.O*pitch+2:], plain[i:i+s.O])
					}
					c.Forward(got[2:], x, w, bias, Epilogue{ReLU: true, Pitch: pitch})
					kerneltest.Same(t, fmt.Sprintf("%+v, pitch %d", s, pitch), got, want)
					kerneltest.NoAllocs(t, fmt.Sprint(s), func() { c.Forward(got[2:], x, w, bias, Epilogue{Pitch: pitch}) })
				}
				got := make([]float32, len(plain))
				c.Forward(got, x, w, bias, Epilogue{ReLU: true})
				kerneltest.Same(t, fmt.Sprintf("%+v, contiguous again", s), got, plain)
			}
		}
	})
}

// TestInferenceMethod: forward passes for inference use Winograd's method for fewer channels and
// tiles than training, with the same results.
func TestInferenceMethod(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(54)
		methods := map[string]int{}
		for _, c := range []int{4, 5, 7, 9, 17, 23, 35} {
			for _, size := range []int{3, 4, 5, 6, 7, 15} {
				for _, batch := range []int{1, 3} {
					s := plain(batch, size, size, c, 40-c, 3, 3, 1, 1, 1, 1, 1)
					inference, training := NewInference(s), New(s)
					methods[fmt.Sprintf("%T, %T", inference.planForward(), training.planForward())]++
					x, w := kerneltest.Slice(r, training.inLen()), kerneltest.Slice(r, training.weightLen())
					bias := kerneltest.Slice(r, s.O)
					got, want := make([]float32, training.outLen()), make([]float32, training.outLen())
					training.Forward(want, x, w, bias, Epilogue{ReLU: true})
					inference.UseFrozen(inference.Freeze(w))
					inference.Forward(got, x, w, bias, Epilogue{ReLU: true})
					kerneltest.Near(t, fmt.Sprintf("%+v", s), got, kerneltest.Float64s(want), 2e-5)
				}
			}
		}
		if len(methods) != 3 || methods["*conv.direct, *conv.winogradConv"] > 0 {
			t.Error(methods)
		}
	})
}
