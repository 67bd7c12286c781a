package prune

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"pare/layers"
	"pare/nn"
)

// extent draws an extent of up to hi rows and columns.
func (g *generator) extent(what string, lo, hi int) layers.Extent {
	return layers.Extent{H: g.draw(what, lo, hi), W: g.draw(what, lo, hi)}
}

// padding draws an uneven padding of at most hi on a side.
func (g *generator) padding(hi int) layers.Padding {
	return layers.Padding{Top: g.draw("top", 0, hi), Left: g.draw("left", 0, hi), Bottom: g.draw("bottom", 0, hi), Right: g.draw("right", 0, hi)}
}

// groups draws a number of groups that n channels divide into.
func (g *generator) groups(n int) int {
	var fit []int
	for k := 1; k <= n; k++ {
		if n%k == 0 {
			fit = append(fit, k)
		}
	}
	return rapid.SampledFrom(fit).Draw(g.t, "groups")
}

// resized draws a layer with windows of any form, or one that changes the size of an image.
// Images stay smaller than 20 positions a side.
func (g *generator) resized(x string) string {
	s := g.shape(x)
	c, h, w := s[0], s[1], s[2]
	noBias := g.draw("nobias", 0, 1) == 1
	groups := g.groups(c)
	out := groups * g.draw("out", 1, max(1, 8/groups))
	switch g.draw("resized", 0, 8) {
	case 0, 1:
		return g.add(&layers.Conv{Out: out, Kernel: g.extent("kernel", 1, min(3, h, w)), Stride: g.extent("stride", 1, 2),
			Pad: g.padding(1), Groups: groups, NoBias: noBias}, x)
	case 2:
		return g.add(&layers.Conv{Out: out, Kernel: layers.Square(2), Dilation: g.extent("dilation", 1, min(3, h+1, w+1)), Pad: layers.Around(1 + g.draw("pad", 0, 1)),
			Groups: groups, NoBias: noBias}, x)
	case 3:
		return g.add(&layers.Depthwise{Kernel: g.extent("kernel", 1, min(3, h, w)), Pad: g.padding(1), Multiplier: g.draw("mult", 1, 2), NoBias: noBias}, x)
	case 4:
		if max(h, w) > 8 {
			return x
		}
		return g.add(&layers.ConvTranspose{Out: out, Kernel: g.extent("kernel", 1, 3), Stride: g.extent("stride", 1, 2), Groups: groups, NoBias: noBias}, x)
	case 5:
		if max(h, w) > 8 {
			return g.add(&layers.AdaptiveAvgPool{Out: g.extent("adaptive", 1, 4)}, x)
		}
		mode := []string{"nearest", "bilinear"}[g.draw("mode", 0, 1)]
		return g.add(&layers.Upsample{Size: layers.Extent{H: h + g.draw("rows", 0, 3), W: w + g.draw("columns", 0, 3)}, Mode: mode}, x)
	case 6:
		if max(h, w) > 8 || c%4 > 0 {
			return g.add(&layers.AdaptiveAvgPool{Out: layers.Square(2)}, x)
		}
		return g.add(&layers.PixelShuffle{}, x)
	case 7:
		if min(h, w) < 3 {
			return x
		}
		return g.add(&layers.MaxPool{Window: layers.Window{Kernel: layers.Square(2), Stride: layers.Square(1), Pad: g.padding(1)},
			Dilation: g.extent("dilation", 1, 2)}, x)
	default:
		if min(h, w) < 3 {
			return x
		}
		return g.add(&layers.AvgPool{Window: layers.Window{Kernel: layers.Extent{H: 2, W: 3}, Stride: layers.Extent{H: 1, W: 2}, Pad: g.padding(1)},
			ExcludePad: g.draw("excluded", 0, 1) == 1}, x)
	}
}

