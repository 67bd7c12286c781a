package torchvision

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pare/attack"
	"pare/models"

	"pare/nn"
)

// An untrained vision transformer has the gradient 0 by its input, because its last layer is 0, as
// torchvision draws it. With another last layer the gradient is the slope of the outputs.
func TestInputGradientOfViT(t *testing.T) {
	m := newModel(t, "vit_ti_16").(*ViT)
	m.Width = 1.0 / 3
	rng := rand.New(rand.NewPCG(1, 2))
	net, err := models.Build(m, models.Task{Input: nn.Shape{3, 32, 32}, Classes: 4}, rng)
	if err != nil {
		t.Fatal(err)
	}
	a, err := attack.NewNetwork(net, 1)
	if err != nil {
		t.Fatal(err)
	}
	x, step := make([]float64, net.Input.Size()), make([]float64, net.Input.Size())
	for i := range x {
		x[i], step[i] = rng.NormFloat64(), 0.01*rng.NormFloat64()
	}
	gradient := func() (slope float64) {
		gx := make([]float64, len(x))
		if err := a.Backward(x, gx, func(_ int, _, gz []float64) { gz[0] = 1 }); err != nil {
			t.Fatal(err)
		}
		for i, g := range gx {
			slope += g * step[i]
		}
		return slope
	}
	output := func(sign float64) float64 {
		moved, z := slices.Clone(x), make([]float64, 4)
		for i, d := range step {
			moved[i] += sign * d
		}
		if err := a.Forward(moved, z); err != nil {
			t.Fatal(err)
		}
		return z[0]
	}
	if g := gradient(); g != 0 {
		t.Errorf("a network whose last layer is 0 has the slope %v", g)
	}
	head := net.Nodes[len(net.Nodes)-1].Layer.Params()[0]
	for i := range head.Data() {
		head.Data()[i] = float32(rng.NormFloat64())
	}
	if got, want := gradient(), (output(1)-output(-1))/2; !(math.Abs(got-want) < 0.01*math.Abs(want)) {
		t.Errorf("the gradient gives the slope %v, the outputs have %v", got, want)
	}
}
