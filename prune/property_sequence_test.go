package prune

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"
	"pgregory.net/rapid"

	"pare/layers"
	"pare/nn"
)

// tokens is a test layer that makes tokens of numbers, so that the random inputs
// of the certificate suit an embedding.
type tokens struct {
	Vocab int `json:"vocab"`
}

func init() { nn.RegisterLayer("tokens of numbers", func() nn.Layer { return &tokens{} }) }

func (l *tokens) Kind() string        { return "test-tokens" }
func (l *tokens) Params() []*nn.Param { return nil }

func (l *tokens) Init(in []nn.Shape, _ *rand.Rand) (nn.Shape, error) { return in[0], nil }

func (l *tokens) Build(_ *nn.Builder, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return nn.Apply(nn.Op{Name: "tokens", Shape: in[0].Shape().Clone(), Run: func(dst []float32, in [][]float32) {
		for i, v := range in[0] {
			dst[i] = float32(int(math.Abs(float64(v))*3) % l.Vocab)
		}
	}}, in[0])
}

// sequenceNetwork draws a network on sequences: embeddings, positions, linear
// layers at each position, residual and feed-forward blocks.
func sequenceNetwork(t *rapid.T) *nn.Network {
	g := &generator{t: t}
	rng := rand.New(rand.NewPCG(uint64(g.draw("seed", 0, 1<<20)), 8))
	input := nn.Shape{g.draw("width", 1, 4), g.draw("positions", 1, 5)}
	kind := g.draw("kind", 0, 2) // of vectors, of tokens, of patches
	switch kind {
	case 1:
		input[0] = 1
	case 2:
		input = nn.Shape{input[0], g.draw("height", 1, 3), input[1]}
	}
	var err error
	if g.net, err = nn.New("random", input, rng); err != nil {
		t.Fatal(err)
	}
	x := nn.InputName
	switch kind {
	case 1:
		vocab := g.draw("vocab", 1, 5)
		x = g.add(&layers.Embedding{Vocab: vocab, Out: g.draw("out", 1, 8)}, g.add(&tokens{Vocab: vocab}, x))
	case 2:
		x = g.add(&layers.Linear{Out: g.draw("out", 1, 8)}, x)
		x = g.add(&layers.Tokens{}, x)
		if g.draw("class", 0, 1) == 1 {
			x = g.add(&layers.ClassToken{}, x)
		}
	}
	g.stream(x)
	randomise(t, g.net, rng)
	return g.net
}

// stream adds layers and blocks of a sequence, and a head.
func (g *generator) stream(x string) {
	for range g.draw("length", 1, 6) {
		x = g.positional(x)
	}
	switch g.draw("head", 0, 3) {
	case 0:
		x = g.add(&layers.Last{}, x)
	case 1:
		x = g.add(&layers.First{}, x)
	case 2:
		x = g.add(&layers.Flatten{}, x)
	}
	g.add(&layers.Linear{Out: 3}, x)
}

// vectorNetwork draws a network on sequences of vectors.
func vectorNetwork(t *rapid.T) *nn.Network {
	g := &generator{t: t}
	rng := rand.New(rand.NewPCG(uint64(g.draw("seed", 0, 1<<20)), 15))
	var err error
	if g.net, err = nn.New("random", nn.Shape{g.draw("width", 1, 4), g.draw("positions", 1, 5)}, rng); err != nil {
		t.Fatal(err)
	}
	g.stream(nn.InputName)
	randomise(t, g.net, rng)
	return g.net
}

// languageNetwork draws a network on tokens, of which the linear layer at the end may use the
// table of the embedding.
func languageNetwork(t *rapid.T) *nn.Network {
	g := &generator{t: t}
	rng := rand.New(rand.NewPCG(uint64(g.draw("seed", 0, 1<<20)), 14))
	vocab, out := g.draw("vocab", 2, 5), g.draw("out", 1, 8)
	var err error
	if g.net, err = nn.New("random", nn.Shape{1, g.draw("positions", 1, 5)}, rng); err != nil {
		t.Fatal(err)
	}
	g.net.Vocabulary = vocab
	x := g.add(&layers.Embedding{Vocab: vocab, Out: out}, nn.InputName)
	if g.draw("tied", 0, 1) == 0 {
		g.stream(x)
	} else {
		table := x
		for range g.draw("length", 0, 3) {
			x = g.positional(x)
		}
		if g.shape(x)[0] != out {
			x = g.add(&layers.Linear{Out: out}, x)
		}
		if err := g.net.AddTied("tied", &layers.Linear{Out: vocab, NoBias: true}, table, x); err != nil {
			t.Fatal(err)
		}
	}
	randomise(t, g.net, rng)
	return g.net
}

