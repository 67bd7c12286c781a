// Package app is the command pare. A program that adds layers, penalties, datasets,
// models or criteria of its own imports their packages and calls Main:
//
//	func main() { app.Main() }
package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"pare/cmd/internal/cli"
	"pare/internal/build"
	"pare/internal/printable"
)

// commands are the subcommands in the order of the help.
var commands = []*command{&inspectCommand, &pruneCommand, &exportCommand, &predictCommand, &serveCommand, &memoryCommand, &sweepCommand, &compareCommand,
	&auditCommand, &benchCommand, &lassoCommand, &glassoCommand, &diffusionCommand}

// Main runs the command with the arguments of the program and exits with its status.
func Main() {
	ctx, stop := cli.Signals()
	status := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// execute runs a command line and returns the exit status.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	printed := &cli.Output{W: stdout}
	stdout, stderr = printable.Writer{W: printed}, printable.Writer{W: stderr}
	if len(args) == 0 {
		usage(stderr)
		return cli.ExitBadInput
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		if len(rest) == 0 {
			usage(stdout)
			return cli.Status("pare", printed.Err, stderr)
		}
		name, rest = rest[0], []string{"-h"}
	case "version", "-version", "--version":
		fmt.Fprintln(stdout, build.Read())
		return cli.Status("pare", printed.Err, stderr)
	case "completion":
		return cli.Status("pare completion", complete(ctx, rest, stdout), stderr)
	}
	names := []string{"help", "version", "completion"}
	for _, c := range commands {
		if c.name == name {
			err := c.guarded(ctx, newFlags(c, rest, stdout, stderr))
			if err == nil || errors.Is(err, flag.ErrHelp) {
				err = printed.Err
			}
			return cli.Status("pare "+name, err, stderr)
		}
		names = append(names, c.name)
	}
	return cli.Status("pare", cli.Unknown("command", name, names, "see pare help"), stderr)
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "pare works on networks: run folders that train makes, ONNX files, weights of")
	fmt.Fprintln(w, "PyTorch. It trains sweeps of many runs, measures how fast models train, fits sparse")
	fmt.Fprintln(w, "linear models to tables, and finds networks behind data.")
	fmt.Fprintln(w)
	fmt.Fprintln(w, "usage: pare COMMAND [options]")
	fmt.Fprintln(w)
	row := func(name, doc string) { fmt.Fprintf(w, "  %-10s %s\n", name, doc) }
	for _, c := range commands {
		row(c.name, c.doc)
	}
	row("version", "prints the version of the program")
	row("completion", "prints the completions of bash, zsh or fish: source <(pare completion bash)")
	row("help", "prints this, or examples and options of a command: pare help predict")
	fmt.Fprintln(w)
	fmt.Fprintln(w, "SOURCE is a run folder, a folder with model.safetensors and architecture.json, an .onnx")
	fmt.Fprintln(w, "file, or a .safetensors file of weights with -model NAME. RUN is one that needs no -model.")
	fmt.Fprintln(w, "RUN/trained is the network of a run before pruning.")
}
