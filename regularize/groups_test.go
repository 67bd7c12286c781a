package regularize

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
)

// step is one layer of a test network.
type step struct {
	name  string
	layer nn.Layer
	in    []string
}

func build(t testing.TB, input nn.Shape, steps ...step) *nn.Network {
	t.Helper()
	net, err := nn.New("test", input, rand.New(rand.NewPCG(3, 4)))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		if err := net.Add(s.name, s.layer, s.in...); err != nil {
			t.Fatal(err)
		}
	}
	return net
}

// residual has a stem of 4 channels, a block of 3 inside, whose output is added
// to the stem's, and a head: with BatchNorm after the stem and inside the block.
func residual(t testing.TB) *nn.Network {
	return build(t, nn.Shape{2, 5, 5},
		step{"stem", &layers.Conv{Out: 4, Pad: layers.Around(1), NoBias: true}, nil},
		step{"stem_bn", &layers.BatchNorm{}, nil},
		step{"relu0", layers.ReLU(), nil},
		step{"conv1", &layers.Conv{Out: 3, Pad: layers.Around(1), NoBias: true}, nil},
		step{"bn1", &layers.BatchNorm{}, nil},
		step{"relu1", layers.ReLU(), nil},
		step{"conv2", &layers.Conv{Out: 4, Pad: layers.Around(1)}, nil},
		step{"gate", &layers.Gate{}, nil},
		step{"sum", &layers.Add{}, []string{"relu0", "gate"}},
		step{"pool", &layers.GlobalPool{}, nil},
		step{"fc", &layers.Linear{Out: 3}, nil})
}

// plain is conv → flatten → linear → linear.
func plain(t testing.TB) *nn.Network {
	return build(t, nn.Shape{1, 4, 4},
		step{"conv", &layers.Conv{Out: 3, Kernel: layers.Square(3)}, nil},
		step{"relu", layers.ReLU(), nil},
		step{"flat", &layers.Flatten{}, nil},
		step{"fc1", &layers.Linear{Out: 5}, nil},
		step{"act", layers.ReLU(), nil},
		step{"fc2", &layers.Linear{Out: 2}, nil})
}

// inception has branches of 2 and 3 channels, the second with a BatchNorm.
func inception(t testing.TB) *nn.Network {
	return build(t, nn.Shape{2, 4, 4},
		step{"b1", &layers.Conv{Out: 2, Kernel: layers.Square(1)}, []string{"input"}},
		step{"b2", &layers.Conv{Out: 3, Kernel: layers.Square(1)}, []string{"input"}},
		step{"b2_bn", &layers.BatchNorm{}, nil},
		step{"cat", &layers.Concat{}, []string{"b1", "b2_bn"}},
		step{"gates", &layers.Gate{PerChannel: true}, nil},
		step{"pool", &layers.GlobalPool{}, nil},
		step{"fc", &layers.Linear{Out: 2}, nil})
}

// tagger is an LSTM of 3 units, a GRU of 2 and a linear layer at each of 4
// positions.
func tagger(t testing.TB) *nn.Network {
	return build(t, nn.Shape{2, 4},
		step{"lstm", &layers.LSTM{Hidden: 3}, nil},
		step{"gru", &layers.GRU{Hidden: 2}, nil},
		step{"fc", &layers.Linear{Out: 2}, nil})
}

// stream is a block of 5 hidden units beside a stream of 4, read through a layer
// normalisation, at 3 positions.
func stream(t testing.TB) *nn.Network {
	return build(t, nn.Shape{1, 3},
		step{"embed", &layers.Embedding{Vocab: 6, Out: 4}, nil},
		step{"position", &layers.Position{}, nil},
		step{"norm", &layers.LayerNorm{}, nil},
		step{"up", &layers.Linear{Out: 5}, nil},
		step{"relu", layers.ReLU(), nil},
		step{"down", &layers.Linear{Out: 4}, nil},
		step{"add", &layers.Add{}, []string{"position", "down"}},
		step{"logits", &layers.Linear{Out: 6}, nil})
}

