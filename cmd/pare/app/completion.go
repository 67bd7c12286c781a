package app

import (
	"context"
	"io"

	"pare/cmd/internal/cli"
)

// complete prints the script of a shell.
func complete(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) != 1 {
		return cli.InputError("name one shell: pare completion bash, zsh or fish")
	}
	list := []cli.Command{
		{Name: "help", Doc: "prints the commands, or the options of one"},
		{Name: "version", Doc: "prints the version of the program"},
		{Name: "completion", Doc: "prints the completions of a shell"},
	}
	for _, c := range commands {
		f := newFlags(c, []string{"-h"}, io.Discard, io.Discard)
		_ = c.run(ctx, f) // ends with flag.ErrHelp, and f has the options
		list = append(list, cli.Command{Name: c.name, Doc: c.doc, Flags: f.current(), Values: f.words, Words: f.firstWords})
	}
	return cli.Completion(stdout, args[0], "pare", list)
}
