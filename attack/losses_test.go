package attack_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"pare/attack"
	"pare/stat/linear"
)

// Losses and their gradients equal PyTorch (testdata/losses.py).
func TestLossesOfPyTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/losses.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Z, Clean     []float64
		Label, Class int
		Losses       map[string]struct {
			Value float64
			Grad  []float64
		}
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	losses := map[string]attack.Loss{"cross_entropy": attack.CrossEntropy{}, "dlr": attack.DLR{}, "targeted": attack.TargetedDLR{},
		"margin": attack.Margin{}, "kl": attack.KL{}}
	for i, c := range cases {
		for name, l := range losses {
			want := c.Losses[name]
			grad := make([]float64, len(c.Z))
			got := l.Loss(c.Z, attack.Target{Label: c.Label, Class: c.Class, Clean: c.Clean}, grad)
			if math.Abs(got-want.Value) > 1e-12*(1+math.Abs(want.Value)) {
				t.Errorf("case %d, %s: %v, PyTorch %v", i, name, got, want.Value)
			}
			if d := distance(grad, want.Grad); !(d <= 1e-12*(1+math.Abs(want.Value))) {
				t.Errorf("case %d, %s: gradient %v, PyTorch %v", i, name, grad, want.Grad)
			}
		}
	}
}

// The gradient of the cross-entropy keeps its direction where the model is so sure that float32
// would round it to 0.
func TestSureModelsHaveGradients(t *testing.T) {
	grad := make([]float64, 3)
	attack.CrossEntropy{}.Loss([]float64{0, 300, 100}, attack.Target{Label: 1}, grad)
	if want := math.Exp(-200); math.Abs(grad[1]+want) > 1e-12*want || math.Abs(grad[2]-want) > 1e-12*want {
		t.Errorf("gradient %v", grad)
	}
}

// The loss of counts is half their deviance up to a constant, with the gradient mean − count, and stays
// finite where the mean is not.
func TestPoissonLoss(t *testing.T) {
	for _, eta := range []float64{-3, 0, 1.5, 4} {
		for _, y := range []float64{0, 1, 7} {
			target, grad := attack.Target{Value: y}, []float64{0}
			got := attack.Poisson{}.Loss([]float64{eta}, target, grad) - attack.Poisson{}.Loss([]float64{0}, target, nil)
			want := (linear.Poisson.Deviance(eta, y) - linear.Poisson.Deviance(0, y)) / 2
			if math.Abs(got-want) > 1e-12*(1+math.Abs(want)) || math.Abs(grad[0]-(math.Exp(eta)-y)) > 1e-12*math.Exp(eta) {
				t.Errorf("η %v, y %v: loss %v, half the deviance %v, gradient %v", eta, y, got, want, grad)
			}
		}
	}
	grad := []float64{0}
	v := attack.Poisson{}.Loss([]float64{1000}, attack.Target{Value: 2}, grad)
	if math.IsInf(v, 0) || math.IsInf(grad[0], 0) || !(grad[0] > 1e100) {
		t.Errorf("loss %v, gradient %v", v, grad)
	}
}