// thinGroups takes weights and biases of grouped convolutions away: in each group those of
// none, some or all of its outputs, so that groups vanish and others become uneven.
func (g *generator) thinGroups(rng *rand.Rand) {
	for _, node := range g.net.Nodes {
		groups, outputs := groupsOf(node.Layer), node.Shape.Units()
		if groups < 2 || g.draw("thin", 0, 1) == 0 {
			continue
		}
		gone := make([]bool, outputs)
		for i := range groups {
			rate := []float64{0, 0.5, 1}[rng.IntN(3)]
			for u := i * outputs / groups; u < (i+1)*outputs/groups; u++ {
				gone[u] = rng.Float64() < rate
			}
		}
		for _, p := range node.Params() {
			last := len(p.Axes) - 1
			n, _ := p.AxisLen(last)
			for i := range p.Data() {
				unit := i % n                  // the outputs come last,
				if p.Axes[last] == nn.AxisIn { // or inputs, behind the outputs of their group
					per := outputs / groups
					unit = unit*groups/n*per + i/n%per
				}
				if gone[unit] {
					p.Data()[i] = 0
				}
			}
		}
	}
}

func groupsOf(l nn.Layer) int {
	switch l := l.(type) {
	case *layers.Conv:
		return l.Groups
	case *layers.Conv1d:
		return l.Groups
	case *layers.ConvTranspose:
		return l.Groups
	}
	return 1
}

func geometryNetwork(t *rapid.T) *nn.Network {
	g := &generator{t: t}
	side := g.draw("side", 4, 7)
	rng := rand.New(rand.NewPCG(uint64(g.draw("seed", 0, 1<<20)), 11))
	var err error
	if g.net, err = nn.New("random", nn.Shape{g.draw("channels", 1, 3), side, side}, rng); err != nil {
		t.Fatal(err)
	}
	x := g.add(&layers.Conv{Out: 4 * g.draw("out", 1, 3), Pad: layers.Around(1)}, nn.InputName)
	for range g.draw("length", 1, 6) {
		switch g.draw("what", 0, 4) {
		case 0:
			x = g.unary(x)
		case 1:
			x = g.add(&layers.Add{}, x, g.same(x))
			x = g.add(layers.ReLU(), x)
		default:
			x = g.resized(x)
		}
	}
	x = g.add([]nn.Layer{&layers.Flatten{}, &layers.GlobalPool{}}[g.draw("head", 0, 1)], x)
	g.add(&layers.Linear{Out: 3}, x)
	randomise(t, g.net, rng)
	g.thinGroups(rng)
	return g.net
}

// TestPruneGeometryProperty is TestPruneProperty for windows of any form, groups, and layers
// that change the size of an image.
func TestPruneGeometryProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkPrune(t, geometryNetwork(t)) })
}

func lineNetwork(t *rapid.T) *nn.Network {
	g := &generator{t: t}
	rng := rand.New(rand.NewPCG(uint64(g.draw("seed", 0, 1<<20)), 12))
	var err error
	if g.net, err = nn.New("random", nn.Shape{g.draw("channels", 1, 3), g.draw("length", 6, 12)}, rng); err != nil {
		t.Fatal(err)
	}
	x := g.add(&layers.Conv1d{Out: g.draw("out", 1, 6), Pad: layers.Margin{Before: 2}}, nn.InputName)
	for range g.draw("layers", 1, 6) {
		c, length := g.shape(x)[0], g.shape(x)[1]
		switch g.draw("layer", 0, 5) {
		case 0, 1:
			groups := g.groups(c)
			x = g.add(&layers.Conv1d{Out: groups * g.draw("out", 1, 3), Kernel: g.draw("kernel", 1, 3), Dilation: g.draw("dilation", 1, 2),
				Pad: layers.Margin{Before: 2, Behind: 2}, Groups: groups, NoBias: g.draw("nobias", 0, 1) == 1}, x)
		case 2:
			x = g.add(&layers.Linear{Out: g.draw("out", 1, 5)}, x)
		case 3:
			x = g.add(g.activation(), x)
		case 4:
			if length > 3 {
				x = g.add(&layers.MaxPool1d{Window1d: layers.Window1d{Pad: layers.Margin{Behind: 1}}}, x)
			}
		default:
			x = g.add(&layers.AvgPool1d{Window1d: layers.Window1d{Stride: 1, Pad: layers.Margin{Before: g.draw("pad", 0, 1)}}}, x)
		}
		if g.shape(x)[1] < 2 {
			break
		}
	}
	x = g.add(&layers.Flatten{}, x)
	g.add(&layers.Linear{Out: 3}, x)
	randomise(t, g.net, rng)
	g.thinGroups(rng)
	return g.net
}

// TestPruneLineProperty is TestPruneProperty for convolutions and pools along sequences.
func TestPruneLineProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkPrune(t, lineNetwork(t)) })
}
