package gradual

import (
	"math"
	"slices"
	"testing"

	"pare/nn"
	"pare/prune"
)

// TestSpare: of groups that are chosen those come back without which the line is met,
// those worth most first, and none of the rest could.
func TestSpare(t *testing.T) {
	net := perceptron(t, 12, 6)
	ts := terms{neurons(t, net)}
	whole := float64(net.Count().MACs)
	share := func(left nn.Counts) float64 { return float64(left.MACs) / whole }
	scores := make([]float64, 18)
	for g := range scores {
		scores[g] = math.Sqrt(float64(g * 7 % 18))
	}
	all := ranked(ts, [][]float64{scores})
	values := kept{}.keep(ts)
	const line = 0.5
	chosen := all[:16]
	values.put(all, chosen)
	gone, err := values.spare(chosen, line, func() (float64, error) {
		left, err := prune.Remaining(net)
		return share(left), err
	})
	if err != nil {
		t.Fatal(err)
	}
	look := func(gone []group) float64 {
		values.put(all, gone)
		left, err := prune.Remaining(net)
		if err != nil {
			t.Fatal(err)
		}
		return share(left)
	}
	left, err := prune.Remaining(net)
	if err != nil || share(left) != look(gone) || share(left) > line {
		t.Errorf("%g is left (%v), want what the rest of the groups leaves, %g, and at most %g", share(left), err, look(gone), line)
	}
	if len(gone) == 0 || len(gone) >= len(chosen) || slices.ContainsFunc(gone, func(g group) bool { return g.number == chosen[15].number }) {
		t.Errorf("%d of %d groups go, among them the one worth most", len(gone), len(chosen))
	}
	for i := range gone {
		if s := look(slices.Delete(slices.Clone(gone), i, i+1)); s <= line {
			t.Errorf("group %d goes, though %g would be left without that", gone[i].number, s)
		}
	}
}
