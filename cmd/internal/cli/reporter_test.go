package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pare/train"
)

// TestLinesFit: the longest lines of epochs and steps fit any width, and keep the most
// important figures as long as there is room.
func TestLinesFit(t *testing.T) {
	s := train.Status{Phase: "finetune", Epoch: 1000, Epochs: 1000, Batch: 99999, Batches: 100000, Loss: 1234.5678,
		Val: &train.Metrics{Accuracy: 1, Loss: 1234.5678}, Remaining: &train.Remaining{MACShare: 1}, Left: 1e15}
	r := train.Record{Loss: 1234.5678, Seconds: 360000}
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
	s = train.Status{Phase: "train", Epoch: 3, Epochs: 24, Val: &train.Metrics{Accuracy: 0.901, Loss: 0.35},
		Remaining: &train.Remaining{MACShare: 0.912}}
	r = train.Record{Seconds: 24.4}
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
	s.Robust, s.ByLoss = &train.Metrics{Accuracy: 0.75}, false
	for columns, want := range map[int]string{
		90: "train epoch 3/24  val accuracy 90.10%  under attack 75.00%  MACs left 91.2%  24s",
		60: "train epoch 3/24  90.10%  attack 75.00%  MACs 91.2%  24s",
	} {
		if got := epochLine(columns, s, r); got != want {
			t.Errorf("%d columns, under attack: %q, want %q", columns, got, want)
		}
	}
	s.Robust, s.Val, s.Remaining, r.Loss = nil, nil, nil, 0.5
	if got := epochLine(80, s, r); got != "train epoch 3/24  loss 0.5000  24s" {
		t.Errorf("without validation: %q", got)
	}
}

func TestLinesWithinLongEpochs(t *testing.T) {
	var out bytes.Buffer
	l := newLines(&out)
	s := train.Status{Phase: "train", Epoch: 1, Epochs: 2, Batch: 5, Batches: 10, Loss: 0.5, Left: 90 * time.Second,
		Val: &train.Metrics{Accuracy: 0.5}}
	l.Step(s)
	if out.Len() > 0 {
		t.Errorf("a line at once: %q", &out)
	}
	l.last = l.last.Add(-quiet)
	l.Step(s)
	l.Step(s)
	if want := "train epoch 1/2  val accuracy 50.00%  1m30s to go  batch 5/10\n"; out.String() != want {
		t.Errorf("got %q, want %q", &out, want)
	}
}

func TestBarDraws(t *testing.T) {
	var out bytes.Buffer
	b := newTrainingBar(&out)
	s := train.Status{Phase: "train", Epoch: 1, Epochs: 2, Step: 5, Steps: 20, Batch: 5, Batches: 10, Left: 90 * time.Second,
		Val: &train.Metrics{Accuracy: 0.5}}
	b.Step(s)
	b.Epoch(s, train.Record{Seconds: 3})
	b.Close()
	for _, want := range []string{"train epoch 1/2", "val accuracy", " 25% [", "to go", "train epoch 1/2  val accuracy 50.00%  3s\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the bar does not show %q:\n%q", want, out.String())
		}
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, plain := NewReporter(f).(*epochLines); !plain {
		t.Error("a file should get plain lines")
	}
}
