package main

import (
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress returns what shows downloads and generated data: a bar on a
// terminal, nothing elsewhere.
func progress(quiet bool) func(what string, done, total int64) {
	if quiet || !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil
	}
	var bar *progressbar.ProgressBar
	label := ""
	return func(what string, done, total int64) {
		if bar == nil || what != label {
			label = what
			bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(os.Stderr),
				progressbar.OptionSetDescription(what), progressbar.OptionClearOnFinish())
		}
		_ = bar.Set64(done) // a bar that cannot be drawn stops nothing
	}
}
