package run

import (
	"context"
	"strings"
	"testing"

	"pare/export"
	"pare/nn"
	"pare/prune"
)

// TestDemands: layers end with as many units as the config demands, by each way of removal, and
// the summary says which layers would have lost more.
func TestDemands(t *testing.T) {
	units := func(net *nn.Network, name string) int {
		node, ok := net.Lookup(name)
		if !ok {
			return 0
		}
		return node.Shape.Units()
	}
	const lasso = groupsOfNeurons
	for text, check := range map[string]func(n int) bool{
		lasso + "prune: {keep: {layers: fc1}}\n":                                                                      func(n int) bool { return n == 12 },
		lasso + "prune: {keep: {of: {fc1: {least: 0.5}}}, every: 5}\n":                                                func(n int) bool { return n == 6 },
		strings.Replace(lasso, "0.3", "1e-3", 1) + "target: {params: 0.75}\nprune: {keep: {of: {fc1: {least: 8}}}}\n": func(n int) bool { return n == 8 },
		lasso + "prune: {round_to: 4, every: 5}\n":                                                                    func(n int) bool { return n%4 == 0 },
		"prune: {method: magnitude, budget: {params: 0.6}, round_to: 4}\n":                                            func(n int) bool { return n == 4 },
		"prune: {method: least, importance: fpgm, budget: {layers: {fc1: 0.5}}}\n":                                    func(n int) bool { return n == 6 },
		"prune: {method: least, importance: lamp, budget: {params: 0.9}, keep: {lose: 0.2}}\n":                        func(n int) bool { return n == 10 },
	} {
		r := finish(t, parse(t, base+"model: {type: mlp, hidden: [12]}\n"+text))
		m, err := export.Load(r.folder.path(prunedDir))
		if err != nil {
			t.Fatal(err)
		}
		if n := units(m.Net, "fc1"); !check(n) {
			t.Errorf("%s keeps %d of 12 units", text, n)
		}
		for _, l := range r.Limited {
			if l.Layer != "fc1" || !strings.HasPrefix(l.By, "keep.") && l.By != "round_to" || l.Units < 1 {
				t.Errorf("%s: limited %+v", text, r.Limited)
			}
		}
	}
}

// TestLatencyBudget: the summary has the times that were measured.
func TestLatencyBudget(t *testing.T) {
	const wide = "model: {type: mlp, hidden: [2048, 512]}\n"
	r := finish(t, parse(t, base+wide, "train.epochs=0", "prune={method: magnitude, budget: {latency: 0.7, batch: 8}, round_to: 8}"))
	if l := r.Latency; l == nil || l.Batch != 8 || l.Share > 0.7 || l.After/l.Before != l.Share {
		t.Errorf("%+v", l)
	}
	if n := r.MACsAfter; n >= r.MACsBefore {
		t.Errorf("%d multiply-accumulates became %d", r.MACsBefore, n)
	}
}

// TestDemandsRefused: faults are found before there is a run folder, with their key.
func TestDemandsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"prune: {keep: {layers: conv9}}\n":                                                `prune.keep: keep.layers: "conv9" matches no layer with units of its own; there are fc1, fc2, fc3`,
		"prune: {method: random, budget: {layers: {fc9: 0.5}}}\n":                         `prune.budget.layers: budget layers: "fc9" matches no layer with units of its own; there are fc1, fc2, fc3`,
		"prune: {method: random, budget: {macs: 0.1}, keep: {lose: 0.1}}\n":               "prune.budget: the budget cannot be met: with all units gone that may go, the network still has 9.08 times the budget; loosen keep.lose, which keeps 21 more units of layer fc1",
		"prune: {every: 5, keep: {layers: fc*}}\ntarget: {macs: 0.5}\n" + groupsOfNeurons: "target.macs: 0.5 of the multiply-accumulates cannot be reached: with everything removed that the penalties cover, and that keep",
	} {
		_, _, err := Plan(context.Background(), parse(t, dense+text), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v\nwant %s", text, err, want)
		}
	}
}

const groupsOfNeurons = "penalties: [{type: group_lasso, on: neurons, lambda: 0.3}]\n"

// A report names three layers that keep units, and counts the others.
func TestDemandsInShort(t *testing.T) {
	var limited []prune.Limited
	for i, layer := range []string{"conv1", "conv2", "conv3", "conv4", "fc"} {
		limited = append(limited, prune.Limited{Layer: layer, Units: i + 1, By: "round_to"})
		got := demands(nil, limited)[0].Note
		want := []string{"conv1 1 by round_to", "conv1 1 by round_to, conv2 2 by round_to",
			"conv1 1 by round_to, conv2 2 by round_to, conv3 3 by round_to",
			"conv1 1 by round_to, conv2 2 by round_to, conv3 3 by round_to, and 1 more layer, all in prune.json",
			"conv1 1 by round_to, conv2 2 by round_to, conv3 3 by round_to, and 2 more layers, all in prune.json"}[i]
		if got != want {
			t.Errorf("%d layers: %s, want %s", i+1, got, want)
		}
	}
}
