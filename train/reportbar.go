package train

import (
	"fmt"
	"io"

	"pare/internal/terminal"
)

// Bar draws a progress bar over a phase, with a line above it for every epoch, as wide
// as the terminal allows. What a terminal does not take is lost without an error.
type Bar struct {
	w   io.Writer
	bar *terminal.Bar
}

// NewBar returns a reporter that draws on the terminal w.
func NewBar(w io.Writer) *Bar { return &Bar{w, terminal.NewBar(w)} }

// Step implements Reporter.
func (b *Bar) Step(s Status) {
	if b.bar.Due() {
		b.draw(s)
	}
}

func (b *Bar) draw(s Status) {
	fields := figures(s, s.Loss)
	b.bar.Draw(float64(s.Step)/float64(s.Steps), fields[0], append(fields[1:], timeLeft(s))...)
}

// Epoch implements Reporter.
func (b *Bar) Epoch(s Status, r Record) {
	b.bar.Clear()
	fmt.Fprintln(b.w, epochLine(terminal.Columns(b.w), s, r))
	if s.Step < s.Steps {
		b.draw(s)
	}
}

// Close implements Reporter.
func (b *Bar) Close() { b.bar.Clear() }
