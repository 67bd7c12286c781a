package train

import (
	"fmt"
	"os"
	"time"

	"pare/internal/terminal"
)

// Status is where training stands after a step.
type Status struct {
	Phase          string
	Epoch, Epochs  int // the epoch under way, counted from 1
	Batch, Batches int // batches done in it
	Step, Steps    int // updates made and to be made in the phase
	Loss           float64
	Val            *Metrics      // of the last evaluation; nil before the first
	ByLoss         bool          // the loss says more than the accuracy: targets are numbers, or several an example
	Remaining      *Remaining    // at the end of the last epoch; nil before the first
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
	if terminal.Is(f) {
		return NewBar(f)
	}
	return NewLines(f)
}

// epochLine sums up an epoch in two figures: how good the network is and how much of it
// is left. The metrics log has the rest.
func epochLine(columns int, s Status, r Record) string {
	return terminal.Line(columns, append(figures(s, r.Loss), terminal.Field{Long: roundTime(r.Seconds).String()})...)
}

// stepLine is where an epoch stands.
func stepLine(columns int, s Status) string {
	return terminal.Line(columns, append(figures(s, s.Loss), timeLeft(s),
		terminal.Field{Long: fmt.Sprintf("batch %d/%d", s.Batch, s.Batches)})...)
}

// figures are the epoch and the two figures that matter. loss is that of training, for
// runs without validation.
func figures(s Status, loss float64) []terminal.Field {
	fields := []terminal.Field{{Long: fmt.Sprintf("%s epoch %d/%d", s.Phase, s.Epoch, s.Epochs),
		Short: fmt.Sprintf("%s %d/%d", s.Phase, s.Epoch, s.Epochs)}}
	switch {
	case s.Val == nil:
		fields = append(fields, terminal.Field{Long: fmt.Sprintf("loss %.4f", loss)})
	case s.ByLoss:
		fields = append(fields, terminal.Field{Long: fmt.Sprintf("val loss %.4f", s.Val.Loss), Short: fmt.Sprintf("%.4f", s.Val.Loss)})
	default:
		fields = append(fields, terminal.Field{Long: fmt.Sprintf("val accuracy %.2f%%", 100*s.Val.Accuracy),
			Short: fmt.Sprintf("%.2f%%", 100*s.Val.Accuracy)})
	}
	if l := s.Remaining; l != nil {
		fields = append(fields, terminal.Field{Long: fmt.Sprintf("MACs left %.1f%%", 100*l.MACShare),
			Short: fmt.Sprintf("MACs %.1f%%", 100*l.MACShare)})
	}
	return fields
}

// timeLeft is the estimate of a status.
func timeLeft(s Status) terminal.Field {
	if s.Left <= 0 {
		return terminal.Field{}
	}
	left := roundTime(s.Left.Seconds()).String()
	return terminal.Field{Long: left + " to go", Short: left}
}

// roundTime shows whole seconds, and tenths below ten.
func roundTime(seconds float64) time.Duration {
	d := time.Duration(seconds * float64(time.Second))
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}
