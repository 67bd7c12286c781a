package regularize

import (
	"math"
	"strings"
	"testing"

	"pare/nn"
	"pare/prune"
)

// TestTargetsThatANetworkLacks: the message names the targets that there are.
func TestTargetsThatANetworkLacks(t *testing.T) {
	for _, c := range []struct {
		net  *nn.Network
		on   string
		want string
	}{
		{plain(t), "branches", "no branches; it has weights, channels, neurons, input_features, positions"},
		{plain(t), "heads", "no heads; it has weights"},
		{plain(t), "gates", "no gates; it has"},
		{plain(t), "recurrent_units", "no recurrent_units; it has"},
		{tagger(t), "channels", "no channels; it has weights, neurons, input_features, recurrent_units"},
		{tagger(t), "blocks", "no blocks; it has weights, neurons, "},
		{residual(t), "positions", "no positions; it has weights, channels, blocks, gates, input_features"},
	} {
		_, err := NewTerm(c.net, Spec{Type: "group_lasso", On: c.on, Lambda: 1})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("on: %s: error %v, want one with %q", c.on, err, c.want)
		}
	}
}

// TestMACsOfGroups: scale macs weighs a group by the multiply-accumulates that pruning
// saves when it is zero, for every target that removes structure.
func TestMACsOfGroups(t *testing.T) {
	for _, c := range []struct {
		net  func(testing.TB) *nn.Network
		spec Spec
	}{
		{plain, Spec{On: "channels", Members: "out"}},
		{plain, Spec{On: "neurons", Members: "out"}},
		{plain, Spec{On: "positions"}},
		{smallResNet, Spec{On: "blocks", Members: "out"}},
		{smallTransformer, Spec{On: "blocks", Members: "out"}},
		{inception, Spec{On: "branches", Members: "out"}},
		{residual, Spec{On: "gates"}},
		{smallTransformer, Spec{On: "heads"}},
		{tagger, Spec{On: "recurrent_units"}},
		{inception, Spec{On: "input_features"}},
	} {
		spec := c.spec
		spec.Type = "group_lasso"
		net := c.net(t)
		topo := newTopology(net)
		groups, err := (&finder{}).findGroups(topo, spec)
		if err != nil {
			t.Fatal(err)
		}
		scales := (&finder{}).scaleGroups(groups, "macs")
		mean := 0.0
		for i, g := range groups {
			saved := savedBy(t, net, g)
			if g.macs != saved {
				t.Errorf("%s: %s counts %g multiply-accumulates, pruning saves %g", spec.On, g.label, g.macs, saved)
			}
			mean += scales[i] / float64(len(groups))
			if r := scales[i] / scales[0] * groups[0].macs / g.macs; math.Abs(r-1) > 1e-12 {
				t.Errorf("%s: %s weighs %g, out of proportion", spec.On, g.label, scales[i])
			}
		}
		if math.Abs(mean-1) > 1e-12 {
			t.Errorf("%s: the mean scale is %g", spec.On, mean)
		}
	}
}

// savedBy zeroes a group in a copy of the network and prunes it.
func savedBy(t *testing.T, net *nn.Network, g *group) float64 {
	t.Helper()
	trial, err := net.Clone()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range g.slots {
		for k, p := range net.Nodes[s.Node].Layer.Params() {
			if p == s.Param {
				clearSlot(trial.Nodes[s.Node].Layer.Params()[k], s)
			}
		}
	}
	small, _, err := prune.Prune(trial, prune.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return float64(net.Count().MACs - small.Count().MACs)
}

func clearSlot(p *nn.Param, s nn.Slot) {
	n, stride := p.AxisLen(s.Axis)
	for i := range p.Data() {
		if i/stride%n == s.Index {
			p.Data()[i] = 0
		}
	}
}

// TestMACsOfWeights: a weight of a convolution counts once for every position, one of
// a linear layer once.
func TestMACsOfWeights(t *testing.T) {
	parts, err := (&finder{}).findParts(plain(t), Spec{Type: "l1", On: "weights", Scale: "macs"}, L1{})
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{4, 1, 1} // 2×2 positions
	sum, values := 0.0, 0.0
	for i, p := range parts {
		c := p.(*cells)
		if r := c.scale / parts[1].(*cells).scale; math.Abs(r-want[i]) > 1e-12 {
			t.Errorf("the weights of layer %d weigh %g of those of a linear layer, expected %g", i+1, r, want[i])
		}
		sum, values = sum+c.scale*float64(len(c.data)), values+float64(len(c.data))
	}
	if len(parts) != 3 || math.Abs(sum/values-1) > 1e-12 {
		t.Errorf("%d layers, mean scale %g", len(parts), sum/values)
	}
}