// positional adds a layer or a block of a sequence.
func (g *generator) positional(x string) string {
	d := g.shape(x)[0]
	switch g.draw("layer", 0, 17) {
	case 17:
		forward, end := g.recurrent(x), g.add(&layers.Reverse{}, x)
		return g.add(&layers.Concat{}, forward, g.add(&layers.Reverse{}, g.recurrent(end)))
	case 14:
		return g.add(&layers.Reverse{}, x)
	case 13:
		from := make([]int, g.draw("repeated", 1, 8))
		for j := range from {
			from[j] = g.draw("from", 0, d-1)
		}
		return g.add(&layers.Repeat{From: from}, x)
	case 15:
		return g.add(&layers.ClassToken{}, x)
	case 16:
		turn, index := g.draw("turn", 0, d-1), make([]int, d)
		for u := range index {
			index[u] = (u + turn) % d
		}
		return g.add(&layers.Select{Index: index}, x)
	case 11, 12:
		return g.recurrent(x)
	case 0:
		return g.add(&layers.Position{}, x)
	case 1:
		return g.add(&layers.Linear{Out: g.draw("out", 1, 8), NoBias: g.draw("nobias", 0, 1) == 1}, x)
	case 2:
		return g.add(g.activation(), x)
	case 3:
		return g.add(&layers.Gate{PerChannel: true}, x)
	case 4, 5:
		return g.add(g.norm(g.shape(x)), x)
	default:
		y := x
		if g.draw("normed", 0, 1) == 1 {
			y = g.add(g.norm(g.shape(x)), x)
		}
		if g.draw("attention", 0, 1) == 1 {
			return g.add(&layers.Add{}, x, g.attention(y, d))
		}
		return g.add(&layers.Add{}, x, g.feedForward(y, d))
	}
}

// norm draws a normalisation by examples that does not enlarge rounding errors where units
// nearly agree.
func (g *generator) norm(s nn.Shape) nn.Layer {
	const eps = 0.1
	switch g.draw("norm", 0, 5) {
	case 0, 1:
		return &layers.RMSNorm{Eps: eps}
	case 2, 3:
		groups := g.draw("groups", 1, 3)
		if s.Units()%groups != 0 {
			groups = 1
		}
		return &layers.GroupNorm{Groups: groups, Eps: eps}
	case 4:
		if s.Positions() > 1 {
			return &layers.InstanceNorm{Eps: eps}
		}
	}
	return &layers.LayerNorm{Eps: eps}
}

// feedForward adds hidden units at each position.
func (g *generator) feedForward(x string, out int) string {
	hidden := g.draw("hidden", 1, 8)
	up := g.add(layers.ReLU(), g.add(&layers.Linear{Out: hidden}, x))
	if g.draw("gated", 0, 1) == 1 {
		up = g.add(&layers.Mul{}, up, g.add(&layers.Linear{Out: hidden}, x))
	}
	return g.add(&layers.Linear{Out: out}, up)
}

// attention adds one to three heads, alike or not.
func (g *generator) attention(x string, out int) string {
	l := &layers.Attention{Heads: g.draw("heads", 1, 3), Causal: g.draw("causal", 0, 1) == 1, Scale: 0.5}
	units := 0
	for range l.Heads {
		qk, v := g.draw("qk", 0, 3), g.draw("v", 1, 3)
		l.QK, l.V = append(l.QK, qk), append(l.V, v)
		units += 2*qk + v
	}
	y := g.add(&layers.Linear{Out: units, NoBias: g.draw("nobias", 0, 1) == 1}, x)
	if keys := (units - sum(l.V)) / 4 * 4; keys > 0 && g.draw("rotary", 0, 2) == 0 {
		// Its heads need not be the heads of the attention.
		y = g.add(&layers.Rotary{Heads: keys / 4, Dim: 4}, y)
	}
	return g.add(&layers.Linear{Out: out}, g.add(l, y))
}

func sum(values []int) (n int) {
	for _, v := range values {
		n += v
	}
	return n
}

// TestPruneSequenceProperty is TestPruneProperty for networks on sequences.
func TestPruneSequenceProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkPrune(t, sequenceNetwork(t)) })
}

// Units of the stream whose token vectors are 0 stay for their positions, and
// none of the token table is left where all its units are 0.
func TestPrunePosition(t *testing.T) {
	for _, c := range []struct {
		dead []int // units of the embedding that are set to 0
		want string
	}{
		{[]int{1}, "test-tokens(1×3) embedding(3×3) position(4×3) linear(2×3) "},
		{[]int{0, 1, 2, 3}, "constant(1×3) position(4×3) linear(2×3) "},
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		net, err := nn.New("net", nn.Shape{1, 3}, rng)
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range []nn.Layer{&tokens{Vocab: 5}, &layers.Embedding{Vocab: 5, Out: 4}, &layers.Position{}, &layers.Linear{Out: 2}} {
			if err := net.Add(fmt.Sprint("layer", i), l); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range net.Params() {
			if p.Node.Layer.Kind() == "position" {
				p.Normal(1, rng)
			}
			if p.Node.Layer.Kind() == "embedding" {
				for _, u := range c.dead {
					for i := u; i < p.Size(); i += 4 {
						p.Data()[i] = 0
					}
				}
			}
		}
		small, _, err := Prune(net, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if kinds(small) != c.want {
			t.Errorf("units %v: %s, expected %s", c.dead, kinds(small), c.want)
		}
	}
}
