package gradual

import (
	"testing"

	"pare/regularize"
)

// TestFadeShared: a weight of two groups that go fades as those of one do.
func TestFadeShared(t *testing.T) {
	net := perceptron(t, 4)
	var ts terms
	for _, on := range []string{"input_features", "neurons"} {
		ts = append(ts, term(t, net, regularize.Spec{Type: "group_lasso", On: on, Lambda: 1}))
	}
	f := fading{Groups: [][2]int{{0, 1}, {1, 2}}, Left: 4}
	f.recall(ts)
	weights := ts[0].Governs()[0]
	before := append([]float32(nil), weights.Data()...)
	f.fade()
	faded := 0
	for i, v := range weights.Data() {
		switch v {
		case before[i] * 0.75:
			faded++
		case before[i]:
		default:
			t.Errorf("value %d went from %g to %g", i, before[i], v)
		}
	}
	if want := 4 + 6 - 1; faded != want { // of 4 neurons that read 6 pixels
		t.Errorf("%d weights have faded, want %d", faded, want)
	}
}
