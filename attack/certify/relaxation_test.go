package certify

import (
	"math/rand/v2"
	"testing"

	_ "pare/layers"
	"pare/nn"
)

// Every activation with a curve is, in float32, within the rounding of its curve; and its relaxing
// lines bound it.
func TestCurves(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	tested := 0
	for _, kind := range nn.Layers.Names() {
		l, err := nn.Layers.New(kind)
		if err != nil {
			t.Fatal(err)
		}
		e, ok := l.(nn.Elementwise)
		if !ok {
			continue
		}
		if kind == "clip" {
			continue // without limits it is not a layer; relu6 is one
		}
		net, err := nn.New("test", nn.Shape{64}, rng)
		if err == nil {
			err = net.Add("f", l)
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: 1})
		if err != nil {
			t.Fatal(err)
		}
		tested++
		c := e.Curve(0)
		for range 200 {
			a, b := 4*rng.NormFloat64(), 4*rng.NormFloat64()
			low, high := min(a, b), max(a, b)
			below, above := relax(&c, low, high, false), relax(&c, low, high, true)
			least, most := rangeOf(&c, low, high)
			for i := range p.X {
				p.X[i] = float32(low + (high-low)*rng.Float64())
			}
			p.Run()
			for i, x := range p.X {
				x, y := float64(x), float64(p.Output()[i])
				if x < low || x > high {
					continue // rounded out of the interval
				}
				r := rounds(&c, max(-least, most))
				if exact := c.At(x); exact-r > y || y > exact+r || exact < least || exact > most {
					t.Fatalf("%s(%g) is %g, its curve has %g, of a range [%g, %g]", kind, x, y, exact, least, most)
				}
				if lo, hi := below.slope*x+below.shift, above.slope*x+above.shift; y < lo || y > hi {
					t.Fatalf("%s(%g) is %g, relaxed on [%g, %g] it is between %g and %g", kind, x, y, low, high, lo, hi)
				}
			}
		}
	}
	if tested < 14 {
		t.Errorf("only %d kinds have curves", tested)
	}
}
