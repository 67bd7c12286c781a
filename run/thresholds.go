package run

import (
	"context"
	"fmt"
	"math"

	"pare/layers/activity"
	"pare/nn"
	"pare/train"
)

// Thresholds are the thresholds that calibration gave to the ReLUs of a network. All
// measures are on the examples that it used.
type Thresholds struct {
	Layers   map[string]float64 `json:"layers,omitempty"` // threshold of each layer; nil: none was needed or possible
	Energy   float64            `json:"energy"`           // share of the sum of squares of each layer below its threshold, at most
	Examples int                `json:"examples"`         // examples that thresholds were calibrated on

	LossBefore     float64 `json:"loss_before"`     // on these examples, without thresholds
	LossAfter      float64 `json:"loss_after"`      // on these examples, with thresholds
	AccuracyBefore float64 `json:"accuracy_before"` // on these examples, without thresholds
	AccuracyAfter  float64 `json:"accuracy_after"`  // on these examples, with thresholds
	DensityBefore  float64 `json:"density_before"`  // share of the activations that are not 0, without thresholds
	DensityAfter   float64 `json:"density_after"`   // the same, with thresholds
}

const (
	leastEnergy    = 1e-7 // share from which the search starts
	thresholdTries = 14   // halvings of its logarithm: a factor of 1.001
)

// calibrate gives the ReLUs thresholds as the config asks: every layer loses the same share
// of its sum of squares, found by bisection. Without thresholds in the config it returns
// the network unchanged, and nil.
func (r *runner) calibrate(ctx context.Context, net *nn.Network) (*nn.Network, *Thresholds, error) {
	t := r.c.Thresholds
	if t == nil {
		return net, nil, nil
	}
	c := calibration{net: net, data: r.data, batch: net.BatchUpTo(evaluationBatch), limit: t.Examples}
	if err := c.observe(ctx); err != nil {
		return nil, nil, err
	}
	if c.histograms.Empty() {
		r.warn("thresholds: no ReLU is left to have one")
		return net, nil, nil
	}
	before, _, err := c.try(ctx, 0)
	if err != nil {
		return nil, nil, err
	}
	// fits holds for small shares with a limit on the loss, for large ones with a limit on
	// the density; the search ends at the last share before it changes.
	fits := func(p point) bool { return p.loss <= before.loss*(1+t.Loss) }
	if t.Density > 0 {
		fits = func(p point) bool { return p.density > t.Density }
	}
	best, out := before, net
	if !(t.Density > 0 && before.density <= t.Density) {
		lo, hi := math.Log(leastEnergy), 0.0
		for range thresholdTries {
			mid := (lo + hi) / 2
			p, tried, err := c.try(ctx, math.Exp(mid))
			if err != nil {
				return nil, nil, err
			}
			below := fits(p)
			if below == (t.Density == 0) {
				best, out = p, tried
			}
			if below {
				lo = mid
			} else {
				hi = mid
			}
		}
	}
	res := &Thresholds{Energy: best.energy, Examples: c.examples,
		LossBefore: before.loss, LossAfter: best.loss, AccuracyBefore: before.accuracy, AccuracyAfter: best.accuracy,
		DensityBefore: before.density, DensityAfter: best.density}
	if best.energy > 0 {
		res.Layers = c.histograms.Thresholds(best.energy)
	} else if t.Density > 0 && before.density > t.Density {
		r.warn("thresholds: no share of energy brings the density of activations from %.3g down to %.3g; "+
			"there are no thresholds", before.density, t.Density)
	} else if t.Loss > 0 {
		r.warn("thresholds: none keep the loss within %.3g of it; there are no thresholds", t.Loss)
	}
	r.say("thresholds: activations not 0 %.2f %% → %.2f %%, loss %.4f → %.4f, on %d examples", 100*res.DensityBefore,
		100*res.DensityAfter, res.LossBefore, res.LossAfter, c.examples)
	return out, res, nil
}

// point is a share of energy with its effect.
type point struct{ energy, loss, accuracy, density float64 }

type calibration struct {
	net      *nn.Network
	data     *Data
	batch    int
	limit    int
	examples int

	histograms *activity.Histograms
}

// source is the validation data or, without any, the training data.
func (c *calibration) source() (train.EvalSource, error) {
	part := c.data.unseen()
	return c.data.Eval(part, c.batch, min(c.limit, count(part)))
}

// observe fills the histograms.
func (c *calibration) observe(ctx context.Context) error {
	c.histograms = activity.NewHistograms(c.net)
	source, err := c.source()
	if err != nil {
		return err
	}
	p, err := nn.Compile(c.net, nn.CompileOptions{Mode: nn.Infer, Batch: c.batch, Probes: c.histograms.Probes()})
	if err != nil {
		return err
	}
	err = train.Forward(ctx, p, source, 0, c.histograms.Expect, func(b train.Batch, _ []float32) error {
		c.examples += b.N
		return nil
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("calibrate thresholds: %w", err)
	}
	return ctxError(ctx, "calibrating thresholds")
}

// try evaluates the thresholds of a share of energy.
func (c *calibration) try(ctx context.Context, energy float64) (point, *nn.Network, error) {
	net, err := activity.WithThresholds(c.net, c.histograms.Thresholds(energy))
	if err != nil {
		return point{}, nil, err
	}
	source, err := c.source()
	if err != nil {
		return point{}, nil, err
	}
	e, err := train.NewEvaluator(net, c.batch, c.data.Loss())
	if err != nil {
		return point{}, nil, err
	}
	m, err := e.Run(ctx, source)
	if ctx.Err() != nil {
		return point{}, nil, ctxError(ctx, "calibrating thresholds")
	}
	if err != nil {
		return point{}, nil, fmt.Errorf("calibrate thresholds: %w", err)
	}
	p := point{energy: energy, loss: m.Loss, accuracy: m.Accuracy}
	if a := e.Activity(); a != nil {
		p.density = a.Overall
	}
	return p, net, nil
}

// checkThresholds refuses a calibration of a network without ReLUs.
func (r *runner) checkThresholds(net *nn.Network) error {
	if r.c.Thresholds != nil && activity.NewHistograms(net).Empty() {
		return r.c.Errorf("thresholds", "the network has no ReLU whose output another layer reads; remove it")
	}
	return nil
}
