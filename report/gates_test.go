package report

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
	"pare/prune"
)

// Gates are values on edges: of those that are left as pruning left them, of
// closed ones as they were.
func TestGatesOnEdges(t *testing.T) {
	d := sample(t, 8)
	set := func(net *nn.Network, name string, value float32) {
		for _, p := range net.Params() {
			if p.Full == name+".gate" {
				p.Fill(value)
			}
		}
	}
	set(d.Network, "stage3.block1.gate_residual", 0.5)
	set(d.Pruned, "stage3.block1.gate_residual", 0.256)
	f := newFlow(d.Network, d.Pruned)
	found := map[string]string{}
	for _, b := range f.boxes {
		if strings.Contains(b.tip, "gate") {
			t.Errorf("the gates of %s are in a box", b.tip)
		}
	}
	for _, e := range f.edges {
		if e.gate == "" {
			continue
		}
		if to := f.boxes[e.to]; !strings.HasSuffix(to.name, ".add") {
			t.Errorf("%s is on an edge to %s", e.tip, to.name)
		}
		found[strings.TrimSuffix(e.tip, " (gate)")] = e.gate
		if closed := e.gate == "×0"; closed == e.alive {
			t.Errorf("%s is %s, its edge alive: %v", e.tip, e.gate, e.alive)
		}
	}
	for name, want := range map[string]string{"stage1.block1.gate_residual": "×0", "stage1.block1.gate_skip": "×1",
		"stage2.block1.gate_skip": "×0", "stage3.block1.gate_residual": "×0.26"} {
		if found[name] != want {
			t.Errorf("%s is shown as %q, want %q", name, found[name], want)
		}
	}
	if len(found) != 6 {
		t.Errorf("%d gates, want 6: %v", len(found), found)
	}
	var b bytes.Buffer
	if err := Diagram(&b, d.Network, d.Pruned); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, b.String())
	if n := strings.Count(b.String(), `class="halo gate`); n != 6 {
		t.Errorf("%d values of gates are drawn, want 6", n)
	}
}

func TestGateTextOfChannels(t *testing.T) {
	net := mustGates(t)
	if got := gateText(survive(net, net), 1); got != "×0…1.2" {
		t.Errorf("the gates of three channels are shown as %q", got)
	}
}

// mustGates is a convolution with a gate for each of its three channels.
func mustGates(t *testing.T) *nn.Network {
	t.Helper()
	net, err := nn.New("gates", nn.Shape{1, 2, 2}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	if err := net.Add("conv", &layers.Conv{Out: 3, Kernel: layers.Square(1)}); err != nil {
		t.Fatal(err)
	}
	gate := &layers.Gate{PerChannel: true}
	if err := net.Add("gate", gate); err != nil {
		t.Fatal(err)
	}
	copy(gate.Traits().Factor.Data(), []float32{0.5, 0, 1.2})
	return net
}

// The box of attention says how many heads are left.
func TestHeads(t *testing.T) {
	net, err := nn.New("heads", nn.Shape{3, 4}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []struct {
		name  string
		layer nn.Layer
	}{{"qkv", &layers.Linear{Out: 12}}, {"attention", &layers.Attention{Heads: 2}}, {"out", &layers.Linear{Out: 5}}} {
		if err := net.Add(l.name, l.layer); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range net.Params() { // rows of the first head: dimensions 0 and 1 of queries, keys and values
		if p.Node.Name != "qkv" {
			continue
		}
		n, stride := p.AxisLen(p.FindAxis(nn.AxisOut))
		for i := range p.Data() {
			if u := i / stride % n; u%4 < 2 {
				p.Data()[i] = 0
			}
		}
	}
	small, _, err := prune.Prune(net, prune.Options{Random: 4})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[*nn.Network]string{small: "2 → 1 heads", net: "2 heads"} {
		var b bytes.Buffer
		if err := Diagram(&b, net, name); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), "attention · "+want) {
			t.Errorf("the diagram lacks %q", want)
		}
	}
}
