package train

import (
	"testing"
	"unicode/utf8"
)

// TestLinesFit: those of epochs and steps, with all that they can say, fit any width, and
// say what matters most for as long as there is room.
func TestLinesFit(t *testing.T) {
	s := Status{Phase: "finetune", Epoch: 1000, Epochs: 1000, Batch: 99999, Batches: 100000, Loss: 1234.5678,
		Val: &Metrics{Accuracy: 1, Loss: 1234.5678}, Remaining: &Remaining{MACShare: 1}, Left: 1e15}
	r := Record{Loss: 1234.5678, Seconds: 360000}
	for columns := range 120 {
		for _, byLoss := range []bool{false, true} {
			s.ByLoss = byLoss
			for _, line := range []string{epochLine(columns, s, r), stepLine(columns, s)} {
				if n := utf8.RuneCountInString(line); n > columns {
					t.Errorf("%d columns: %q is of %d", columns, line, n)
				}
			}
		}
	}
	s = Status{Phase: "train", Epoch: 3, Epochs: 24, Val: &Metrics{Accuracy: 0.901, Loss: 0.35}, Remaining: &Remaining{MACShare: 0.912}}
	r = Record{Seconds: 24.4}
	for _, c := range []struct {
		columns int
		byLoss  bool
		want    string
	}{
		{80, false, "train epoch 3/24  val accuracy 90.10%  MACs left 91.2%  24s"},
		{80, true, "train epoch 3/24  val loss 0.3500  MACs left 91.2%  24s"},
		{40, false, "train 3/24  90.10%  MACs 91.2%  24s"},
		{20, false, "train 3/24  90.10%"},
	} {
		s.ByLoss = c.byLoss
		if got := epochLine(c.columns, s, r); got != c.want {
			t.Errorf("%d columns: %q, want %q", c.columns, got, c.want)
		}
	}
	s.Val, s.Remaining, r.Loss = nil, nil, 0.5
	if got := epochLine(80, s, r); got != "train epoch 3/24  loss 0.5000  24s" {
		t.Errorf("without validation: %q", got)
	}
}
