package cli

import (
	"io"
	"time"
)

// Progress returns a function that shows the progress of work, such as a download: a bar on
// a terminal once the work has taken longer than patience. Work may change its name on the way;
// it ends when all of it is done. Progress is nil if w is not a terminal.
func Progress(w io.Writer, patience time.Duration) func(what string, done, total int64) {
	if !IsTerminal(w) {
		return nil
	}
	return show(NewBar(w), patience)
}

func show(bar *Bar, patience time.Duration) func(what string, done, total int64) {
	start := time.Time{} // zero: no work is under way
	return func(what string, done, total int64) {
		if start.IsZero() {
			start = time.Now()
		}
		share := 0.0 // a total that is not known is 0 or negative
		if total > 0 {
			share = float64(done) / float64(total)
		}
		switch {
		case share >= 1:
			bar.Clear()
			start = time.Time{}
		case time.Since(start) >= patience && bar.Due():
			bar.Draw(share, Field{Long: what})
		}
	}
}
