package certify_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pare/attack"
	"pare/attack/certify"
	"pare/layers"
	"pare/nn"
)

// Two outputs that float32 hardly tells apart: far from the example, whose values are 0, rounding alone
// changes the decision, within the radius of the exact outputs.
func TestRadiusMakesRoomForRounding(t *testing.T) {
	small := 0
	for seed := range uint64(20) {
		net := build(t, nn.Shape{8}, seed, func(add func(string, nn.Layer, ...string)) { add("fc", &layers.Linear{Out: 2}) })
		rng := rand.New(rand.NewPCG(seed, 2))
		w, b := net.Params()[0].Data(), net.Params()[1].Data()
		for j := range 8 {
			v := rng.NormFloat64() * 1000
			w[j*2], w[j*2+1] = float32(v), float32(v+1e-3*rng.NormFloat64())
		}
		b[0], b[1] = 1e-4, 0
		c, err := certify.New(net)
		if err != nil {
			t.Fatal(err)
		}
		model, err := attack.NewNetwork(net, 24)
		if err != nil {
			t.Fatal(err)
		}
		for _, norm := range []attack.Norm{attack.Linf, attack.L2} {
			threat := attack.Threat{Norm: norm, Range: attack.Range{Lower: -1, Upper: 1}}
			var radius float64
			err := c.Radii(t.Context(), c.Lipschitz(norm, []float64{1}), 1, func(_ int, eps float64) (certify.Region, int) {
				threat.Eps = eps
				return certify.Ball(threat, 1, make([]float32, 8)), 0
			}, func(_ int, r float64) { radius = r })
			if err != nil {
				t.Fatal(err)
			}
			if radius > 0 {
				small++
			}
			threat.Eps = radius * (1 - 1e-9)
			a, err := attack.New(model, threat, &attack.PGD{Steps: 1, Restarts: 20, Start: "random"}, attack.Options{})
			if err != nil {
				t.Fatal(err)
			}
			found, err := a.Run(t.Context(), attack.Examples{X: make([]float64, 8), Labels: []int{0}})
			if err != nil || found.Broken[0] {
				t.Errorf("seed %d, %s: the decision changes within the radius %g (%v)", seed, norm, radius, err)
			}
		}
	}
	if small == 0 {
		t.Error("no network has a radius above 0")
	}
}

// Values too small for float32 become 0 there: bounds hold for 0, too.
func TestBoundsHoldWhereValuesUnderflow(t *testing.T) {
	net := build(t, nn.Shape{1}, 1, func(add func(string, nn.Layer, ...string)) {
		for i := range 6 {
			add(fmt.Sprint("fc", i), &layers.Linear{Out: 1})
			add(fmt.Sprint("relu", i), layers.ReLU())
		}
		add("fc", &layers.Linear{Out: 2})
	})
	for _, p := range net.Params() {
		for i := range p.Data() {
			p.Data()[i] = 0
			if p.Role == nn.RoleWeight {
				p.Data()[i] = 1e-10
			}
		}
	}
	c, err := certify.New(net)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []certify.Method{certify.IBP, certify.CROWNIBP, certify.CROWN} {
		low, high := c.Outputs(unitRange(attack.Linf, 0.1, []float32{0.5}), m)
		for i, v := range compile(t, net).outputs([]float32{0.5}) {
			if float64(v) < low[i] || float64(v) > high[i] {
				t.Errorf("%s: output %d is %g, outside of [%g, %g]", m, i, v, low[i], high[i])
			}
		}
	}
}
