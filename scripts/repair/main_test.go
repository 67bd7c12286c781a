package main

import (
	"slices"
	"testing"
)

func TestNumbers(t *testing.T) {
	if got, err := numbers("0.5,128"); err != nil || !slices.Equal(got, []float64{0.5, 128}) {
		t.Errorf("numbers are %v: %v", got, err)
	}
	if _, err := numbers("a"); err == nil || err.Error() != `"a" is not a list of numbers` {
		t.Errorf("the error is %v", err)
	}
}
