package kernel

import (
	"fmt"
	"math"
	"testing"
)

// meanError is how far a mean may be off: by what rounding does to the mean or to
// values a deviation away from it.
func meanError(mean, variance float64) float64 { return 1e-6 * (math.Abs(mean) + math.Sqrt(variance)) }

func TestConvEpilogue(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := newRand(50)
		for _, s := range convShapes {
			name := fmt.Sprintf("%+v", s)
			c := NewConv(s)
			x, w, dy, bias := randSlice(r, c.inLen()), randSlice(r, c.weightLen()), randSlice(r, c.outLen()), randSlice(r, s.O)
			plain, y := make([]float32, c.outLen()), make([]float32, c.outLen())
			c.Forward(plain, x, w, bias, Epilogue{})

			mean, variance := make([]float32, s.O), make([]float32, s.O)
			c.Forward(y, x, w, bias, Epilogue{Mean: mean, Variance: variance})
			same(t, name+" next to moments", y, plain)
			wantMean, wantVariance := moments64(plain, s.O)
			for i, m := range mean {
				if d := math.Abs(float64(m) - wantMean[i]); !(d <= meanError(wantMean[i], wantVariance[i])) {
					t.Fatalf("%s: mean %d is %v, want %v", name, i, m, wantMean[i])
				}
			}
			near(t, name+" variance", variance, wantVariance, 2e-6)

			c.Forward(y, x, w, bias, Epilogue{ReLU: true})
			for i, v := range plain {
				plain[i] = max(v, 0)
			}
			same(t, name+" ReLU", y, plain)

			start := randSlice(r, c.inLen())
			dx, sum := make([]float32, len(start)), append([]float32(nil), start...)
			c.BackwardInput(dx, dy, w, false)
			c.BackwardInput(sum, dy, w, true)
			want := make([]float64, len(dx))
			for i, v := range dx {
				want[i] = float64(start[i]) + float64(v)
			}
			near(t, name+" added input gradient", sum, want, 2e-5)
		}
	})
}

// TestMomentsLargeMean has outputs of mean 1000 and deviation 1, of which a
// difference of E[y²] and E[y]² would keep nothing.
func TestMomentsLargeMean(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		r := newRand(51)
		for _, s := range []ConvShape{
			{8, 16, 16, 3, 20, 1, 1, 1, 1, 0, 0, 1},
			{2, 40, 40, 4, 16, 3, 3, 1, 1, 0, 0, 1},
			{4, 8, 8, 6, 6, 3, 3, 1, 1, 1, 1, 6},
		} {
			c := NewConv(s)
			x, w := randSlice(r, c.inLen()), randSlice(r, c.weightLen())
			bias := make([]float32, s.O)
			for i := range bias {
				bias[i] = 1000 - 20*float32(i)
			}
			y := make([]float32, c.outLen())
			mean, variance := make([]float32, s.O), make([]float32, s.O)
			c.Forward(y, x, w, bias, Epilogue{Mean: mean, Variance: variance})
			wantMean, wantVariance := moments64(y, s.O)
			twoMean, twoVariance := make([]float32, s.O), make([]float32, s.O)
			BNMoments(twoMean, twoVariance, y, len(y)/s.O, s.O)
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

// TestMomentsOfOutliers has one row far from the others, which takes part in the
// reference.
func TestMomentsOfOutliers(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		const rows, channels = 256, 5
		r := newRand(52)
		x := make([]float32, rows*channels)
		for i := range x {
			x[i] = 1000 + r.Float32()
		}
		for c := range channels {
			x[rows*3/8*channels+c] = -1e4
		}
		var m moments
		mean, variance := make([]float32, channels), make([]float32, channels)
		m.start(1, channels)
		m.add(0, x)
		m.finish(mean, variance)
		wantMean, wantVariance := moments64(x, channels)
		for c := range channels {
			if math.Abs(float64(mean[c])-wantMean[c]) > meanError(wantMean[c], wantVariance[c]) || math.Abs(float64(variance[c])/wantVariance[c]-1) > 3e-5 {
				t.Errorf("moments %v %v, want %v %v", mean[c], variance[c], wantMean[c], wantVariance[c])
			}
		}
	})
}

func TestEpilogueKeepsNaN(t *testing.T) {
	everyMode(t, func(t *testing.T) {
		s := ConvShape{2, 9, 9, 3, 20, 3, 3, 1, 1, 1, 1, 1}
		c := NewConv(s)
		r := newRand(53)
		x, w, y := randSlice(r, c.inLen()), randSlice(r, c.weightLen()), make([]float32, c.outLen())
		w[7] = float32(math.NaN())
		mean, variance := make([]float32, s.O), make([]float32, s.O)
		c.Forward(y, x, w, nil, Epilogue{Mean: mean, Variance: variance})
		for i := range mean {
			if nan := i == 7; (mean[i] != mean[i]) != nan || (variance[i] != variance[i]) != nan {
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