// attentive has an attention of heads with 2 and 3 dimensions of queries, 3 and
// 1 of values, and gated hidden units, on a stream of 4.
func attentive(t testing.TB) *nn.Network {
	return build(t, nn.Shape{4, 3},
		step{"norm", &layers.LayerNorm{}, nil},
		step{"qkv", &layers.Linear{Out: 14}, nil},
		step{"attention", &layers.Attention{Heads: 2, QK: []int{2, 3}, V: []int{3, 1}, Scale: 1}, nil},
		step{"proj", &layers.Linear{Out: 4}, nil},
		step{"gate", &layers.Linear{Out: 5}, nil},
		step{"relu", layers.ReLU(), nil},
		step{"up", &layers.Linear{Out: 5, NoBias: true}, []string{"proj"}},
		step{"mul", &layers.Mul{}, []string{"relu", "up"}},
		step{"down", &layers.Linear{Out: 2}, nil})
}

// The sizes of all groups, counted by hand.
func TestGroupsOfNetworks(t *testing.T) {
	repeat := func(v, n int) []int { return slices.Repeat([]int{v}, n) }
	for _, c := range []struct {
		name string
		net  func(testing.TB) *nn.Network
		spec Spec
		want []int
	}{
		// The stem's channels are tied to conv2's: γ and β of stem_bn. conv1's: of bn1.
		{"norm", residual, Spec{On: "channels"}, repeat(2, 7)},
		// Stem rows of 2·9 with conv2 rows of 3·9 and a bias; conv1 rows of 4·9.
		{"out", residual, Spec{On: "channels", Members: "out"}, append(repeat(18+27+1, 4), repeat(36, 3)...)},
		// Stage: columns of conv1, 3·9, and of fc, 3. Inside: columns of conv2, 4·9.
		{"in", residual, Spec{On: "channels", Members: "in"}, append(repeat(27+3, 4), repeat(36, 3)...)},
		{"one layer", residual, Spec{On: "channels", Layers: []string{"conv1"}}, repeat(2, 3)},
		{"tied layer", residual, Spec{On: "channels", Layers: []string{"conv2"}}, repeat(2, 4)},
		{"gate", residual, Spec{On: "gates"}, []int{1}},
		{"gates", inception, Spec{On: "gates"}, repeat(1, 5)},
		{"conv out", plain, Spec{On: "channels"}, repeat(10, 3)},
		// Each channel has 2·2 positions after the flatten, each read by 5 weights.
		{"conv in", plain, Spec{On: "channels", Members: "in"}, repeat(20, 3)},
		{"neurons", plain, Spec{On: "neurons"}, repeat(12+1, 5)},
		{"neurons in", plain, Spec{On: "neurons", Members: "in"}, repeat(2, 5)},
		{"positions", plain, Spec{On: "positions"}, repeat(5, 12)},
		{"input of conv", plain, Spec{On: "input_features"}, repeat(27, 1)},
		{"shared input", inception, Spec{On: "input_features"}, repeat(2+3, 2)},
		// Branch 1: 2 rows of 2 and 2 biases; branch 2: 3 γ and 3 β.
		{"branches", inception, Spec{On: "branches"}, []int{6, 6}},
		{"branches in", inception, Spec{On: "branches", Members: "in"}, []int{4, 6}},
		{"branch by maker", inception, Spec{On: "branches", Layers: []string{"b2"}}, []int{6}},
		{"branches by concat", inception, Spec{On: "branches", Layers: []string{"cat"}}, []int{6, 6}},
		// Rows of 2 inputs, 3 units and 2 biases in 4 gates, and of 3, 2 and 2 in 3.
		{"recurrent neurons", tagger, Spec{On: "neurons"}, []int{28, 28, 28, 21, 21}},
		// Columns of 4·3 in the LSTM and 3·2 in the GRU; of 3·2 and of 2 in fc.
		{"recurrent neurons in", tagger, Spec{On: "neurons", Members: "in"}, []int{18, 18, 18, 8, 8}},
		// Both, less the 4 or 3 values of a unit's weights for itself.
		{"recurrent units", tagger, Spec{On: "recurrent_units"}, []int{42, 42, 42, 26, 26}},
		{"hidden of a sequence", stream, Spec{On: "neurons", Layers: []string{"up"}}, repeat(4+1, 5)},
		{"readers of a sequence", stream, Spec{On: "neurons", Layers: []string{"up"}, Members: "in"}, repeat(4, 5)},
		// Token vectors, positions, γ and β, rows of down with their bias.
		{"stream", stream, Spec{On: "neurons", Layers: []string{"embed"}}, repeat(6+3+2+5+1, 4)},
		// Columns of up, which reads it normalised, and of logits.
		{"readers of the stream", stream, Spec{On: "neurons", Layers: []string{"down"}, Members: "in"}, repeat(5+6, 4)},
		// Seven and seven rows of 4 with their biases; columns of 4 for three values and one.
		{"heads", attentive, Spec{On: "heads"}, []int{7*5 + 3*4, 7*5 + 1*4}},
		{"heads by maker", attentive, Spec{On: "heads", Layers: []string{"qkv"}}, []int{47, 39}},
		// A query and its key, 2 + 3 times; values.
		{"dimensions", attentive, Spec{On: "neurons", Layers: []string{"qkv"}}, append(repeat(10, 5), repeat(5, 4)...)},
		{"values read", attentive, Spec{On: "neurons", Layers: []string{"qkv"}, Members: "in"}, repeat(4, 4)},
		{"gated units", attentive, Spec{On: "neurons", Layers: []string{"up"}}, repeat(4+1+4, 5)},
		{"factor 0", residual, Spec{On: "channels", Factors: map[string]float64{"conv1": 0}}, repeat(2, 4)},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.spec.Type = "group_lasso"
			term, err := NewTerm(c.net(t), c.spec)
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, p := range term.parts {
				switch p := p.(type) {
				case *groupSet:
					got = append(got, p.size...)
				case *crossing:
					for g := range p.scale {
						got = append(got, p.valuesOf(g))
					}
				}
			}
			groups, err := (&finder{}).findGroups(newTopology(c.net(t)), c.spec)
			if err != nil {
				t.Fatal(err)
			}
			for i, g := range groups {
				if len(groups) == len(c.want) && g.size() != c.want[i] {
					t.Errorf("%s counts %d values, expected %d", g.label, g.size(), c.want[i])
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("group sizes are %v, expected %v", got, c.want)
			}
			if n, zero := term.Groups(); n != len(c.want) || zero != 0 {
				t.Errorf("Groups() = %d, %d", n, zero)
			}
		})
	}
}

