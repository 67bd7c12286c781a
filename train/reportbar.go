package train

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// refresh is how often the bar is drawn.
const refresh = 100 * time.Millisecond

// Bar draws a progress bar over a phase, with a line above it for every epoch.
// What a terminal does not take is lost without an error.
type Bar struct {
	w    io.Writer
	bar  *progressbar.ProgressBar
	last time.Time
}

// NewBar returns a reporter that draws on the terminal w.
func NewBar(w io.Writer) *Bar { return &Bar{w: w} }

// Step implements Reporter.
func (b *Bar) Step(s Status) {
	now := time.Now()
	if b.bar != nil && now.Sub(b.last) < refresh {
		return
	}
	b.last = now
	b.draw(s)
}

func (b *Bar) draw(s Status) {
	if b.bar == nil {
		// The bar's own estimate would be wrong after a resume.
		b.bar = progressbar.NewOptions(s.Steps, progressbar.OptionSetWriter(b.w), progressbar.OptionSetWidth(20),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
			progressbar.OptionUseANSICodes(true))
	}
	b.bar.Describe(stepLine(s))
	_ = b.bar.Set(s.Step)
}

// Epoch implements Reporter.
func (b *Bar) Epoch(s Status, r Record) {
	if b.bar != nil {
		_ = b.bar.Clear()
	}
	fmt.Fprintln(b.w, epochLine(s, r))
	if s.Step < s.Steps {
		b.draw(s)
	}
}

// Close implements Reporter.
func (b *Bar) Close() {
	if b.bar != nil {
		_ = b.bar.Exit()
		fmt.Fprintln(b.w)
	}
	b.bar = nil
}
