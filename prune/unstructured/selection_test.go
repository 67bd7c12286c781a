package unstructured

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
	"pare/prune/importance"
)

// TestMasksOfPyTorch: the masks are those of torch.nn.utils.prune, over the network and by
// layer, and N:M masks those of NumPy.
func TestMasksOfPyTorch(t *testing.T) {
	g := readGolden(t)
	for _, c := range g.Cases {
		net := small(t)
		g.load(t, net)
		pattern, err := ParsePattern(c.Pattern)
		if err != nil {
			t.Fatal(err)
		}
		if err := (Selection{Share: c.Share, Scope: c.Scope, Pattern: pattern}).Zero(net); err != nil {
			t.Fatal(err)
		}
		for _, p := range net.Params() {
			if p.Role != nn.RoleWeight {
				continue
			}
			for i, v := range p.Export() {
				want := float32(0)
				if c.Masks[p.Node.Name][i] == 1 {
					want = g.Weights[p.Node.Name][i]
				}
				if v != want {
					t.Fatalf("%s %s %g: weight %d of %s is %g, want %g", c.Scope, c.Pattern, c.Share, i, p.Node.Name, v, want)
				}
			}
		}
	}
}

// TestPatternOfEveryLayer: each group of M weights along the input axis keeps N, in every kind
// of weight.
func TestPatternOfEveryLayer(t *testing.T) {
	nets := map[string]*nn.Network{
		"depthwise": build(t, nn.Shape{4, 5, 5}, layer{"depthwise", &layers.Conv{Out: 4, Kernel: layers.Square(3), Groups: 4}},
			layer{"wide", &layers.Conv{Out: 5, Kernel: layers.Square(2)}}),
		"lstm": build(t, nn.Shape{6, 4}, layer{"lstm", mustLayer(t, "lstm", func(l nn.Layer) { l.(*layers.LSTM).Hidden = 9 })}),
	}
	for name, net := range nets {
		for _, pattern := range []Pattern{{2, 4}, {1, 3}, {3, 8}} {
			trial, err := net.Clone()
			if err != nil {
				t.Fatal(err)
			}
			if err := (Selection{Pattern: pattern}).Zero(trial); err != nil {
				t.Fatal(err)
			}
			for _, p := range trial.Params() {
				if p.Role != nn.RoleWeight {
					continue
				}
				n, stride := p.AxisLen(inputAxis(p.Param))
				kept := map[[2]int]int{} // by the first place of a line along the axis and the group in it
				size := map[[2]int]int{}
				for i, v := range p.Data() {
					at := i / stride % n
					group := [2]int{i - at*stride, at / pattern.M}
					size[group]++
					if v != 0 {
						kept[group]++
					}
				}
				for group, n := range size {
					if kept[group] != min(n, pattern.N) {
						t.Errorf("%s %s %v: %d of %d weights stay in group %v", name, p.Full, pattern, kept[group], n, group)
					}
				}
			}
		}
	}
}

func mustLayer(t *testing.T, kind string, set func(nn.Layer)) nn.Layer {
	t.Helper()
	l, err := nn.Layers.New(kind)
	if err != nil {
		t.Fatal(err)
	}
	set(l)
	return l
}

// TestLowest compares with sorting, also for equal and negative scores and both zeros.
func TestLowest(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		scores := make([]float32, 1+rng.IntN(300))
		for i := range scores {
			switch rng.IntN(4) {
			case 0:
				scores[i] = float32(math.Copysign(0, float64(rng.IntN(2)*2-1)))
			case 1:
				scores[i] = float32(rng.IntN(5) - 2)
			case 2:
				scores[i] = float32(math.Inf(rng.IntN(2)*2 - 1))
			default:
				scores[i] = float32(rng.NormFloat64())
			}
		}
		n, cut := rng.IntN(len(scores)+1), rng.IntN(len(scores)+1)
		var got []int
		lowest([][]float32{scores[:cut], scores[cut:]}, n, func(list, i int) { got = append(got, list*cut+i) })
		if want := least(scores, n); !slices.Equal(got, want) {
			t.Fatalf("the %d least of %v are %v, want %v", n, scores, got, want)
		}
	}
}

