package gradual

import (
	"slices"
	"testing"

	"pare/nn"
)

// TestHalves: of a layer's groups those go that are worth least, half of them at most.
func TestHalves(t *testing.T) {
	a, b := &nn.Param{Name: "a"}, &nn.Param{Name: "b"}
	var ranked []group
	for i, p := range []*nn.Param{a, a, b, a, a, a, b} {
		ranked = append(ranked, group{number: i, places: []place{{p, i}}})
	}
	ranked[6].term = 1 // of another penalty
	var got []int
	for _, g := range halves(ranked) {
		got = append(got, g.number)
	}
	if want := []int{0, 1, 2, 3, 6}; !slices.Equal(got, want) {
		t.Errorf("groups %v, want %v", got, want)
	}
}
