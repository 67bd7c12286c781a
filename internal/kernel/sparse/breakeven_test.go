package sparse

import (
	"sync"
	"testing"

	"pare/internal/kernel/kerneltest"
)

// Calibrations of tests: skip never, always, and as measured on a Zen 4 core.
var (
	never  = &Calibration{Fixed: &BreakEven{}}
	always = &Calibration{Fixed: &BreakEven{Row: 1, Rows: 1}}
	usual  = &Calibration{Fixed: &BreakEven{Row: 0.9, Rows: 0.38}}
)

// TestCalibrationRemembers: a shape is measured once, for all callers.
func TestCalibrationRemembers(t *testing.T) {
	var c Calibration
	measured := 0
	key := shapeKey{kind: "linear", in: 3, out: 4}
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			even := c.of(key, func() BreakEven { measured++; return BreakEven{0.25, 0.5} })
			if even != (BreakEven{0.25, 0.5}) {
				t.Errorf("break-even %v, want 0.25 and 0.5", even)
			}
		})
	}
	callers.Wait()
	c.of(shapeKey{kind: "linear", in: 3, out: 5}, func() BreakEven { measured++; return BreakEven{} })
	if measured != 2 {
		t.Errorf("two shapes were measured %d times", measured)
	}
}

// TestBreakEvenIsFound: where a way takes longer by the value, the break-even is where the times
// are equal.
func TestBreakEvenIsFound(t *testing.T) {
	sink := 0
	spin := func(n float64) func() {
		return func() {
			for i := range int(n) {
				sink += i ^ sink
			}
		}
	}
	for _, c := range []struct{ dense, fixed, each, want float64 }{
		{40000, 4000, 90000, 0.4}, {1000, 20000, 90000, 0}, {200000, 4000, 50000, 1},
	} {
		got := breakEven(func(share float64, skip bool) func() {
			if skip {
				return spin(c.fixed + share*c.each)
			}
			return spin(c.dense)
		})
		if got < c.want-0.1 || got > c.want+0.1 {
			t.Errorf("%v: break-even %g, want %g", c, got, c.want)
		}
	}
}

// TestMeasuredLayers: break-evens are shares, and layers that measured theirs are exact.
func TestMeasuredLayers(t *testing.T) {
	r := kerneltest.Rand(61)
	var c Calibration
	x, y := uneven(r, 8, 64), make([]float32, 8*48)
	w := fanned(r, 64, 48)
	l := NewLinear(w, nil, 64, 48, &c)
	l.Run().Forward(y, x, 8, false)
	kerneltest.Near(t, "linear", y, multiplied(x, w, nil, 8, 64, 48, false), 1e-5)
	for _, gated := range []bool{false, true} {
		p := feedForward(r, x, 64, 100, 48, 0.3, gated)
		f := NewFFN(p, &c)
		f.Run().Forward(y, x, 8)
		kerneltest.Near(t, "ffn", y, reference(p, x, 8), 1e-5)
	}
	s := ConvShape{H: 6, W: 6, C: 8, O: 32, KH: 3, PadH: 1, PadW: 1}
	calls := 0
	NewConv(s, fanned(r, 72, 32), nil, &c, func(_, _ []float32) { calls++ })
	if len(c.known) != 4 || calls == 0 {
		t.Errorf("%d shapes are known, the dense convolution was called %d times", len(c.known), calls)
	}
	for key, even := range c.known {
		if even.Row < 0 || even.Row > 1 || even.Rows < 0 || even.Rows > 1 {
			t.Errorf("%v: break-even %v", key, even)
		}
	}
	few := withZeros(r, 1024*512, 0.02)
	if !NewCompressed(few, nil, 1024, 512).Faster(NewLinear(few, nil, 1024, 512, never), 1) {
		t.Error("50 times fewer weights are not faster")
	}
}
