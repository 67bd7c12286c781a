package audit

import (
	"errors"
	"slices"
	"testing"
)

// TestCompareTellsProgress counts the samples, and ends where the caller asks for it.
func TestCompareTellsProgress(t *testing.T) {
	o, g := halves(200, 0.9, 0.7)
	var calls []int
	options := Options{MinRows: 30, Resamples: 40, Confidence: 0.95, Progress: func(done, total int) error {
		if total != 40 {
			t.Errorf("%d of %d samples", done, total)
		}
		calls = append(calls, done)
		return nil
	}}
	if _, err := Compare([]*Outcomes{o, o}, g, options); err != nil || len(calls) != 40 || !slices.IsSorted(calls) || calls[39] != 40 {
		t.Errorf("%d calls, %v", len(calls), err)
	}
	stop, last := errors.New("enough"), 0
	options.Progress = func(done, _ int) error {
		if last = done; done == 3 {
			return stop
		}
		return nil
	}
	if table, err := Compare([]*Outcomes{o, o}, g, options); err != stop || table != nil || last != 3 {
		t.Errorf("%v after %d samples", err, last)
	}
}
