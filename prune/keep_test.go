package prune

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pare/layers"
	"pare/nn"
	"pare/prune/importance"
)

// randomKeep draws demands on the layers of a network.
func randomKeep(t *rapid.T, net *nn.Network) (k Keep, round int) {
	var names []string
	for _, node := range net.Nodes {
		if makesUnits(node) {
			names = append(names, node.Name)
		}
	}
	name := rapid.SampledFrom(names)
	least := rapid.SampledFrom([]float64{0, 0.3, 2, 3})
	lose := rapid.SampledFrom([]float64{0, 0.25, 0.6})
	if rapid.Bool().Draw(t, "of layers") {
		k.Layers = []string{name.Draw(t, "layer")}
	}
	k.Least, k.Lose = least.Draw(t, "least"), lose.Draw(t, "lose")
	if b := (Bounds{least.Draw(t, "of.least"), lose.Draw(t, "of.lose")}); b != (Bounds{}) {
		k.Of = map[string]Bounds{name.Draw(t, "of"): b}
	}
	return k, rapid.IntRange(0, 4).Draw(t, "round")
}

// checkKept compares a pruned network with the demands of Keep and RoundTo, by their definition.
func checkKept(t *rapid.T, net, small *nn.Network, k Keep, round int) {
	for _, node := range net.Nodes {
		if !makesUnits(node) {
			continue
		}
		n, least := node.Shape.Units(), 0
		bound := func(b Bounds) {
			if b.Least < 1 {
				least = max(least, int(math.Ceil(b.Least*float64(n)-1e-9)))
			} else {
				least = max(least, min(n, int(b.Least)))
			}
			if b.Lose > 0 {
				least = max(least, int(math.Ceil((1-b.Lose)*float64(n)-1e-9)))
			}
		}
		bound(Bounds{k.Least, k.Lose})
		bound(k.Of[node.Name])
		if slices.Contains(k.Layers, node.Name) {
			least = n
		}
		kept := 0
		if left, ok := small.Lookup(node.Name); ok && left.Layer.Kind() == node.Layer.Kind() {
			kept = left.Shape.Units()
		}
		if kept < least || round > 1 && kept%round != 0 && kept != n {
			t.Fatalf("layer %s keeps %d of %d units; %+v demands %d, a multiple of %d", node.Name, kept, n, k, least, round)
		}
	}
}

// TestKeepProperty: whatever is zeroed, a pruned network keeps as many units as it must, and
// computes the same.
func TestKeepProperty(t *testing.T) {
	met := 0
	rapid.Check(t, func(t *rapid.T) {
		net := randomNetwork(t)
		k, round := randomKeep(t, net)
		o := Options{Random: 8, Keep: k, RoundTo: round}
		left, err := RemainingWith(net, o)
		if errors.Is(err, ErrHeld) {
			return
		}
		small, report, pruneErr := Prune(net, o)
		if err != nil || pruneErr != nil || left != report.After {
			t.Fatalf("%v, %v; %+v would be left, %+v is", err, pruneErr, left, report.After)
		}
		checkKept(t, net, small, k, round)
		met++
	})
	if met < 10 {
		t.Errorf("the demands were met %d times only: the test shows little", met)
	}
}

