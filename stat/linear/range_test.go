package linear

import (
	"math"
	"strings"
	"testing"
)

// TestUnitsChangeNothing: with the response in units of a power of two all is the same
// but for that factor, to the last bit, or it is refused; values that can not be squared
// never give a model.
func TestUnitsChangeNothing(t *testing.T) {
	p, x := quiet(9, 60, 10)
	base, err := FitPath(p, nil, PathOptions{})
	if err != nil {
		t.Fatal(err)
	}
	y := p.Y
	for _, power := range []int{-240, -100, 100, 240} {
		p.Y = make([]float64, len(y))
		for i, v := range y {
			p.Y[i] = math.Ldexp(v, power)
		}
		path, err := FitPath(p, nil, PathOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(path.Models) != len(base.Models) {
			t.Fatalf("2^%d: %d models, %d without it", power, len(path.Models), len(base.Models))
		}
		for k, m := range path.Models {
			b := base.Models[k]
			if len(m.Value) != len(b.Value) || m.Gap != math.Ldexp(b.Gap, 2*power) {
				t.Fatalf("2^%d: model %d has %d features and gap %v, without it %d and %v", power, k, len(m.Value), m.Gap, len(b.Value), b.Gap)
			}
			for i, v := range m.Value {
				if v != math.Ldexp(b.Value[i], power) {
					t.Errorf("2^%d: model %d, coefficient %v, without it %v", power, k, v, b.Value[i])
				}
			}
		}
	}
	for _, size := range []float64{1e77, 1e160, 1e300, 1e-77, 1e-160, 1e-300} {
		for i, v := range y {
			p.Y[i] = v * size
		}
		if _, err := Fit(p, 0, Options{}); err == nil || !strings.Contains(err.Error(), "scale") {
			t.Errorf("responses of size %v: error %v", size, err)
		}
	}
	p.Y = y
	for _, size := range []float64{1e160, 1e300, 1e-170, 1e-300} {
		z := append([]float64(nil), x...)
		for i := range 60 {
			z[i] *= size
		}
		p.X, _ = NewDense(60, 10, z)
		if _, err := Fit(p, 0.1, Options{}); err == nil || !strings.Contains(err.Error(), "column 0") {
			t.Errorf("a column of size %v: error %v", size, err)
		}
	}
}
