package app

import (
	"os"

	"pare/cmd/internal/cli"
)

// progress returns the display of downloads and generated data: a bar on a
// terminal, nothing elsewhere.
func progress(quiet bool) func(what string, done, total int64) {
	if quiet {
		return nil
	}
	return cli.Progress(os.Stderr, 0)
}
