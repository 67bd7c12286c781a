package prune

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pare/layers"
	"pare/nn"
	"pare/prune/importance"
)

// grouped is a network of grouped convolutions. Where one unit is left in each layer, no path
// leads to the output: the convolution behind reads another group.
func grouped(t *testing.T) *nn.Network {
	t.Helper()
	net := chain(t, nn.Shape{1, 6, 6}, rand.New(rand.NewPCG(1, 2)),
		link{"conv1", &layers.Conv{Out: 8, Kernel: layers.Square(1), NoBias: true}, nil},
		link{"conv2", &layers.Conv{Out: 8, Kernel: layers.Square(1), Groups: 4, NoBias: true}, nil},
		link{"pool", &layers.GlobalPool{}, nil},
		link{"fc", &layers.Linear{Out: 3}, nil})
	for layer, last := range map[string]int{"conv1": 0, "conv2": 7} { // the units that are left
		w := valuesOf(net, layer, 0)
		for i := range w {
			if w[i] += float32(math.Copysign(1, float64(w[i]))); i%8 == last {
				w[i] *= 10
			}
		}
	}
	return net
}

// closes reports whether no input changes the output of a network.
func closes(t *testing.T, net *nn.Network) bool {
	t.Helper()
	small, _, err := Prune(net, Options{Random: 4})
	if err != nil {
		t.Fatal(err)
	}
	return small.Count().MACs == 0
}

// TestBudgetKeepsTheNetworkOpen: a selection ends with a network that computes something if one
// meets the budget, also where numbers of units are rounded, for sizes and for times.
func TestBudgetKeepsTheNetworkOpen(t *testing.T) {
	clock := &fakeClock{rng: rand.New(rand.NewPCG(3, 4))}
	for _, budget := range []float64{0.9, 0.7, 0.5, 0.3} {
		for _, round := range []int{0, 2, 3, 4} {
			for name, s := range map[string]Selection{"macs": {MACs: budget}, "params": {Params: budget},
				"latency": {Latency: budget, Clock: clock}} {
				net := grouped(t)
				full := net.Count()
				s.Importance, s.RoundTo = importance.Magnitude{}, round
				choice, err := s.Choose(t.Context(), net)
				if err != nil {
					if round == 0 || !strings.Contains(err.Error(), "loosen round_to") {
						t.Errorf("%s %g, rounded to %d: %v", name, budget, round, err)
					}
					continue
				}
				small, report, err := Prune(net, Options{Random: 4, Held: choice.Held, RoundTo: round})
				if err != nil {
					t.Fatal(err)
				}
				left := map[string]float64{"macs": share(report.After.MACs, full.MACs), "params": share(report.After.Params, full.Params),
					"latency": share(report.After.MACs, full.MACs)}[name]
				if report.After.MACs == 0 || left > budget {
					t.Errorf("%s %g, rounded to %d: %g is left: %s", name, budget, round, left, kinds(small))
				}
			}
		}
	}
}

func share(a, b int64) float64 { return float64(a) / float64(b) }

// TestBudgetThatOnlyAConstantMeets: without demands on layers it is met; with them it is refused.
func TestBudgetThatOnlyAConstantMeets(t *testing.T) {
	net := grouped(t)
	if err := (Selection{Importance: importance.Magnitude{}, MACs: 1e-9}).Zero(net); err != nil || !closes(t, net) {
		t.Errorf("without demands: %v", err)
	}
	for _, round := range []int{8, 1000, math.MaxInt} {
		net = grouped(t)
		before := values(net)
		err := Selection{Importance: importance.Magnitude{}, MACs: 0.5, RoundTo: round}.Zero(net)
		if want := "the budget cannot be met: with all units gone that may go, the network still has 2 times the budget; " +
			"loosen round_to, which keeps 7 more units of layer conv1"; err == nil || err.Error() != want {
			t.Errorf("rounded to %d: %v\nwant %s", round, err, want)
		}
		requireValues(t, net, before)
	}
}

// TestLatencyOfAll: a budget of all of the time takes no unit away, however the clock wavers.
func TestLatencyOfAll(t *testing.T) {
	net := grouped(t)
	before := values(net)
	clock := &fakeClock{noise: 0.5, rng: rand.New(rand.NewPCG(5, 6))}
	choice, err := Selection{Importance: importance.Magnitude{}, Latency: 1, Clock: clock}.Choose(t.Context(), net)
	if err != nil || choice.Latency.Tries != 1 || choice.Latency.After != clock.careful[1].Seconds() {
		t.Errorf("%+v, %v", choice, err)
	}
	requireValues(t, net, before)
}

func requireValues(t *testing.T, net *nn.Network, want []float32) {
	t.Helper()
	for i, v := range values(net) {
		if v != want[i] {
			t.Fatalf("value %d became %g, was %g", i, v, want[i])
		}
	}
}