// TestLayers: patterns choose layers, and tables of embeddings, biases and normalisations
// always stay.
func TestLayers(t *testing.T) {
	net := small(t)
	if err := (Selection{Layers: Layers{Dense: []string{"conv1"}}, Share: 0.25}).Zero(net); err != nil {
		t.Fatal(err)
	}
	for _, p := range net.Params() {
		zero := 0
		for _, v := range p.Data() {
			if v == 0 {
				zero++
			}
		}
		if gone := zero > p.Size()/4; gone != (p.Full == "conv2.weight" || p.Full == "fc.weight") && p.Role == nn.RoleWeight {
			t.Errorf("%s has %d zeros of %d values", p.Full, zero, p.Size())
		}
	}
	text := build(t, nn.Shape{1, 4}, layer{"embed", &layers.Embedding{Vocab: 5, Out: 6}}, layer{"fc", &layers.Linear{Out: 5}})
	if w, err := (Layers{}).Weights(text); err != nil || len(w) != 1 || w[0].Full != "fc.weight" {
		t.Errorf("%v, %v; want fc.weight alone", w, err)
	}
	for _, c := range []struct {
		s    Selection
		want string
	}{
		{Selection{Share: 0.5, Layers: Layers{Only: []string{"conv", "fc"}}},
			`layers: "conv" matches no layer with weights; there are conv1, conv2, fc`},
		{Selection{Share: 0.5, Layers: Layers{Dense: []string{"bn"}}}, `dense: "bn" matches no layer with weights; there are fc, conv1, conv2`},
		{Selection{Share: 0.5, Layers: Layers{Dense: []string{"*"}}}, "dense: no layer with weights is left to prune"},
		{Selection{}, "it needs either a budget, the share of the weights to keep, or a pattern"},
		{Selection{Share: 0.5, Pattern: Pattern{2, 4}}, "it needs either a budget, the share of the weights to keep, or a pattern"},
		{Selection{Share: 1.5}, "budget weights is 1.5, it must be above 0 and at most 1"},
		{Selection{Share: 0.5, Scope: "here"}, `selection scope "here" is not global or layer`},
		{Selection{Share: 0.5, Importance: importance.Taylor{}}, "importance taylor needs data, and there are none; use importance magnitude"},
		{Selection{Share: 0.5, Importance: importance.BatchNormScale{}},
			"importance importance.BatchNormScale scores units, not single weights; choose magnitude, random or taylor"},
	} {
		before := bits(net)
		if err := c.s.Zero(net); err == nil || err.Error() != c.want {
			t.Errorf("%+v: %v, want %s", c.s, err, c.want)
		}
		if !slices.Equal(bits(net), before) {
			t.Errorf("%+v changed the network", c.s)
		}
	}
}

// TestRandom: one seed gives one mask, and a smaller share keeps a part of it.
func TestRandom(t *testing.T) {
	masked := func(share float64, seed uint64) []uint32 {
		net := small(t)
		if err := (Selection{Share: share, Importance: importance.Random{}, Seed: seed}).Zero(net); err != nil {
			t.Fatal(err)
		}
		return bits(net)
	}
	a, same, other, less := masked(0.5, 1), masked(0.5, 1), masked(0.5, 2), masked(0.2, 1)
	if !slices.Equal(a, same) || slices.Equal(a, other) {
		t.Error("a mask is not a function of its seed")
	}
	for i := range a {
		if a[i] == 0 && less[i] != 0 {
			t.Fatal("a smaller share keeps other weights")
		}
	}
}

func TestParsePattern(t *testing.T) {
	if p, err := ParsePattern("2:4"); err != nil || p != (Pattern{2, 4}) {
		t.Errorf("%v, %v", p, err)
	}
	for _, text := range []string{"2", "4:4", "0:4", "a:b", "2:4:8", "1:257", " 2:4"} {
		if _, err := ParsePattern(text); err == nil || !strings.HasSuffix(err.Error(), "is not N:M with 1 ≤ N < M ≤ 256, such as 2:4") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
