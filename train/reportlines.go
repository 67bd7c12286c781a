package train

import (
	"fmt"
	"io"
	"time"

	"pare/internal/terminal"
)

// quiet is how long a long epoch runs without a line.
const quiet = 10 * time.Second

// Lines prints one line per epoch, and at most one every ten seconds within
// long ones.
type Lines struct {
	w    io.Writer
	last time.Time
}

// NewLines returns a reporter that prints to w.
func NewLines(w io.Writer) *Lines { return &Lines{w: w, last: time.Now()} }

// Step implements Reporter.
func (l *Lines) Step(s Status) {
	if now := time.Now(); now.Sub(l.last) >= quiet && s.Batch < s.Batches {
		l.last = now
		fmt.Fprintln(l.w, stepLine(terminal.Columns(l.w), s))
	}
}

// Epoch implements Reporter.
func (l *Lines) Epoch(s Status, r Record) {
	l.last = time.Now()
	fmt.Fprintln(l.w, epochLine(terminal.Columns(l.w), s, r))
}

// Close implements Reporter.
func (l *Lines) Close() {}
