package main

import (
	"context"
	"flag"
	"io"

	"pare/cmd/internal/cli"
)

// collector stands in for the output of a command that is asked for help: it takes the
// options themselves in place of their text.
type collector struct{ set *flag.FlagSet }

func (*collector) Write(p []byte) (int, error) { return len(p), nil }

// chooser is a command with options that take one of a few words.
type chooser interface {
	choices() map[string][]string // words by option
}

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
		var asked collector
		_ = c.run(ctx, []string{"-h"}, &asked, io.Discard) // ends with flag.ErrHelp
		entry := cli.Command{Name: c.name(), Doc: c.doc(), Flags: asked.set}
		if with, ok := c.(chooser); ok {
			entry.Values = with.choices()
		}
		list = append(list, entry)
	}
	return cli.Completion(stdout, args[0], "pare", list)
}
