package infer

import (
	"errors"
	"fmt"
	"math"

	"pare/internal/fault"
	"pare/layers/activity"
	"pare/nn"
)

// Budget bounds the effect of an approximation on the examples that it is calibrated on. Exactly one
// field is above 0.
type Budget struct {
	// Classes is the share of predictions, one for each position of an example, whose largest output
	// may become another one: the accuracy falls by no more than that.
	Classes float64
	// Change is the largest difference of an output, as a share of the largest output.
	Change float64
}

// Approximation are thresholds of rectifiers: smaller activations become 0, so that layers that skip
// zeros have less work, and outputs change.
type Approximation struct {
	Thresholds map[string]float64 `json:"thresholds"` // by layer
	Energy     float64            `json:"energy"`     // share of the sum of squares of each layer below its threshold, at most
	Examples   int                `json:"examples"`   // that the thresholds are calibrated on
	Effect     Effect             `json:"effect"`     // on these
}

// Effect is the difference that an approximation makes.
type Effect struct {
	Classes float64 `json:"classes"` // share of predictions whose largest output is another one
	Change  float64 `json:"change"`  // largest difference of an output, as a share of the largest one
}

// within reports whether the budget allows an effect.
func (b Budget) within(e Effect) bool {
	if b.Classes > 0 {
		return e.Classes <= b.Classes
	}
	return e.Change <= b.Change
}

func (b Budget) check(units int) error {
	switch {
	case !(b.Classes >= 0 && b.Classes < 1) || !(b.Change >= 0 && b.Change < 1):
		return fmt.Errorf("budget %g of classes, %g of change; each must be at least 0 and below 1", b.Classes, b.Change)
	case (b.Classes > 0) == (b.Change > 0):
		return errors.New("the budget bounds either the classes or the change of outputs")
	case b.Classes > 0 && units == 1:
		return errors.New("a network with one output has no classes; bound the change of outputs")
	}
	return nil
}

// The search for a share of energy: the least one, and halvings of its logarithm.
const (
	leastEnergy = 1e-8
	energyTries = 14
)

// calibrationBatch is the number of examples of a batch of a calibration, at most.
const calibrationBatch = 32

// Approximate chooses thresholds for the rectifiers of a network whose outputs other layers read:
// each such layer loses the same share of its sum of squares (Kurtz et al. 2020), the largest one
// within the budget by bisection. in has n examples in the layout that o.ChannelsLast says; other
// options have no effect. Thresholds are 0 where the budget allows no other.
func Approximate(net *nn.Network, in []float32, n int, budget Budget, o Options) (a *Approximation, err error) {
	defer fault.Recover(&err)
	if err := budget.check(net.Output().Shape.Units()); err != nil {
		return nil, fmt.Errorf("approximate %s: %w", net.Name, err)
	}
	if n < 1 || len(in) != n*net.Input.Size() {
		return nil, fmt.Errorf("approximate %s: %d inputs for %d examples of %d each; at least one example is needed",
			net.Name, len(in), n, net.Input.Size())
	}
	histograms := activity.NewHistograms(net)
	if histograms.Empty() {
		return nil, fmt.Errorf("approximate %s: it has no ReLU whose output another layer reads", net.Name)
	}
	if err := observe(net, histograms, in, n, o); err != nil {
		return nil, err
	}
	exact, err := outputs(net, in, n, o)
	if err != nil {
		return nil, err
	}
	try := func(energy float64) (*Approximation, error) {
		t := histograms.Thresholds(energy)
		changed, err := activity.WithThresholds(net, t)
		if err != nil {
			return nil, err
		}
		now, err := outputs(changed, in, n, o)
		if err != nil {
			return nil, err
		}
		return &Approximation{Thresholds: t, Energy: energy, Examples: n, Effect: Compare(exact, now, net.Output().Shape, o.ChannelsLast)}, nil
	}
	best := &Approximation{Thresholds: histograms.Thresholds(0), Examples: n}
	for name := range best.Thresholds {
		best.Thresholds[name] = 0
	}
	lo, hi := math.Log(leastEnergy), 0.0
	for range energyTries {
		mid := (lo + hi) / 2
		found, err := try(math.Exp(mid))
		if err != nil {
			return nil, err
		}
		if budget.within(found.Effect) {
			best, lo = found, mid
		} else {
			hi = mid
		}
	}
	return best, nil
}

// observe fills the histograms.
func observe(net *nn.Network, h *activity.Histograms, in []float32, n int, o Options) error {
	batch := min(n, net.BatchUpTo(calibrationBatch))
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Infer, Batch: batch, Probes: h.Probes()})
	if err != nil {
		return err
	}
	size := net.Input.Size()
	for n > 0 {
		now := min(n, batch)
		if o.ChannelsLast {
			copy(p.X, in[:now*size])
		} else {
			channelsLast(p.X[:now*size], in[:now*size], net.Input)
		}
		h.Expect(now)
		p.ResetState()
		p.Run()
		in, n = in[now*size:], n-now
	}
	return nil
}

// outputs are the outputs of a network, dense; they must be finite.
func outputs(net *nn.Network, in []float32, n int, o Options) ([]float32, error) {
	p, err := New(net, Options{MaxBatch: min(n, net.BatchUpTo(calibrationBatch)), ChannelsLast: o.ChannelsLast, Zeros: Dense})
	if err != nil {
		return nil, err
	}
	out := make([]float32, n*p.Output().Size())
	if err := p.Predict(out, in, n); err != nil {
		return nil, err
	}
	for i, v := range out {
		if v-v != 0 {
			return nil, fmt.Errorf("approximate %s: an output of example %d is %g; leave the example out", net.Name, i/p.Output().Size(), v)
		}
	}
	return out, nil
}

// Compare finds the effect on outputs of a shape for some examples, channels last or first.
func Compare(exact, approximate []float32, s nn.Shape, last bool) Effect {
	var e Effect
	change, largest, other := 0.0, 0.0, 0
	for i, v := range exact {
		change, largest = max(change, math.Abs(float64(v)-float64(approximate[i]))), max(largest, math.Abs(float64(v)))
	}
	if change > 0 {
		e.Change = change / max(largest, math.SmallestNonzeroFloat32)
	}
	units, positions := s.Units(), s.Positions()
	next, step := units, 1 // of a position, of a unit
	if !last {
		next, step = 1, positions
	}
	class := func(y []float32) (best int) {
		for u := range units {
			if y[u*step] > y[best*step] {
				best = u
			}
		}
		return best
	}
	for i := 0; i < len(exact); i += s.Size() {
		for p := range positions {
			if class(exact[i+p*next:]) != class(approximate[i+p*next:]) {
				other++
			}
		}
	}
	e.Classes = float64(other) / float64(max(1, len(exact)/max(1, units)))
	return e
}
