package sparse

import (
	"math"
	"sync"
	"testing"
	"time"

	"pare/internal/kernel/kerneltest"
)

// Calibrations of tests: skip never, always, and as measured on a Zen 4 core.
var (
	never  = &Calibration{Fixed: &BreakEven{}}
	always = &Calibration{Fixed: &BreakEven{Row: 1, Rows: 1}}
	usual  = &Calibration{Fixed: &BreakEven{Row: 0.9, Rows: 0.38}}
)

// dense is a layer that skips nothing.
func dense(w []float32, in, out int) DenseWay {
	return func(rows int) func(y, x []float32) {
		run := NewLinear(w, nil, in, out, never, nil).Run()
		return func(y, x []float32) { run.Forward(y, x, rows, false) }
	}
}

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

// TestCalibrationEnds: behind the limit new shapes skip nothing and known ones stay.
func TestCalibrationEnds(t *testing.T) {
	c := Calibration{Limit: time.Millisecond}
	first, second := shapeKey{in: 1}, shapeKey{in: 2}
	half := BreakEven{0.5, 0.5}
	slow := func() BreakEven { time.Sleep(2 * time.Millisecond); return half }
	if even := c.of(first, slow); even != half {
		t.Errorf("the first shape has break-even %v", even)
	}
	if even := c.of(second, slow); even != (BreakEven{}) {
		t.Errorf("a shape behind the limit has break-even %v", even)
	}
	if even := c.of(first, slow); even != half {
		t.Errorf("the first shape has break-even %v later", even)
	}
	w := kerneltest.Slice(kerneltest.Rand(1), 64*64)
	if c.Compresses(NewCompressed(w, nil, 64, 64), dense(w, 64, 64), 1) {
		t.Error("weights were measured behind the limit")
	}
}

// TestFixedCompression: with a fixed break-even the density of weights decides.
func TestFixedCompression(t *testing.T) {
	c := &Calibration{Fixed: &BreakEven{Row: 0.3, Rows: 0.1}}
	w := withZeros(kerneltest.Rand(1), 64*64, 0.2)
	few, dense := NewCompressed(w, nil, 64, 64), dense(w, 64, 64)
	if !c.Compresses(few, dense, 1) || c.Compresses(few, dense, 64) {
		t.Errorf("a density of %.2g: one row %v, many %v", few.Density(), c.Compresses(few, dense, 1), c.Compresses(few, dense, 64))
	}
}

// TestBalance: the break-even is the share at which both ways take equally long.
func TestBalance(t *testing.T) {
	for _, c := range []struct{ dense, fixed, each, want float64 }{
		{40, 4, 90, 0.4}, {1, 20, 90, 0}, {200, 4, 50, 1}, {5, 5, 0, 0}, {6, 5, 0, 1},
	} {
		at := func(share float64) float64 { return c.fixed + share*c.each }
		if got := balance(c.dense, at(lowShare), at(highShare)); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v: break-even %g, want %g", c, got, c.want)
		}
	}
}

// TestInTurn: functions are called equally often, and the least time is not 0.
func TestInTurn(t *testing.T) {
	var calls [2]int
	for k, least := range inTurn(func() { calls[0]++; time.Sleep(time.Microsecond) }, func() { calls[1]++; time.Sleep(time.Microsecond) }) {
		if least < 1e-6 || calls[k] < 2*leastRounds || calls[k] != calls[0] {
			t.Errorf("function %d took %g s in %d calls", k, least, calls[k])
		}
	}
}

// TestMeasuredLayers: break-evens are shares, and layers that measured theirs are exact.
func TestMeasuredLayers(t *testing.T) {
	r := kerneltest.Rand(61)
	var c Calibration
	x, y := uneven(r, 8, 64), make([]float32, 8*48)
	w := fanned(r, 64, 48)
	l := NewLinear(w, nil, 64, 48, &c, nil)
	l.Run().Forward(y, x, 8, false)
	kerneltest.Near(t, "linear", y, multiplied(x, w, nil, 8, 64, 48, false), 1e-5)
	for _, gated := range []bool{false, true} {
		p := feedForward(r, x, 64, 100, 48, 0.3, gated)
		f := NewFFN(p, &c)
		f.Run().Forward(y, x, 8)
		kerneltest.Near(t, "ffn", y, reference(p, x, 8), 1e-5)
	}
	s := ConvShape{H: 6, W: 6, C: 8, O: 32, KH: 3, KW: 3, PadH: 1, PadW: 1}
	calls := 0
	NewConv(s, fanned(r, 72, 32), nil, &c, func(int) func(_, _ []float32) { return func(_, _ []float32) { calls++ } })
	if len(c.known) != 4 || calls == 0 {
		t.Errorf("%d shapes are known, the dense convolution was called %d times", len(c.known), calls)
	}
	for key, even := range c.known {
		if even.Row < 0 || even.Row > 1 || even.Rows < 0 || even.Rows > 1 {
			t.Errorf("%v: break-even %v", key, even)
		}
	}
	few := withZeros(r, 1024*512, 0.02)
	if !NewCompressed(few, nil, 1024, 512).Faster(dense(few, 1024, 512)(1), 1) {
		t.Error("50 times fewer weights are not faster")
	}
}
