package train

import (
	"context"
	"errors"
	"fmt"

	"pare/nn"
)

// StatisticsSource are the examples that running statistics are computed from.
type StatisticsSource struct {
	EvalSource     // batches that are not full are left out
	Batch      int // examples in a full batch; at least 2 if an example has one value for each statistic
}

// RunningStatistics recomputes the running statistics of a network's BatchNorm layers at
// its present weights (Wu & Johnson 2021, "precise BN"): each layer is fed the output of
// the layers before it, which use the batch's own statistics as in training but no dropout,
// and gathers its moments over all batches. A moving average over the steps of training
// lags behind weights that change fast.
type RunningStatistics struct{ program *nn.Program }

// NewRunningStatistics compiles the network for full batches of batch examples. It
// returns nil where no layer has running statistics.
func NewRunningStatistics(net *nn.Network, batch int) (*RunningStatistics, error) {
	if !net.HasBuffers() {
		return nil, nil
	}
	p, err := nn.Compile(net, nn.CompileOptions{Mode: nn.Measure, Batch: batch})
	if err != nil || len(p.Statistics()) == 0 {
		return nil, err
	}
	return &RunningStatistics{p}, nil
}

// Run replaces the running statistics of the network by the statistics over all full
// batches of the source, which depend on the weights and the source alone. After an error,
// or when ctx ends, they are unchanged.
func (r *RunningStatistics) Run(ctx context.Context, source EvalSource) error {
	p := r.program
	for _, s := range p.Statistics() {
		s.Reset()
	}
	batches := 0
	err := Forward(ctx, p, source, 0, nil, func(Batch, []float32) error {
		batches++
		return nil
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("running statistics, batch %d: %w", batches+1, err)
	}
	if batches == 0 {
		return errors.New("running statistics: the source has no full batch")
	}
	for _, s := range p.Statistics() {
		s.Store()
	}
	return nil
}
