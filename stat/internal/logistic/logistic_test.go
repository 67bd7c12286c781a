package logistic

import (
	"math"
	"testing"
)

func TestEnds(t *testing.T) {
	for _, x := range []float64{0, 0.3, -0.3, 30, -30, 1e4, -1e4} {
		// Both sides have the same value by another formula.
		if got, want := Softplus(x)-Softplus(-x), x; math.Abs(got-want) > 1e-15*math.Abs(x) {
			t.Errorf("softplus at ±%v: difference %v", x, got)
		}
		if got := Sigmoid(x) + Sigmoid(-x); math.Abs(got-1) > 1e-15 {
			t.Errorf("sigmoid at ±%v: sum %v", x, got)
		}
	}
	if got, want := Softplus(-40), math.Exp(-40); math.Abs(got-want) > 1e-14*want {
		t.Errorf("softplus of −40: %v, want %v", got, want)
	}
	if got, want := Sigmoid(-40), math.Exp(-40); math.Abs(got-want) > 1e-14*want {
		t.Errorf("sigmoid of −40: %v, want %v", got, want)
	}
}
