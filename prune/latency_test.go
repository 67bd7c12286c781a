package prune

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pare/nn"
	"pare/prune/importance"
)

// fakeClock takes a nanosecond for a multiply-accumulate and one for each of so many others,
// with noise, and keeps its last careful measurement.
type fakeClock struct {
	fixed   int64
	noise   float64
	rng     *rand.Rand
	careful [2]time.Duration
	batch   int
}

func (c *fakeClock) Times(_ context.Context, a, b *nn.Network, batch int, _ uint64, careful bool) (time.Duration, time.Duration, error) {
	of := func(net *nn.Network) time.Duration {
		factor := 1 + c.noise*(2*c.rng.Float64()-1)
		return time.Duration(float64(c.fixed+net.Count().MACs) * factor)
	}
	x, y := of(a), of(b)
	if careful {
		c.careful = [2]time.Duration{x, y}
	}
	c.batch = batch
	return x, y, nil
}

// TestLatencyMeetsItsBudget: the time that is measured last meets the budget, however the clock
// wavers, and the network that is left is the one that was measured.
func TestLatencyMeetsItsBudget(t *testing.T) {
	for _, noise := range []float64{0, 0.02, 0.1} {
		net := build(t, "lenet5", mnist)
		whole := net.Count()
		clock := &fakeClock{noise: noise, rng: rand.New(rand.NewPCG(1, 2))}
		s := Selection{Importance: importance.Magnitude{}, Latency: 0.4, Batch: 3, Clock: clock, RoundTo: 2}
		choice, err := s.Choose(t.Context(), net)
		if err != nil {
			t.Fatal(err)
		}
		l := choice.Latency
		if l.Batch != 3 || clock.batch != 3 || l.Share > 0.4 || l.Share != l.After/l.Before || l.Tries < 2 || l.Tries > 40 {
			t.Errorf("noise %g: %+v", noise, l)
		}
		if l.Before != clock.careful[0].Seconds() || l.After != clock.careful[1].Seconds() {
			t.Errorf("noise %g: %+v is not the last careful measurement, %v", noise, l, clock.careful)
		}
		_, report, err := Prune(net, Options{Random: 4, RoundTo: 2, Held: choice.Held})
		if err != nil {
			t.Fatal(err)
		}
		share := float64(report.After.MACs) / float64(whole.MACs)
		if noise == 0 && (share != l.Share || share < 0.35) || share < 0.25 {
			t.Errorf("noise %g: %g of the multiply-accumulates are left, %+v", noise, share, l)
		}
	}
}

// TestLatencyOutOfReach: an inference has a time that pruning does not shorten.
func TestLatencyOutOfReach(t *testing.T) {
	net := build(t, "lenet5", mnist)
	before := values(net)
	clock := &fakeClock{fixed: net.Count().MACs, rng: rand.New(rand.NewPCG(1, 2))}
	err := Selection{Importance: importance.Magnitude{}, Latency: 0.4, Clock: clock}.Zero(net)
	if err == nil || !strings.Contains(err.Error(), "the budget cannot be met: with one unit left in every layer, an inference still takes 0.5") {
		t.Error(err)
	}
	for i, v := range values(net) {
		if v != before[i] {
			t.Fatal("the network changed")
		}
	}
}

// TestSearchTimed: the careful measurement decides, and each one that fails takes more away.
func TestSearchTimed(t *testing.T) {
	for _, lag := range []int{0, 1, 30, 1000} {
		var last int
		found, err := lowest(10, 500, true, 0.5, 7, func(gone int) (float64, error) { return float64(500-gone) / 500, nil })
		if err == nil {
			err = carefully(found, 500, 7, 0.5, func(gone int) (float64, error) {
				last = gone
				return float64(500-gone+lag) / 500, nil
			})
		}
		switch {
		case lag == 1000:
			if err == nil || !strings.Contains(err.Error(), "took 2 of its time at the end") {
				t.Errorf("lag 1000: %v", err)
			}
		case err != nil || last < 250+lag || last > 250+lag+40:
			t.Errorf("lag %d: ends at %d, %v", lag, last, err)
		}
	}
	broken := errors.New("broken")
	measure := func(int) (float64, error) { return 0, broken }
	if err := carefully(0, 5, 1, 0.5, measure); err != broken {
		t.Error(err)
	}
	if _, err := lowest(0, 5, true, 0.5, 1, measure); err != broken {
		t.Error(err)
	}
}

// TestWall: the clock of this machine tells a large network from a small one.
func TestWall(t *testing.T) {
	small, large := build(t, "mlp", mnist), build(t, "resnet", mnist)
	a, b, err := Wall{}.Times(t.Context(), large, small, 1, 1, false)
	if err != nil || a <= b || b <= 0 {
		t.Errorf("%v and %v, %v", a, b, err)
	}
	if text := fmt.Sprint(median([]time.Duration{5, 1, 3})); text != "3ns" {
		t.Error(text)
	}
}
