package layers_test

import (
	"math"
	"testing"

	"pare/layers"
	"pare/nn"
)

func TestFATReLUErrors(t *testing.T) {
	for _, tau := range []float64{-1e-9, math.NaN(), math.Inf(1), 1e39} {
		if _, err := (&layers.FATReLU{Threshold: tau}).Init([]nn.Shape{{2}}, nil); err == nil {
			t.Errorf("the threshold %g is accepted", tau)
		}
	}
}