// An input image that is flattened is penalised pixel by pixel, and after a prox
// step that zeroes them all no column is left.
func TestPixelsAreInputFeatures(t *testing.T) {
	net := build(t, nn.Shape{2, 3, 3}, step{"flat", &layers.Flatten{}, nil}, step{"fc1", &layers.Linear{Out: 4}, nil},
		step{"relu", layers.ReLU(), nil}, step{"fc2", &layers.Linear{Out: 2}, nil})
	term, err := NewTerm(net, Spec{Type: "group_lasso", On: "input_features", Lambda: 1})
	if err != nil {
		t.Fatal(err)
	}
	term.Prox(100, nil)
	if n, zero := term.Groups(); n != 18 || zero != 18 {
		t.Errorf("%d of %d features are zero, expected 18 of 18", zero, n)
	}
	if c := net.CountNode(net.Nodes[1]); c.NonZero != 4 {
		t.Errorf("%d values of fc1 are left, expected its 4 biases", c.NonZero)
	}
}

func TestWeightsAreCells(t *testing.T) {
	net := plain(t)
	term, err := NewTerm(net, Spec{Type: "l1", On: "weights", Layers: []string{"fc*"}, Factors: map[string]float64{"fc2.weight": 3}})
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := term.Groups(); n != 60+10 || len(term.Norms()) != 70 || len(term.Governs()) != 2 {
		t.Errorf("%d weights in %d parameters, expected 70 in 2", n, len(term.Governs()))
	}
	if s := term.parts[1].(*cells).scale; s != 3 {
		t.Errorf("fc2 has factor %g", s)
	}
	if term.Name() != "l1(weights: fc*)" {
		t.Errorf("name %q", term.Name())
	}
}

