package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"pare/train"
)

// NewReporter returns a progress bar where the file is a terminal and plain
// lines where it is not.
func NewReporter(f *os.File) train.Reporter {
	if IsTerminal(f) {
		return newTrainingBar(f)
	}
	return newLines(f)
}

// epochLine sums up an epoch in two figures: how good the network is and how much of it
// is left. The metrics log has the rest.
func epochLine(columns int, s train.Status, r train.Record) string {
	return Line(columns, append(figures(s, r.Loss), Field{Long: roundTime(r.Seconds).String()})...)
}

// stepLine is where an epoch stands.
func stepLine(columns int, s train.Status) string {
	return Line(columns, append(figures(s, s.Loss), timeLeft(s),
		Field{Long: fmt.Sprintf("batch %d/%d", s.Batch, s.Batches)})...)
}

// figures are the fields of a status line: the epoch, the validation result, or the
// training loss in runs without validation, and the share of MACs left.
func figures(s train.Status, loss float64) []Field {
	fields := []Field{{Long: fmt.Sprintf("%s epoch %d/%d", s.Phase, s.Epoch, s.Epochs),
		Short: fmt.Sprintf("%s %d/%d", s.Phase, s.Epoch, s.Epochs)}}
	switch {
	case s.Val == nil:
		fields = append(fields, Field{Long: fmt.Sprintf("loss %.4f", loss)})
	case s.ByLoss:
		fields = append(fields, Field{Long: fmt.Sprintf("val loss %.4f", s.Val.Loss), Short: fmt.Sprintf("%.4f", s.Val.Loss)})
	default:
		fields = append(fields, Field{Long: fmt.Sprintf("val accuracy %.2f%%", 100*s.Val.Accuracy),
			Short: fmt.Sprintf("%.2f%%", 100*s.Val.Accuracy)})
	}
	if r := s.Robust; r != nil {
		fields = append(fields, Field{Long: fmt.Sprintf("under attack %.2f%%", 100*r.Accuracy), Short: fmt.Sprintf("attack %.2f%%", 100*r.Accuracy)})
	}
	if l := s.Remaining; l != nil {
		fields = append(fields, Field{Long: fmt.Sprintf("MACs left %.1f%%", 100*l.MACShare),
			Short: fmt.Sprintf("MACs %.1f%%", 100*l.MACShare)})
	}
	return fields
}

// timeLeft is the estimate of a status.
func timeLeft(s train.Status) Field {
	if s.Left <= 0 {
		return Field{}
	}
	left := roundTime(s.Left.Seconds()).String()
	return Field{Long: left + " to go", Short: left}
}

// roundTime shows whole seconds, and tenths below ten.
func roundTime(seconds float64) time.Duration {
	d := time.Duration(seconds * float64(time.Second))
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}

// trainingBar draws a progress bar over a phase, with a line above it for every epoch, as wide
// as the terminal allows. Failures to write to the terminal are ignored.
type trainingBar struct {
	w   io.Writer
	bar *Bar
}

func newTrainingBar(w io.Writer) *trainingBar { return &trainingBar{w, NewBar(w)} }

// Step implements train.Reporter.
func (b *trainingBar) Step(s train.Status) {
	if b.bar.Due() {
		b.draw(s)
	}
}

func (b *trainingBar) draw(s train.Status) {
	fields := figures(s, s.Loss)
	b.bar.Draw(float64(s.Step)/float64(s.Steps), append(fields, timeLeft(s))...)
}

// Epoch implements train.Reporter.
func (b *trainingBar) Epoch(s train.Status, r train.Record) {
	b.bar.Clear()
	fmt.Fprintln(b.w, epochLine(Columns(b.w), s, r))
	if s.Step < s.Steps {
		b.draw(s)
	}
}

// Close implements train.Reporter.
func (b *trainingBar) Close() { b.bar.Clear() }

// quiet is how long a long epoch runs without a line.
const quiet = 10 * time.Second

// epochLines prints one line per epoch, and at most one every ten seconds within
// long ones.
type epochLines struct {
	w    io.Writer
	last time.Time
}

func newLines(w io.Writer) *epochLines { return &epochLines{w: w, last: time.Now()} }

// Step implements train.Reporter.
func (l *epochLines) Step(s train.Status) {
	if now := time.Now(); now.Sub(l.last) >= quiet && s.Batch < s.Batches {
		l.last = now
		fmt.Fprintln(l.w, stepLine(Columns(l.w), s))
	}
}

// Epoch implements train.Reporter.
func (l *epochLines) Epoch(s train.Status, r train.Record) {
	l.last = time.Now()
	fmt.Fprintln(l.w, epochLine(Columns(l.w), s, r))
}

// Close implements train.Reporter.
func (l *epochLines) Close() {}
