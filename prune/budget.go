package prune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// choose zeroes candidates until the budgets are met, the first forced ones in any case.
func (s Selection) choose(ctx context.Context, t *trial, forced int) (*Choice, error) {
	if err := t.zero(ctx, forced); err != nil {
		return nil, err
	}
	if err := s.overLayers(t); err != nil {
		return nil, err
	}
	given := s.given()
	if len(given) == 0 {
		return &Choice{}, nil
	}
	if given[0].name == "latency" {
		latency, err := s.underLatency(ctx, t, forced)
		return &Choice{Latency: latency}, err
	}
	return &Choice{}, s.underSize(ctx, t, forced)
}

// underSize zeroes candidates, the first forced ones in any case, until the network meets the
// budget of parameters or multiply-accumulates.
func (s Selection) underSize(ctx context.Context, t *trial, forced int) error {
	full := t.net.Sizes()
	// share zeroes only the first candidates and returns the used share of the budget.
	share := func(gone int) (float64, error) {
		if err := t.zero(ctx, gone); err != nil {
			return 0, err
		}
		left, err := t.sizes()
		if s.MACs > 0 {
			return float64(left.MACs) / float64(full.MACs) / s.MACs, err
		}
		return float64(left.Params) / float64(full.Params) / s.Params, err
	}
	met, err := t.search(ctx, forced, 1, 1, share, func(used float64) string {
		return fmt.Sprintf("the network still has %.3g times the budget", used)
	})
	if err == nil {
		_, err = share(met)
	}
	return err
}

// errClosed is the error of a trial with a network that computes nothing.
var errClosed = errors.New("the output no longer depends on the input")

// search finds how many candidates, the forced ones or more, have to go so that at most line
// remains. measure zeroes the first candidates and returns the remainder; excess describes the
// smallest remainder. The search ends where fewer than step numbers are in question.
//
// A network that computes something is preferred to a smaller one whose output no input changes:
// where one unit is left in each layer, these need not be connected, as in a grouped convolution.
// Where layers keep units on demand, a network that computes nothing is none.
func (t *trial) search(ctx context.Context, forced int, line float64, step int, measure func(gone int) (float64, error),
	excess func(left float64) string) (int, error) {
	least, open, all := math.Inf(1), forced, len(t.list) // open is the last trial that computed something
	tried, trials := 0, 2+bits.Len(uint(all-forced)/uint(step))
	try := func(gone int) (float64, error) {
		left, err := measure(gone)
		tried++
		trials = max(trials, tried+1) // a search where sizes are rounded may take more than a bisection
		if err := t.step(int64(tried), int64(trials)); err != nil {
			return 0, err
		}
		switch {
		case err != nil:
			return 0, err
		case t.closed():
			return 0, errClosed
		}
		least, open = min(least, left), gone
		return left, nil
	}
	left, err := try(all)
	closed := errors.Is(err, errClosed)
	if err != nil && !closed {
		return 0, err
	}
	if met := !closed && left <= line; met || closed || t.rounds() {
		if found, err := lowest(forced, all, met, line, step, try); err != nil || found >= 0 {
			return found, err
		}
	}
	if t.rounds() {
		// Units that stay need others, so that more may remain where more are gone.
		for part := 1; part < parts; part++ {
			left, err := try(forced + part*(all-forced)/parts)
			if err != nil && !errors.Is(err, errClosed) {
				return 0, err
			}
			if err == nil && left <= line {
				return lowest(forced, open, true, line, step, try)
			}
		}
	}
	if closed && t.limits == nil {
		return lowest(forced, all, true, line, step, measure)
	}
	if !closed {
		open = all
	}
	if err := t.zero(ctx, open); err != nil { // for its limits
		return 0, err
	}
	if math.IsInf(least, 1) {
		return 0, t.unmet(errClosed.Error())
	}
	return 0, t.unmet(excess(least))
}

// parts of the list of candidates are tried where sizes are rounded.
const parts = 16

// rounds reports whether numbers of units are rounded.
func (t *trial) rounds() bool { return t.limits != nil && t.limits.round > 1 }

// lowest is the least number from first to n at which at most line remains, by bisection; met says
// that n is one. A number that measure refuses by errClosed is too large. Fewer than step numbers
// above the result may be left unsearched. −1: there is none.
func lowest(first, n int, met bool, line float64, step int, measure func(gone int) (float64, error)) (int, error) {
	found := -1
	if met {
		found = n
	}
	for first < n && (found < 0 || n-first >= step) {
		mid := (first + n) / 2
		switch left, err := measure(mid); {
		case errors.Is(err, errClosed):
			n = mid
		case err != nil:
			return 0, err
		case left <= line:
			n, found = mid, mid
		default:
			first = mid + 1
		}
	}
	return found, nil
}

// Fewest finds the least number of groups, from the start of a list of n, that have to go
// so that at most line remains, and returns the remaining share. share removes the given
// number of groups; its last call is for the number that Fewest returns.
func Fewest(n int, line float64, share func(gone int) (float64, error)) (gone int, left float64, err error) {
	if gone, err = lowest(0, n, true, line, 1, share); err == nil {
		left, err = share(gone)
	}
	return gone, left, err
}
