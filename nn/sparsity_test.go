package nn

import (
	"math"
	"testing"
)

func TestHoyer(t *testing.T) {
	for _, c := range []struct {
		w    []float64
		want float64
	}{
		{[]float64{0, 0, 0}, 1}, {[]float64{3}, 0}, {[]float64{0, 0, 5, 0}, 1}, {[]float64{2, 2, 2, 2}, 0},
		{[]float64{3, 4, 0, 0}, (2 - 7.0/5) / 1}, {[]float64{0}, 1},
	} {
		sum, squares := 0.0, 0.0
		for _, v := range c.w {
			sum, squares = sum+v, squares+v*v
		}
		if got := hoyer(float64(len(c.w)), sum, squares); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v has %g, expected %g", c.w, got, c.want)
		}
	}
}