func TestMACScale(t *testing.T) {
	term, err := NewTerm(plain(t), Spec{Type: "group_lasso", On: "channels", Scale: "macs"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range term.parts[0].(*groupSet).scale {
		if s < 0.999 || s > 1.001 {
			t.Errorf("equal channels have scale %g", s)
		}
	}
	// One channel: 4 positions × 9 taps to compute and 4·5 products to read it.
	topo := newTopology(plain(t))
	if m := topo.unitMACs(topo.units.Out(0)[0]); m != 36+20 {
		t.Errorf("a channel costs %g, expected 56", m)
	}
	// A head: its rows and columns, and its share of the attention.
	heads := newTopology(attentive(t)).headGroups()
	if m := heads[0].macs; m != 3*(7*4+3*4)+9*9/2.0 {
		t.Errorf("head 1 costs %g, expected 160.5", m)
	}
	// The gate of the residual block switches conv1 and conv2 off.
	net := residual(t)
	gate := slices.IndexFunc(net.Nodes, func(n *nn.Node) bool { return n.Name == "gate" })
	if m := newTopology(net).pathMACs(gate); m != 2*25*4*3*9 {
		t.Errorf("the gate's path costs %g, expected 5400", m)
	}
	cellTerm, err := NewTerm(plain(t), Spec{Type: "l1", On: "weights", Scale: "macs"})
	if err != nil {
		t.Fatal(err)
	}
	sum, n := 0.0, 0.0
	for _, p := range cellTerm.parts {
		c := p.(*cells)
		sum += c.scale * float64(len(c.data))
		n += float64(len(c.data))
	}
	if sum/n < 0.999 || sum/n > 1.001 {
		t.Errorf("scales of weights have mean %g", sum/n)
	}
}

func TestTargetsThatAreNotThere(t *testing.T) {
	for _, c := range []struct {
		net  func(testing.TB) *nn.Network
		spec Spec
		want string
	}{
		{plain, Spec{Type: "group_lasso", On: "branches"}, "no branches"},
		{plain, Spec{Type: "l1", On: "gates"}, "no gates"},
		{plain, Spec{Type: "group_lasso", On: "channels", Members: "norm"}, "no channels with members: norm"},
		{plain, Spec{Type: "group_lasso", On: "channels", Layers: []string{"cnv"}}, `"cnv" matches no layer with channels; there are conv`},
		{plain, Spec{Type: "group_lasso", On: "neurons", Layers: []string{"fc2"}}, `"fc2" matches no layer with neurons; there are fc1`},
		{plain, Spec{Type: "l1", On: "weights", Factors: map[string]float64{"fc9": 1}}, `"fc9" matches no layer or parameter`},
		{plain, Spec{Type: "l1", On: "weights", Factors: map[string]float64{"fc?": 1, "f*": 2}}, "different values"},
		{plain, Spec{Type: "l1", On: "weights", Factors: map[string]float64{"*": 0}}, "no group to penalise"},
		{residual, Spec{Type: "group_lasso", On: "positions"}, "no positions"},
		{plain, Spec{Type: "group_lasso", On: "recurrent_units"}, "no recurrent_units"},
		{plain, Spec{Type: "group_lasso", On: "heads"}, "no heads"},
		{attentive, Spec{Type: "group_lasso", On: "neurons", Layers: []string{"qkv"}, Members: "norm"}, "no neurons"},
	} {
		_, err := NewTerm(c.net(t), c.spec)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, expected %q", c.spec, err, c.want)
		}
	}
}

func TestOverlapNamesBothGroups(t *testing.T) {
	net := plain(t)
	p := net.Nodes[3].Layer.Params()[0]
	a := &group{label: "a", slots: []nn.Slot{{Node: 3, Param: p, Axis: 0, Index: 1}}}
	for _, slot := range []nn.Slot{{Node: 3, Param: p, Axis: 0, Index: 1}, {Node: 3, Param: p, Axis: 1, Index: 0}} {
		_, err := assemble(L1{}, []*group{a, {label: "b", slots: []nn.Slot{slot}}}, []float64{1, 1})
		if err == nil || !strings.Contains(err.Error(), `"a" and "b"`) {
			t.Errorf("error %v", err)
		}
	}
}
