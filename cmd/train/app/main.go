// Package app is the command train. A program that adds layers, penalties, datasets,
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
	"slices"
	"strings"

	"golang.org/x/term"

	"pare/cmd/internal/cli"
	"pare/config"
	"pare/internal/build"
	"pare/internal/fault"
	"pare/internal/option"
	"pare/internal/printable"
	"pare/run"
	"pare/train"
)

type flags struct {
	config, out, resume, initName string
	sets                          []string
	dryRun, list, schema, quiet   bool
	version                       bool
}

// Main runs the command with the arguments of the program and exits with its status.
func Main() { os.Exit(cli.Status("train", execute(os.Args[1:]), os.Stderr)) }

// examples are shown with the help.
var examples = []string{
	"train -config resnet                            # a built-in config",
	"train -config mine.yaml -set train.epochs=3 -out /tmp/try",
	"train -config mine.yaml -dry-run                # the network, nothing trained",
	"train -resume runs/resnet                       # after Ctrl-C or a crash",
	"train -init mnist-lenet5 mine.yaml              # a commented config to start from",
	"source <(train completion bash)                 # or zsh, fish",
}

// flagSet are the options, which Parse writes to f.
func (f *flags) flagSet() *flag.FlagSet {
	fs := flag.NewFlagSet("train", flag.ContinueOnError)
	fs.StringVar(&f.config, "config", "", "config `file`, or the name of a built-in config")
	fs.Func("set", "override a key, `KEY=VALUE`, as in train.epochs=3; may be given more than once", func(s string) error {
		f.sets = append(f.sets, s)
		return nil
	})
	fs.StringVar(&f.out, "out", "", "run `folder`; default runs/NAME, numbered when that exists. One that holds the same run, finished, is left as it is")
	fs.StringVar(&f.resume, "resume", "", "go on with the run in `folder` after Ctrl-C or a crash")
	fs.BoolVar(&f.dryRun, "dry-run", false, "print the network with parameters and multiply-accumulates, train nothing")
	fs.BoolVar(&f.list, "list", false, "print configs, and models, layers, penalties, optimizers and datasets with their options")
	fs.BoolVar(&f.schema, "schema", false, "print the JSON schema of configs, for editors")
	fs.StringVar(&f.initName, "init", "", "write the built-in config `NAME`, or one for data of your own ("+
		option.OneOf(config.Forms())+"), with comments, to the FILE that follows (default NAME.yaml)")
	fs.BoolVar(&f.quiet, "quiet", false, "print nothing but warnings and errors")
	fs.BoolVar(&f.version, "version", false, "print the version of the program")
	fs.SetOutput(io.Discard) // it would print all flags below each error
	return fs
}

func execute(args []string) (err error) {
	defer fault.Recover(&err)
	var f flags
	fs := f.flagSet()
	help := cli.Help{Name: "train", Doc: "trains a network with penalties, prunes it, proves that the smaller network " +
		"computes the same function, fine-tunes and exports it",
		Usage: []string{"-config FILE|NAME [-set KEY=VALUE ...] [-out DIR] [-dry-run] [-quiet]", "-resume DIR",
			"-list | -schema | -init NAME [FILE] | version | completion bash|zsh|fish"},
		Examples: examples, Flags: fs}
	if len(args) > 0 {
		switch args[0] {
		case "help":
			return printed(help.Write)
		case "version":
			args = append([]string{"-version"}, args[1:]...)
		case "completion":
			if len(args) != 2 {
				return cli.InputError("name one shell: train completion bash, zsh or fish")
			}
			return cli.Completion(os.Stdout, args[1], "train", []cli.Command{{Flags: fs,
				Values: map[string][]string{"config": config.BuiltIn(),
					"init": slices.Concat(config.Forms(), config.BuiltIn(), config.BuiltInSweeps())}}})
		}
	}
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return printed(help.Write)
	} else if err != nil {
		return cli.FlagError(err, fs, "-help lists the flags")
	}
	if f.initName == "" && fs.NArg() > 0 {
		return cli.InputError("unexpected argument %q; a config is given with -config", fs.Arg(0))
	}
	switch {
	case f.version:
		return printed(func(w io.Writer) { fmt.Fprintln(w, build.Read()) })
	case f.list:
		return printed(printList)
	case f.schema:
		_, err := os.Stdout.Write(config.Schema())
		return err
	case f.initName != "":
		return initConfig(f.initName, fs.Args())
	case f.resume != "":
		if f.config != "" || len(f.sets) > 0 || f.out != "" || f.dryRun {
			return cli.InputError("-resume goes on with the config of the run folder; leave -config, -set, -out and -dry-run out")
		}
		return resume(f)
	case f.config == "":
		return cli.InputError("no -config; try -config resnet, or -list to see what there is")
	}
	return start(f)
}

