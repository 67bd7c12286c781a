package run

import (
	"pare/nn"
	"testing"

	"pare/models"
	"pare/regularize"
)

// TestFadeShared: a weight of two condemned groups fades as those of one do.
func TestFadeShared(t *testing.T) {
	c := parse(t, base+"model: {type: mlp, hidden: [4]}\npenalties: [{type: group_lasso, on: neurons, lambda: 1}]\n")
	net, err := BuildNetwork(c, models.Task{Data: "test", Input: nn.Shape{1, 2, 3}, Classes: 3, Targets: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := &shrinker{}
	for _, on := range []string{"input_features", "neurons"} {
		term, err := regularize.NewTerm(net, regularize.Spec{Type: "group_lasso", On: on, Lambda: 1})
		if err != nil {
			t.Fatal(err)
		}
		s.now = append(s.now, term)
	}
	s.Condemned = condemned{Groups: [][2]int{{0, 1}, {1, 2}}, Left: 4}
	s.recall()
	weights := s.now[0].Governs()[0]
	before := append([]float32(nil), weights.Data()...)
	s.Condemned.fade()
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
