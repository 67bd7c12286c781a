package export

import (
	"math"
	"testing"
)

func TestInterpret(t *testing.T) {
	for _, c := range []struct {
		outputs    Outputs
		give, want []float64
	}{
		{OutputNumbers, []float64{-3, 0.5}, []float64{-3, 0.5}},
		{"", []float64{-3, 0.5}, []float64{-3, 0.5}},
		{OutputLabels, []float64{0, math.Log(3), -math.Log(3)}, []float64{0.5, 0.75, 0.25}},
		{OutputClasses, []float64{1000, 1000 + math.Log(3)}, []float64{0.25, 0.75}},
	} {
		got := append([]float64(nil), c.give...)
		c.outputs.Interpret(got)
		for i, v := range got {
			if math.Abs(v-c.want[i]) > 1e-12 {
				t.Errorf("%s: %v of %v, want %v", c.outputs, got, c.give, c.want)
			}
		}
	}
	for _, c := range []struct {
		m    Model
		want Outputs
	}{{Model{Outputs: OutputLabels}, OutputLabels}, {Model{Classes: []string{"a"}}, OutputClasses}, {Model{}, OutputNumbers}} {
		if got := c.m.Meaning(); got != c.want {
			t.Errorf("%+v: %s", c.m, got)
		}
	}
}
