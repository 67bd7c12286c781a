package train

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/term"
)

// Status is where training stands after a step.
type Status struct {
	Phase          string
	Epoch, Epochs  int // the epoch under way, counted from 1
	Batch, Batches int // batches done in it
	Step, Steps    int // updates made and to be made in the phase
	Loss           float64
	Val            *Metrics      // of the last evaluation; nil before the first
	Zeros          float64       // share of the trainable values that are 0, counted now and then
	Left           time.Duration // estimate; 0 while there is none
}

// Reporter tells the user how training goes. Its methods are called from the
// goroutine that trains.
type Reporter interface {
	// Step is called after every update.
	Step(Status)
	// Epoch is called after every epoch and its evaluation.
	Epoch(Status, Record)
	// Close ends the report of a phase, finished or not.
	Close()
}

// Silent reports nothing.
type Silent struct{}

func (Silent) Step(Status)          {}
func (Silent) Epoch(Status, Record) {}
func (Silent) Close()               {}

// NewReporter returns a progress bar where the file is a terminal and plain
// lines where it is not.
func NewReporter(f *os.File) Reporter {
	if term.IsTerminal(int(f.Fd())) {
		return NewBar(f)
	}
	return NewLines(f)
}

// epochLine sums up an epoch.
func epochLine(s Status, r Record) string {
	line := fmt.Sprintf("%s epoch %d/%d  loss %.4f", s.Phase, s.Epoch, s.Epochs, r.Loss)
	if r.Val != nil {
		line += fmt.Sprintf("  val loss %.4f  val accuracy %.2f%%", r.Val.Loss, 100*r.Val.Accuracy)
	}
	line += fmt.Sprintf("  zeros %.1f%%", 100*r.Zeros)
	if a := r.Activity; a != nil {
		line += fmt.Sprintf("  active %.1f%%", 100*a.Overall)
		if a.Dead > 0 {
			line += fmt.Sprintf(", units dead %.1f%%", 100*a.Dead)
		}
	}
	for _, t := range r.Terms {
		if t.Groups > 0 {
			line += fmt.Sprintf("  %s %d/%d groups zero", t.Name, t.Zero, t.Groups)
		}
	}
	return line + fmt.Sprintf("  lr %.3g  %s", r.LR, roundTime(r.Seconds))
}

// stepLine is where an epoch stands.
func stepLine(s Status) string {
	line := fmt.Sprintf("%s epoch %d/%d  loss %.4f", s.Phase, s.Epoch, s.Epochs, s.Loss)
	if s.Val != nil {
		line += fmt.Sprintf("  accuracy %.2f%%", 100*s.Val.Accuracy)
	}
	line += fmt.Sprintf("  zeros %.1f%%", 100*s.Zeros)
	if s.Left > 0 {
		line += "  left " + roundTime(s.Left.Seconds()).String()
	}
	return line
}

// roundTime shows whole seconds, and tenths below ten.
func roundTime(seconds float64) time.Duration {
	d := time.Duration(seconds * float64(time.Second))
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}
