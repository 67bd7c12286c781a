package conv

import (
	"fmt"
	"math"
	"testing"

	"pare/internal/kernel/kerneltest"
	"pare/internal/kernel/norm"
)

func TestConvEpilogue(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(50)
		for _, s := range convShapes {
			name := fmt.Sprintf("%+v", s)
			c := New(s)
			x, w := kerneltest.Slice(r, c.inLen()), kerneltest.Slice(r, c.weightLen())
			dy, bias := kerneltest.Slice(r, c.outLen()), kerneltest.Slice(r, s.O)
			plain, y := make([]float32, c.outLen()), make([]float32, c.outLen())
			c.Forward(plain, x, w, bias, Epilogue{})

			mean, variance := make([]float32, s.O), make([]float32, s.O)
			c.Forward(y, x, w, bias, Epilogue{Mean: mean, Variance: variance})
			kerneltest.Same(t, name+" next to moments", y, plain)
			wantMean, wantVariance := kerneltest.Moments(plain, s.O)
			for i, m := range mean {
				if d := math.Abs(float64(m) - wantMean[i]); !(d <= kerneltest.MeanError(wantMean[i], wantVariance[i])) {
					t.Fatalf("%s: mean %d is %v, want %v", name, i, m, wantMean[i])
				}
			}
			kerneltest.Near(t, name+" variance", variance, wantVariance, 2e-6)

			c.Forward(y, x, w, bias, Epilogue{ReLU: true})
			for i, v := range plain {
				plain[i] = max(v, 0)
			}
			kerneltest.Same(t, name+" ReLU", y, plain)

			start := kerneltest.Slice(r, c.inLen())
			dx, sum := make([]float32, len(start)), append([]float32(nil), start...)
			c.BackwardInput(dx, dy, w, false)
			c.BackwardInput(sum, dy, w, true)
			want := make([]float64, len(dx))
			for i, v := range dx {
				want[i] = float64(start[i]) + float64(v)
			}
			kerneltest.Near(t, name+" added input gradient", sum, want, 2e-5)
		}
	})
}

// TestMomentsLargeMean has outputs of mean 1000 and deviation 1, of which a
// difference of E[y²] and E[y]² would keep nothing.
func TestMomentsLargeMean(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		r := kerneltest.Rand(51)
		for _, s := range []Shape{
			plain(8, 16, 16, 3, 20, 1, 1, 1, 1, 0, 0, 1),
			plain(2, 40, 40, 4, 16, 3, 3, 1, 1, 0, 0, 1),
			plain(4, 8, 8, 6, 6, 3, 3, 1, 1, 1, 1, 6),
		} {
			c := New(s)
			x, w := kerneltest.Slice(r, c.inLen()), kerneltest.Slice(r, c.weightLen())
			bias := make([]float32, s.O)
			for i := range bias {
				bias[i] = 1000 - 20*float32(i)
			}
			y := make([]float32, c.outLen())
			mean, variance := make([]float32, s.O), make([]float32, s.O)
			c.Forward(y, x, w, bias, Epilogue{Mean: mean, Variance: variance})
			wantMean, wantVariance := kerneltest.Moments(y, s.O)
			twoMean, twoVariance := make([]float32, s.O), make([]float32, s.O)
			norm.Moments(twoMean, twoVariance, y, len(y)/s.O, s.O)
			for i := range mean {
				got, two := math.Abs(float64(mean[i])-wantMean[i]), math.Abs(float64(twoMean[i])-wantMean[i])
				// One unit in the last place of 1000 is 6e-5.
				if got > max(two, 6e-5) {
					t.Errorf("%+v: mean %v, want %v, two passes %v", s, mean[i], wantMean[i], twoMean[i])
				}
				got, two = math.Abs(float64(variance[i])-wantVariance[i]), math.Abs(float64(twoVariance[i])-wantVariance[i])
				if limit := max(two, 2e-6*wantVariance[i]); got > limit {
					t.Errorf("%+v: variance %v, want %v, two passes %v", s, variance[i], wantVariance[i], twoVariance[i])
				}
			}
		}
	})
}

func TestEpilogueKeepsNaN(t *testing.T) {
	kerneltest.EveryMode(t, func(t *testing.T) {
		s := plain(2, 9, 9, 3, 20, 3, 3, 1, 1, 1, 1, 1)
		c := New(s)
		r := kerneltest.Rand(53)
		x, w, y := kerneltest.Slice(r, c.inLen()), kerneltest.Slice(r, c.weightLen()), make([]float32, c.outLen())
		w[7] = float32(math.NaN())
		mean, variance := make([]float32, s.O), make([]float32, s.O)
		c.Forward(y, x, w, nil, Epilogue{Mean: mean, Variance: variance})
		for i := range mean {
			if bad := i == 7; (mean[i] != mean[i]) != bad || (variance[i] != variance[i]) != bad {
				t.Errorf("channel %d: %v %v", i, mean[i], variance[i])
			}
		}
		c.Forward(y, x, w, nil, Epilogue{ReLU: true})
		if y[7] == y[7] {
			t.Errorf("ReLU made %v of NaN", y[7])
		}
	})
}

func TestEpilogueRefusesHalves(t *testing.T) {
	v := make([]float32, 4)
	for _, e := range []Epilogue{{Mean: v}, {Variance: v}, {ReLU: true, Mean: v, Variance: v}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v did not panic", e)
				}
			}()
			e.moments()
		}()
	}
}
