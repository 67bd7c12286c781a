package prune

import (
	"fmt"
	"math"
)

// choose zeroes candidates until the budgets are met, the first forced ones in any case.
func (s Selection) choose(t *trial, forced int) (*Choice, error) {
	if err := t.zero(forced); err != nil {
		return nil, err
	}
	if err := s.overLayers(t); err != nil {
		return nil, err
	}
	given := s.given()
	if len(given) == 0 {
		return &Choice{}, nil
	}
	open, err := t.mostOpen(forced)
	if err != nil {
		return nil, err
	}
	if given[0].name == "latency" {
		latency, err := s.underLatency(t, forced, open)
		return &Choice{Latency: latency}, err
	}
	return &Choice{}, s.underSize(t, forced, open)
}

// underSize zeroes candidates, the first forced ones in any case and the first open ones at most
// where that is enough, until the network meets the budget of parameters or
// multiply-accumulates.
func (s Selection) underSize(t *trial, forced, open int) error {
	full := t.net.Sizes()
	// share zeroes only the first candidates and returns the used share of the budget.
	share := func(gone int) (float64, error) {
		if err := t.zero(gone); err != nil {
			return 0, err
		}
		if gone <= open && t.closed() {
			return math.Inf(1), nil
		}
		left, err := t.sizes()
		if s.MACs > 0 {
			return float64(left.MACs) / float64(full.MACs) / s.MACs, err
		}
		return float64(left.Params) / float64(full.Params) / s.Params, err
	}
	met, least, err := t.meeting(forced, open, share)
	if err != nil {
		return err
	}
	if met < 0 {
		met = open
		if t.mayClose(forced, open) {
			met = len(t.list)
		}
		used, err := share(met)
		if err != nil {
			return err
		}
		if used > 1 {
			return t.unmet(fmt.Sprintf("the network still has %.3g times the budget", min(least, used)))
		}
	}
	_, _, err = fewest(forced, met, 1, share)
	return err
}

// meeting is a number of candidates, from forced to open, without which the network meets the
// budget; −1: there is none. least is the smallest share of the budget that was found. Rounded
// numbers of units do not always fall while candidates go, as units that stay need others, so
// other numbers are tried too where the largest one is not enough.
func (t *trial) meeting(forced, open int, share func(gone int) (float64, error)) (met int, least float64, err error) {
	step := open - forced + 1 // the largest number alone
	if t.limits != nil {
		step = max(1, step/fineness)
	}
	least = math.Inf(1)
	for gone := open; gone >= forced; gone -= step {
		used, err := share(gone)
		if err != nil {
			return 0, 0, err
		}
		if least = min(least, used); used <= 1 {
			return gone, least, nil
		}
	}
	return -1, least, nil
}

// mostOpen is the largest number of candidates, from forced up, without which the output still
// depends on the input; forced − 1: there is none. Units that are the last of their layers need
// not be connected, as in a grouped convolution.
func (t *trial) mostOpen(forced int) (int, error) {
	n := len(t.list)
	if err := t.zero(n); err != nil || !t.closed() {
		return n, err
	}
	closed, _, err := fewest(forced, n, 0, func(gone int) (float64, error) {
		if err := t.zero(gone); err != nil || t.closed() {
			return 0, err
		}
		return 1, nil
	})
	return closed - 1, err
}

// mayClose reports whether a budget that no network meets whose output depends on the input is
// met by one whose output does not. Where layers have to keep units it is not.
func (t *trial) mayClose(forced, open int) bool {
	return open < len(t.list) && (t.limits == nil || open < forced)
}

// Fewest finds the least number of groups, from the start of a list of n, that have to go
// so that at most line remains, and returns the remaining share. share removes the given
// number of groups; its last call is for the number that Fewest returns.
func Fewest(n int, line float64, share func(gone int) (float64, error)) (gone int, left float64, err error) {
	return fewest(0, n, line, share)
}

// fewest is Fewest of at least gone groups.
func fewest(gone, n int, line float64, share func(gone int) (float64, error)) (int, float64, error) {
	left, err := 0.0, error(nil)
	for gone < n {
		mid := (gone + n) / 2
		if left, err = share(mid); err != nil {
			return 0, 0, err
		}
		if left <= line {
			n = mid
		} else {
			gone = mid + 1
		}
	}
	left, err = share(gone)
	return gone, left, err
}
