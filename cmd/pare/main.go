// Command pare looks into the run folders that train makes, prunes, exports and
// uses their networks, measures how fast models train, and finds networks behind data.
//
//	pare inspect runs/resnet
//	pare prune runs/resnet -out /tmp/half -method magnitude -macs 0.5
//	pare export runs/resnet -onnx resnet.onnx
//	pare predict runs/resnet -inputs x.npy -out logits.npy
//	pare bench -model resnet20
//	pare lasso -data grades.csv -target G3 -one-hot -cv 10
//	pare glasso -data expression.csv -corr -select ebic -out network
//	pare diffusion -inputs x.csv -outputs y.csv -cv 10 -out kernel
//	pare help predict
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"pare/cmd/internal/cli"
	"pare/internal/build"
	"pare/internal/printable"
)

// command is a subcommand. Errors are printed by main, as one line.
type command interface {
	name() string
	args() string // what follows the name in the line of usage
	doc() string  // what it does, in a line
	run(ctx context.Context, args []string, stdout, stderr io.Writer) error
}

// commands are the subcommands in the order of the help.
var commands = []command{inspectCommand{}, pruneCommand{}, exportCommand{}, predictCommand{}, memoryCommand{}, compareCommand{}, benchCommand{}, lassoCommand{}, glassoCommand{}, diffusionCommand{}}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal kills the process as usual
	os.Exit(execute(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs a command line and returns the exit status.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	stdout, stderr = printable.Writer{W: stdout}, printable.Writer{W: stderr}
	if len(args) == 0 {
		usage(stderr)
		return cli.ExitBadInput
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		if len(rest) == 0 {
			usage(stdout)
			return 0
		}
		name, rest = rest[0], []string{"-h"}
	case "version", "-version", "--version":
		fmt.Fprintln(stdout, build.Read())
		return 0
	}
	for _, c := range commands {
		if c.name() == name {
			return cli.Status("pare "+name, c.run(ctx, rest, stdout, stderr), stderr)
		}
	}
	return cli.Status("pare", cli.InputError("there is no command %q; see pare help", name), stderr)
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "pare works on the run folders that train makes, measures how fast models train,")
	fmt.Fprintln(w, "fits sparse linear models to tables, and finds networks behind data.")
	fmt.Fprintln(w)
	fmt.Fprintln(w, "usage: pare COMMAND [options]")
	fmt.Fprintln(w)
	for _, c := range commands {
		fmt.Fprintf(w, "  %-9s %s\n", c.name(), c.doc())
	}
	fmt.Fprintf(w, "  %-9s %s\n", "version", "prints the version of the program")
	fmt.Fprintf(w, "  %-9s %s\n", "help", "prints this, or the options of a command: pare help predict")
	fmt.Fprintln(w)
	fmt.Fprintln(w, "RUN is a run folder, a folder with model.safetensors and architecture.json, or")
	fmt.Fprintln(w, "an .onnx file that pare wrote. RUN/trained is the network before pruning.")
}