// printed is the error of writing to standard output.
func printed(print func(w io.Writer)) error {
	o := &cli.Output{W: os.Stdout}
	print(o)
	return o.Err
}

func initConfig(name string, args []string) error {
	if len(args) > 1 {
		return cli.InputError("-init takes one file, got %d", len(args))
	}
	dest := strings.TrimSuffix(name, ".yaml") + ".yaml"
	if len(args) == 1 {
		dest = args[0]
	}
	if err := cli.OutputFile("-init", dest, ".yaml", ".yml"); err != nil {
		return err
	}
	if err := config.Init(name, dest); err != nil {
		return &run.InputError{Err: err}
	}
	if slices.Contains(config.Forms(), strings.TrimSuffix(name, ".yaml")) {
		fmt.Printf("wrote %s; name your files in its section data, then run it with: train -config %s\n", dest, dest)
		return nil
	}
	command := "train -config"
	if slices.Contains(config.BuiltInSweeps(), strings.TrimSuffix(name, ".yaml")) {
		command = "pare sweep run"
	}
	fmt.Printf("wrote %s; run it with: %s %s\n", dest, command, dest)
	return nil
}

func start(f flags) error {
	if err := cli.OutputFolder("-out", f.out); err != nil {
		return err
	}
	c, err := config.Load(f.config, f.sets)
	if err != nil {
		return err
	}
	ctx, stop := cli.Signals()
	defer stop()
	if f.dryRun {
		return dryRun(ctx, c)
	}
	if folder := run.Folder(f.out); f.out != "" {
		asked, err := config.Load(f.config, f.sets) // errors below name paths as given
		if err != nil {
			return err
		}
		if err := asked.AbsolutePaths(); err != nil {
			return err
		}
		if folder.Finished(asked) {
			if !f.quiet {
				fmt.Printf("%s holds this run, finished; nothing is trained\n", folder)
				printResults(folder)
			}
			return nil
		}
	}
	_, data, err := run.Plan(ctx, c, progress(f.quiet))
	if err != nil {
		return err
	}
	if err := c.AbsolutePaths(); err != nil {
		return err
	}
	folder, err := run.CreateFolder(f.out, c.Name, c.YAML())
	if err != nil {
		return err
	}
	return finish(ctx, f, c, data, folder)
}

func resume(f flags) error {
	folder, err := run.OpenFolder(f.resume)
	if err != nil {
		return err
	}
	c, err := config.Load(string(folder)+"/"+run.ConfigFile, nil)
	if err != nil {
		return err
	}
	ctx, stop := cli.Signals()
	defer stop()
	return finish(ctx, f, c, nil, folder)
}

// finish does the rest of a run; data may be nil.
func finish(ctx context.Context, f flags, c *config.Config, data *run.Data, folder run.Folder) error {
	o := run.Options{Config: c, Folder: folder, Data: data, Command: cli.CommandLine(os.Args), Progress: progress(f.quiet),
		Warn: func(text string) {
			if term.IsTerminal(int(os.Stderr.Fd())) {
				fmt.Fprint(os.Stderr, "\r\x1b[K") // in place of a bar
			}
			cli.Warn("train", text, os.Stderr)
		}}
	if !f.quiet {
		o.Messages = printable.Writer{W: os.Stdout}
		o.Reporter = func() train.Reporter { return cli.NewReporter(os.Stderr) }
		fmt.Printf("run folder: %s\n", folder)
	}
	_, err := run.Run(ctx, o)
	if errors.Is(err, train.ErrInterrupted) {
		return fmt.Errorf("%w\ngo on with: train -resume %s", err, folder)
	}
	if err == nil && !f.quiet {
		printResults(folder)
	}
	return err
}

// printResults names the files to read, in a form that other programs can look for.
func printResults(folder run.Folder) {
	fmt.Printf("summary: %s/%s\n", folder, run.SummaryFile)
	fmt.Printf("see %s/%s\n", folder, run.ReportFile)
	if readsFiles(folder) {
		fmt.Printf("predict from new files: pare predict %s FILE…\n", folder)
	}
}

// readsFiles reports whether the model of a run knows how files become its inputs.
func readsFiles(folder run.Folder) bool {
	a, err := run.OpenArtifact(string(folder))
	if err != nil {
		return false
	}
	m, err := a.Final()
	return err == nil && m.Recipe != nil
}
