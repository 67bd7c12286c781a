package prune

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"pare/layers"
	"pare/nn"
)

// tiedNetwork draws a network with layers that share parameters: of tokens, with the embedding
// used again as the output layer or inside; of sequences and images, with layers used several
// times on each other or side by side.
func tiedNetwork(t *rapid.T) *nn.Network {
	g := &generator{t: t}
	rng := rand.New(rand.NewPCG(uint64(g.draw("seed", 0, 1<<20)), 12))
	kind := g.draw("kind", 0, 2)
	input := nn.Shape{g.draw("width", 1, 4), g.draw("positions", 1, 4)}
	switch kind {
	case 1:
		input[0] = 1
	case 2:
		input = nn.Shape{g.draw("channels", 1, 3), 4, 4}
	}
	var err error
	if g.net, err = nn.New("random", input, rng); err != nil {
		t.Fatal(err)
	}
	x, embed := nn.InputName, ""
	if kind == 1 {
		vocab := g.draw("vocab", 1, 5)
		x = g.add(&tokens{Vocab: vocab}, x)
		embed = g.add(&layers.Embedding{Vocab: vocab, Out: g.draw("out", 1, 8)}, x)
		if g.draw("twice", 0, 3) == 0 {
			x = g.add(&layers.Add{}, embed, g.add(&layers.Gate{PerChannel: true}, g.tied(&layers.Embedding{}, embed, x)))
		} else {
			x = embed
		}
	}
	for range g.draw("length", 1, 4) {
		switch g.draw("layer", 0, 5) {
		case 0:
			if kind == 2 {
				x = g.unary(x)
			} else {
				x = g.positional(x)
			}
		case 1:
			x = g.repeated(x, kind)
		case 2:
			if embed != "" && g.shape(x)[0] == g.shape(embed)[0] {
				x = g.tied(&layers.Linear{NoBias: g.draw("nobias", 0, 1) == 1}, embed, x)
				break
			}
			fallthrough
		default:
			x = g.repeated(x, kind)
		}
	}
	switch {
	case kind == 2:
		x = g.add(&layers.GlobalPool{}, x)
		g.add(&layers.Linear{Out: 3}, x)
	case embed != "" && g.draw("tied output", 0, 2) > 0:
		if d := g.shape(embed)[0]; g.shape(x)[0] != d || g.draw("projected", 0, 1) == 1 {
			x = g.add(&layers.Linear{Out: d}, x)
		}
		g.tied(&layers.Linear{}, embed, x)
	default:
		g.add(&layers.Linear{Out: 3}, x)
	}
	randomise(t, g.net, rng)
	return g.net
}

// tied adds a layer that shares the parameters of another one.
func (g *generator) tied(l nn.Layer, to, x string) string {
	g.n++
	name := l.Kind() + "tied" + string(rune('a'+g.n))
	if err := g.net.AddTied(name, l, to, x); err != nil {
		g.t.Fatalf("add %s: %v", name, err)
	}
	return name
}

// repeated adds a layer that keeps the shape two or three times: one use behind the other, with
// layers between, or side by side.
func (g *generator) repeated(x string, kind int) string {
	s := g.shape(x)
	fresh := func() nn.Layer {
		if kind == 2 {
			return &layers.Conv{Out: s[0], Kernel: layers.Square(3), Pad: layers.Around(1), NoBias: g.draw("nobias", 0, 1) == 1}
		}
		return &layers.Linear{Out: s[0], NoBias: g.draw("nobias", 0, 1) == 1}
	}
	layer := fresh()
	switch g.draw("what", 0, 5) {
	case 0:
		layer = &layers.Gate{PerChannel: true}
	case 1:
		if kind != 2 {
			layer = []nn.Layer{&layers.RNN{Hidden: s[0]}, &layers.LSTM{Hidden: s[0]}, &layers.GRU{Hidden: s[0]}}[g.draw("cell", 0, 2)]
		}
	case 2:
		layer = g.norm(s)
	case 3:
		if kind != 2 {
			layer = &layers.Position{}
		}
	}
	first := g.add(layer, x)
	y := first
	between := func() string {
		switch g.draw("between", 0, 3) {
		case 0:
			return g.add(layers.ReLU(), y)
		case 1:
			return g.add(&layers.Gate{PerChannel: true}, y)
		case 2:
			return g.add(&layers.Add{}, y, x)
		}
		return y
	}
	for range g.draw("uses", 1, 2) {
		if g.draw("beside", 0, 2) == 0 {
			y = g.add(&layers.Add{}, y, g.tied(layer, first, g.add(&layers.Gate{PerChannel: true}, x)))
			continue
		}
		y = g.tied(layer, first, between())
	}
	return y
}

// TestPruneTiedProperty is TestPruneProperty for networks with layers that share parameters. Some
// lose units and still share them.
func TestPruneTiedProperty(t *testing.T) {
	smaller := 0
	rapid.Check(t, func(t *rapid.T) {
		net := tiedNetwork(t)
		checkPrune(t, net)
		small, report, err := Prune(net, Options{Random: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, node := range small.Nodes {
			if node.Tied == "" {
				continue
			}
			owner, _ := small.Lookup(node.Tied)
			large, ok := net.Lookup(owner.Name)
			if ok && large.Layer.Params()[0].Size() > owner.Layer.Params()[0].Size() && report.After.Params > 0 {
				smaller++
			}
		}
	})
	if smaller == 0 {
		t.Error("no tied layer lost units: the test does not test")
	}
}