// TestSelectionKeepsProperty: of a selection with demands the budget is met and the demands
// hold exactly, or the network is unchanged and the error names an option in the way.
func TestSelectionKeepsProperty(t *testing.T) {
	met := 0
	rapid.Check(t, func(t *rapid.T) {
		net := randomNetwork(t)
		k, round := randomKeep(t, net)
		s := Selection{Importance: importance.Magnitude{}, Keep: k, RoundTo: round,
			Scope: rapid.SampledFrom([]string{"global", "layer"}).Draw(t, "scope")}
		budget := rapid.SampledFrom([]float64{0.3, 0.6, 0.9}).Draw(t, "budget")
		if rapid.Bool().Draw(t, "of MACs") {
			s.MACs = budget
		} else {
			s.Params = budget
		}
		before, full := values(net), net.Count()
		choice, err := s.Choose(t.Context(), net)
		if err != nil {
			if !errors.Is(err, ErrHeld) && !strings.Contains(err.Error(), "cannot be met") {
				t.Fatal(err)
			}
			if !slices.Equal(values(net), before) {
				t.Fatal("the network changed although the budget was not met")
			}
			return
		}
		small, report, err := Prune(net, Options{Random: 4, Held: choice.Held, Keep: k, RoundTo: round})
		if err != nil {
			t.Fatal(err)
		}
		if float64(report.After.MACs) > s.MACs*float64(full.MACs) && s.MACs > 0 ||
			float64(report.After.Params) > s.Params*float64(full.Params) && s.Params > 0 {
			t.Fatalf("%+v is left of %+v, the budget is %g", report.After, full, budget)
		}
		checkKept(t, net, small, k, round)
		for _, l := range choice.Limited {
			if l.Units < 1 || l.By == "" {
				t.Fatalf("limited: %+v", choice.Limited)
			}
		}
		met++
	})
	if met < 5 {
		t.Errorf("the demands were met %d times only: the test shows little", met)
	}
}

