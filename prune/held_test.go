package prune

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"pare/layers"
	"pare/nn"
)

// recurrentNetwork draws a network of recurrent layers with random zeros.
func recurrentNetwork(t *rapid.T) *nn.Network {
	g := &generator{t: t}
	rng := rand.New(rand.NewPCG(uint64(g.draw("seed", 0, 1<<20)), 11))
	var err error
	if g.net, err = nn.New("random", nn.Shape{g.draw("width", 1, 3), g.draw("positions", 1, 4)}, rng); err != nil {
		t.Fatal(err)
	}
	x := nn.InputName
	for range g.draw("layers", 1, 3) {
		x = g.recurrent(x)
	}
	g.add(&layers.Linear{Out: 3}, x)
	randomise(t, g.net, rng)
	return g.net
}

// TestHeld: with all zeros held, in layers of every kind, as much is left as of a network
// without any zero; no value changes for it, and nothing is held afterwards.
func TestHeld(t *testing.T) {
	spared := 0
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.SampledFrom([]func(*rapid.T) *nn.Network{randomNetwork, sequenceNetwork, recurrentNetwork}).Draw(t, "kind")
		net := draw(t)
		for _, n := range net.Nodes {
			if e, ok := n.Layer.(*layers.Embedding); ok && e.Vocab == 1 {
				t.Skip("a table of one token is constant without any zero")
			}
			if c, ok := n.Layer.(*layers.Clip); ok && *c.Min == *c.Max {
				t.Skip("a clip between equal limits is constant without any zero")
			}
		}
		dense, err := net.Clone()
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, 12))
		held := nn.Held{}
		for k, p := range net.Params() {
			set, filled := make([]bool, p.Size()), dense.Params()[k].Data()
			for i, v := range p.Data() {
				if set[i] = v == 0; set[i] {
					filled[i] = rng.Float32() + 0.5
				}
			}
			held[p.Param] = set
		}
		bare := remaining(t, net, nil)
		got, want := remaining(t, net, held), remaining(t, dense, nil)
		if got.Params != want.Params || got.MACs != want.MACs {
			t.Fatalf("%d parameters and %d MACs are left with all zeros held, %d and %d of a network without zeros:\n%s",
				got.Params, got.MACs, want.Params, want.MACs, kinds(net))
		}
		if again := remaining(t, net, nil); again != bare {
			t.Fatalf("after a removal that held values %+v is left, before it %+v", again, bare)
		}
		if bare.Params < got.Params {
			spared++
		}
	})
	if spared == 0 {
		t.Error("nothing would have gone: the test does not test")
	}
}

func remaining(t *rapid.T, net *nn.Network, held nn.Held) nn.Counts {
	t.Helper()
	left, err := RemainingWith(net, Options{Held: held})
	if err != nil {
		t.Fatal(err)
	}
	return left
}
