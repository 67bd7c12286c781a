package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"pare/internal/printable"
)

// patience is how long work goes on before a bar shows.
const patience = 2 * time.Second

// progress returns what shows how far work is: a bar on a terminal once the
// work has taken a while, nil elsewhere.
func progress(w io.Writer) func(what string, done, total int64) {
	if p, ok := w.(printable.Writer); ok {
		w = p.W // a bar moves the cursor
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	var bar *progressbar.ProgressBar
	label, start := "", time.Now()
	return func(what string, done, total int64) {
		if what != label {
			bar, label, start = nil, what, time.Now()
		}
		if bar == nil {
			if time.Since(start) < patience || done == total {
				return
			}
			bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(w),
				progressbar.OptionSetDescription(what), progressbar.OptionClearOnFinish(),
				progressbar.OptionThrottle(100*time.Millisecond))
		}
		_ = bar.Set64(done) // a bar that cannot be drawn stops nothing
	}
}
