package main

import (
	"io"
	"time"

	"pare/cmd/internal/cli"
	"pare/internal/printable"
)

// progress returns what shows how far work is that takes longer than two seconds; nil
// where w is no terminal.
func progress(w io.Writer) func(what string, done, total int64) {
	if p, ok := w.(printable.Writer); ok {
		w = p.W // a bar moves the cursor
	}
	return cli.Progress(w, 2*time.Second)
}
