package run

import (
	"slices"
	"testing"

	"pare/nn"
)

func TestLayouts(t *testing.T) {
	shape := nn.Shape{3, 1, 2} // two examples; 1cp is channel c at position p of the first
	last := []float32{100, 110, 120, 101, 111, 121, 200, 210, 220, 201, 211, 221}
	first := []float32{100, 101, 110, 111, 120, 121, 200, 201, 210, 211, 220, 221}
	if got := ChannelsFirst(last, shape); !slices.Equal(got, first) {
		t.Errorf("channels first: %v", got)
	}
	if got := ChannelsLast(first, shape); !slices.Equal(got, last) {
		t.Errorf("channels last: %v", got)
	}
	if got := ChannelsFirst(last, nn.Shape{6}); !slices.Equal(got, last) {
		t.Errorf("vectors: %v", got)
	}
}
