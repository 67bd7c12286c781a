package main

import (
	"io"
	"time"

	"pare/cmd/internal/cli"
)

// progress returns what shows how far work is that takes longer than two seconds; nil
// where w is no terminal.
func progress(w io.Writer) func(what string, done, total int64) {
	return cli.Progress(w, 2*time.Second)
}
