package cli

import (
	"io"
	"time"
)

// Progress returns a function that shows the progress of work, such as a download: a bar on
// a terminal once the work has taken longer than patience. It is nil if w is not a
// terminal.
func Progress(w io.Writer, patience time.Duration) func(what string, done, total int64) {
	if !IsTerminal(w) {
		return nil
	}
	return show(NewBar(w), patience)
}

func show(bar *Bar, patience time.Duration) func(what string, done, total int64) {
	label, start := "", time.Now()
	return func(what string, done, total int64) {
		if what != label {
			label, start = what, time.Now()
		}
		share := 0.0 // a total that is not known is 0 or negative
		if total > 0 {
			share = float64(done) / float64(total)
		}
		switch {
		case share >= 1:
			bar.Clear()
		case time.Since(start) >= patience && bar.Due():
			bar.Draw(share, Field{Long: what})
		}
	}
}
