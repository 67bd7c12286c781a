package datasets

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"
	"pgregory.net/rapid"
)

// TestMomentsTwoPasses compares with gonum, which goes over the values twice.
func TestMomentsTwoPasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shift := rapid.Float64Range(-1e6, 1e6).Draw(t, "shift")
		values := rapid.SliceOfN(rapid.Float64Range(-1, 1), 1, 200).Draw(t, "values")
		var m moments
		for i := range values {
			values[i] += shift
			m.add(values[i])
		}
		mean, variance := stat.PopMeanVariance(values, nil)
		if math.Abs(m.mean()-mean) > 1e-15*math.Abs(shift)+1e-14 || math.Abs(m.deviation()-math.Sqrt(variance)) > 1e-7 {
			t.Errorf("mean %g and deviation %g, want %g and %g", m.mean(), m.deviation(), mean, math.Sqrt(variance))
		}
	})
	var m moments
	if m.mean() != 0 || m.deviation() != 0 {
		t.Errorf("no values: %+v", m)
	}
	for range 7 {
		m.add(0.1)
	}
	if m.mean() != 0.1 || m.deviation() != 0 {
		t.Errorf("equal values: mean %g, deviation %g", m.mean(), m.deviation())
	}
	if m.add(0.1 + 1e-200); m.deviation() != 0 { // it is 0.1 in float64
		t.Errorf("deviation %g", m.deviation())
	}
	tiny := moments{}
	tiny.add(0)
	if tiny.add(1e-200); tiny.deviation() == 0 {
		t.Error("values that differ by 1e-200 have the deviation 0")
	}
}

// TestMoments: mean and deviation of numbers far from 0.
func TestMoments(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var m moments
	for range 900 {
		m.add(1e9 + r.NormFloat64())
	}
	if mean, deviation := m.mean(), m.deviation(); math.Abs(mean-1e9) > 0.2 || math.Abs(deviation-1) > 0.1 || m.n != 900 {
		t.Errorf("%v, %v, %d", mean, deviation, m.n)
	}
}