// wide is a convolution of 20 channels, of norms 1 to 20, that a linear layer reads.
func wide(t *testing.T) *nn.Network {
	t.Helper()
	net, err := nn.New("wide", nn.Shape{1, 4, 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []struct {
		name  string
		layer nn.Layer
	}{
		{"conv", &layers.Conv{Out: 20, Kernel: layers.Square(1), NoBias: true}}, {"relu", layers.ReLU()},
		{"pool", &layers.GlobalPool{}}, {"fc", &layers.Linear{Out: 2}},
	} {
		if err := net.Add(l.name, l.layer); err != nil {
			t.Fatal(err)
		}
	}
	for i := range net.Params()[0].Data() {
		net.Params()[0].Data()[i] = float32(i + 1)
	}
	net.Params()[1].Fill(1)
	return net
}

// TestKeepTakesTheMostImportant: of the units that would have gone, the most important stay.
func TestKeepTakesTheMostImportant(t *testing.T) {
	for _, c := range []struct {
		s       Selection
		kept    int
		limited []Limited
	}{
		{Selection{Params: 0.5}, 9, nil}, // of 62 parameters 3 a channel and 2: 9 · 3 + 2 = 29
		{Selection{Params: 0.5, RoundTo: 4}, 8, nil},
		{Selection{Params: 0.6, RoundTo: 4}, 8, nil},
		{Selection{Params: 0.8, Keep: Keep{Least: 15}}, 15, nil},
		{Selection{Layers: map[string]float64{"conv": 0.5}}, 10, nil},
		{Selection{Layers: map[string]float64{"c*": 0.5}, RoundTo: 8}, 8, nil},
	} {
		net := wide(t)
		c.s.Importance = importance.Magnitude{}
		choice, err := c.s.Choose(t.Context(), net)
		if err != nil {
			t.Fatalf("%+v: %v", c.s, err)
		}
		for i, v := range net.Params()[0].Data() {
			if want := i >= 20-c.kept; (v != 0) != want {
				t.Errorf("%+v: channel %d of the smallest is kept: %v, want %v", c.s, i, v != 0, want)
			}
		}
		if !slices.Equal(choice.Limited, c.limited) {
			t.Errorf("%+v: limited %v, want %v", c.s, choice.Limited, c.limited)
		}
	}
}

// TestKeepMessages: an option that has no meaning, and one that is in the way.
func TestKeepMessages(t *testing.T) {
	for want, s := range map[string]Selection{
		"keep.layers: \"conv2\" matches no layer with units of its own; there are conv, fc": {MACs: 0.5, Keep: Keep{Layers: []string{"conv2"}}},
		"keep.of: \"relu\" matches no layer with units of its own; there are conv, fc":      {MACs: 0.5, Keep: Keep{Of: map[string]Bounds{"relu": {Least: 2}}}},
		"keep.of has no bound for \"fc\"; give it least or lose":                            {MACs: 0.5, Keep: Keep{Of: map[string]Bounds{"fc": {}}}},
		"the budget cannot be met: with all units gone that may go, the network still has 1.03 times the budget; loosen the budgets of layers": {
			Params: 0.5, Layers: map[string]float64{"conv": 0.5}},
		"keep.least is 2.5; it must be a share below 1 or a whole number of units": {MACs: 0.5, Keep: Keep{Least: 2.5}},
		"keep.lose is 1; it must be a share above 0 and below 1":                   {MACs: 0.5, Keep: Keep{Lose: 1}},
		"round_to is -1, it must be at least 1":                                    {MACs: 0.5, RoundTo: -1},
		"the batch is 2; it must be at least 1, and only budget latency takes one": {MACs: 0.5, Batch: 2},
		"the budget cannot be met: with all units gone that may go, the network still has 1.61 times the budget; " +
			"loosen keep.lose, which keeps 15 more units of layer conv": {Params: 0.5, Keep: Keep{Lose: 0.2}},
		"the budget cannot be met: with all units gone that may go, the network still has 1.61 times the budget; " +
			"loosen round_to, which keeps 15 more units of layer conv": {Params: 0.5, RoundTo: 16},
		"budget layers: \"fc\" matches layer fc, whose units are the outputs of the network, which all stay": {Layers: map[string]float64{"fc": 0.5}},
		"the budget of layer conv cannot be met: it is 0.5 of its units, by \"conv\", and the layer keeps 12 of 20; keep.least keeps them; loosen it": {
			Layers: map[string]float64{"conv": 0.5}, Keep: Keep{Least: 12}},
		"budget layers gives \"conv\" 1.5, it must be above 0 and at most 1":             {Layers: map[string]float64{"conv": 1.5}},
		"it needs exactly one budget: either macs or params or latency, or layers alone": {MACs: 0.5, Latency: 0.5},
	} {
		s.Importance = importance.Magnitude{}
		net := wide(t)
		before := values(net)
		if err := s.Zero(net); err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
		if !slices.Equal(values(net), before) {
			t.Errorf("%+v changed the network", s)
		}
	}
}

// TestKeepsZeros: without a selection, dead units stay where the demands want them, a whole
// dead path included.
func TestKeepsZeros(t *testing.T) {
	for _, c := range []struct {
		o     Options
		kept  int
		by    string
		extra int
	}{
		{Options{}, 5, "", 0},
		{Options{RoundTo: 8}, 8, "round_to", 3},
		{Options{Keep: Keep{Layers: []string{"conv"}}}, 20, "keep.layers", 15},
		{Options{Keep: Keep{Lose: 0.5}}, 10, "keep.lose", 5},
		{Options{Keep: Keep{Of: map[string]Bounds{"c*": {Least: 7}}}}, 7, "keep.of.c*.least", 2},
	} {
		net := wide(t)
		clear(net.Params()[0].Data()[:15])
		small, report, err := Prune(net, c.o)
		if err != nil {
			t.Fatal(err)
		}
		conv, _ := small.Lookup("conv")
		if conv.Shape.Units() != c.kept {
			t.Errorf("%+v keeps %d channels, want %d", c.o, conv.Shape.Units(), c.kept)
		}
		if l := report.Limited; c.extra > 0 && (len(l) != 1 || l[0] != (Limited{"conv", c.by, c.extra})) || c.extra == 0 && l != nil {
			t.Errorf("%+v: limited %+v", c.o, l)
		}
	}
	net := wide(t)
	net.Params()[0].Fill(0)
	net.Params()[1].Fill(0)
	small, _, err := Prune(net, Options{Keep: Keep{Layers: []string{"conv"}}})
	if err != nil {
		t.Fatal(err)
	}
	if conv, ok := small.Lookup("conv"); !ok || conv.Shape.Units() != 20 {
		t.Errorf("a dead layer that nothing reads keeps %v", conv)
	}
}
