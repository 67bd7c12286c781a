package prune

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pare/nn"
)

// Latency is the time of an inference before and after units are gone, as measured on this
// machine with the threads of the process.
type Latency struct {
	Batch  int     `json:"batch"`          // examples of an inference
	Before float64 `json:"before_seconds"` // median time of an inference of the network before
	After  float64 `json:"after_seconds"`  // the same with the units removed, measured in turn with the one before
	Share  float64 `json:"share"`          // after_seconds as a share of before_seconds; at most the budget where that is below 1
	Tries  int     `json:"tries"`          // smaller networks that were measured
}

// Clock times inferences.
type Clock interface {
	// Times returns the median time of an inference of each of two networks. careful asks
	// for the measurement that decides at the end.
	Times(ctx context.Context, a, b *nn.Network, batch int, seed uint64, careful bool) (ofA, ofB time.Duration, err error)
}

// Wall is the Clock of this machine: it runs the inference program of both networks in turn,
// on random inputs, so that other work on the machine slows both.
type Wall struct{}

// The repeats of a measurement and the time that it takes at least, of the search and of the
// end.
const (
	searchRepeats, searchTime = 5, 100 * time.Millisecond
	lastRepeats, lastTime     = 15, 500 * time.Millisecond
	maxRepeats                = 1000
)

// Times implements Clock.
func (Wall) Times(ctx context.Context, a, b *nn.Network, batch int, seed uint64, careful bool) (ofA, ofB time.Duration, err error) {
	var programs [2]*nn.Program
	for i, net := range []*nn.Network{a, b} {
		p, err := served(net, batch)
		if err != nil {
			return 0, 0, fmt.Errorf("time an inference: %w", err)
		}
		copy(p.X, randomInputs(net, batch, seed))
		p.Run() // fills caches
		programs[i] = p
	}
	repeats, least := searchRepeats, searchTime
	if careful {
		repeats, least = lastRepeats, lastTime
	}
	var times [2][]time.Duration
	begin := time.Now()
	for n := 0; ctx.Err() == nil && n < maxRepeats && (n < repeats || time.Since(begin) < least); n++ {
		for i, p := range programs {
			p.ResetState()
			start := time.Now()
			p.Run()
			times[i] = append(times[i], time.Since(start))
		}
	}
	if err := ctx.Err(); err != nil {
		return 0, 0, err
	}
	return median(times[0]), median(times[1]), nil
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

// underLatency zeroes candidates, the first forced ones in any case, until an inference of the
// smaller network takes the share of the budget. It searches by measured times, and the network
// that it ends with is measured with more care; as long as that takes too long, more units go.
// All of the time is no budget to search for.
func (s Selection) underLatency(ctx context.Context, t *trial, forced int) (*Latency, error) {
	clock, l := s.Clock, &Latency{Batch: max(1, s.Batch)}
	if clock == nil {
		clock = Wall{}
	}
	t.restore()
	whole, err := t.net.Clone() // the values of t.net change
	if err != nil {
		return nil, err
	}
	measure := func(gone int, careful bool) (float64, error) {
		if err := t.zero(ctx, gone); err != nil {
			return 0, err
		}
		small, err := t.smaller()
		if err != nil {
			return 0, err
		}
		before, after, err := clock.Times(ctx, whole, small, l.Batch, s.Seed, careful)
		if err != nil {
			return 0, err
		}
		if before <= 0 {
			return 0, fmt.Errorf("an inference takes %v: too little to measure; time a larger batch", before)
		}
		l.Before, l.After, l.Tries = before.Seconds(), after.Seconds(), l.Tries+1
		l.Share = l.After / l.Before
		return l.Share, nil
	}
	if s.Latency == 1 {
		_, err := measure(forced, true)
		return l, err
	}
	step := max(1, (len(t.list)-forced)/fineness)
	met, err := t.search(ctx, forced, s.Latency, step, func(gone int) (float64, error) { return measure(gone, false) }, func(left float64) string {
		return fmt.Sprintf("an inference still takes %.3g of its time", left)
	})
	if err != nil {
		return nil, err
	}
	return l, carefully(met, len(t.list), step, s.Latency, func(gone int) (float64, error) {
		share, err := measure(gone, true)
		if err == nil && gone > met && t.closed() {
			err = fmt.Errorf("the budget cannot be met: with more units gone %w; measure a larger batch, or on a quieter machine", errClosed)
		}
		return share, err
	})
}

// fineness is the number of parts of a list in which a search of noisy times is done: the noise
// hides smaller parts.
const fineness = 64

// carefully takes groups from the start of a list of n, as many as a search found and step by step
// more, until measure gives at most line.
func carefully(found, n, step int, line float64, measure func(gone int) (float64, error)) error {
	for gone := found; ; gone = min(n, gone+step) {
		share, err := measure(gone)
		if err != nil {
			return err
		}
		if share <= line {
			return nil
		}
		if gone == n {
			return fmt.Errorf("the budget cannot be met: with all units gone that may go, an inference took %.3g of its time at the end; "+
				"measure a larger batch, or on a quieter machine", share)
		}
		step += max(1, step/2) // the farther, the faster
	}
}
