package layers_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pare/layers"
	"pare/nn"
)

// The numbers are exact: differences 1, −2, 0.5 and 0 of four outputs.
func TestGoldenMeanSquare(t *testing.T) {
	net, probes := around(t, &layers.Add{}, 2, nil, nn.Shape{2})
	p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: 2, Loss: layers.MeanSquare{}})
	copy(probes[0].value.Data(), []float32{2, -1, 0.75, 3})
	if len(p.Target) != 4 {
		t.Fatalf("%d targets, want one for each of 4 outputs", len(p.Target))
	}
	copy(p.Target, []float32{1, 1, 0.25, 3})
	p.Run()
	if got, want := p.Loss(), (1+4+0.25)/4; got != want {
		t.Errorf("loss %g, want %g", got, want)
	}
	for i, want := range []float32{0.5, -1, 0.25, 0} { // 2·difference/4
		if got := p.Grad(probes[0].value)[i]; got != want {
			t.Errorf("gradient %d is %g, want %g", i, got, want)
		}
	}
	if n := testing.AllocsPerRun(5, p.Run); n != 0 {
		t.Errorf("a run allocates %g times", n)
	}
}

// A sequence of two units at three positions has six targets.
func TestMeanSquareGradients(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const batch = 5
	for _, shape := range []nn.Shape{{1}, {3}, {2, 3}} {
		net, _ := around(t, &layers.Gate{PerChannel: true}, batch, rng, shape)
		for _, p := range net.Params() {
			copy(p.Data(), normal(p.Size(), rng))
		}
		p := compile(t, net, nn.CompileOptions{Mode: nn.Train, Batch: batch, Loss: layers.MeanSquare{}})
		if len(p.Target) != batch*shape.Size() {
			t.Fatalf("%s: %d targets", shape, len(p.Target))
		}
		copy(p.Target, normal(len(p.Target), rng))
		checkGradients(t, p, rng, func() float64 {
			sum := 0.0
			for i, o := range p.Output() {
				sum += math.Pow(float64(o)-float64(p.Target[i]), 2)
			}
			return sum / float64(len(p.Target))
		})
	}
}

func TestMeanSquareScore(t *testing.T) {
	for _, c := range []struct {
		output, target float32
		loss           float64
		correct        bool
	}{{1, 1, 0, true}, {1.5, 1, 0.25, false}, {1, 1.0390625, 0.0390625 * 0.0390625, true}, {1.0625, 1, 0.0625 * 0.0625, false}} {
		loss, correct := layers.MeanSquare{Near: 0.04}.Score([]float32{c.output}, c.target)
		if loss != c.loss || correct != c.correct {
			t.Errorf("%g for %g: loss %g, correct %t; want %g, %t", c.output, c.target, loss, correct, c.loss, c.correct)
		}
	}
	if loss, correct := (layers.MeanSquare{}).Score([]float32{float32(math.NaN())}, 1); !math.IsNaN(loss) || correct {
		t.Errorf("a NaN counts as loss %g, correct %t", loss, correct)
	}
}
