package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"

	"pare/cmd/internal/cli"
	"pare/internal/kernel/parallel"
)

// flags are the options of a subcommand, among them those that all have.
type flags struct {
	*flag.FlagSet
	c       command
	threads int
}

func newFlags(c command) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(c.name(), flag.ContinueOnError), c: c}
	f.SetOutput(io.Discard) // errors are printed once, by main
	f.IntVar(&f.threads, "threads", 0, "processor threads to use; 0: all cores")
	return f
}

// parse reads the options, which may stand before and behind the arguments
// named in want, and returns the arguments. For -h it prints the help and
// returns flag.ErrHelp.
func (f *flags) parse(args []string, stdout io.Writer, want ...string) ([]string, error) {
	got, err := f.parseSome(args, stdout)
	if err != nil {
		return nil, err
	}
	if len(got) < len(want) {
		return nil, cli.InputError("no %s given; see pare help %s", want[len(got)], f.c.name())
	}
	if len(got) > len(want) {
		return nil, cli.InputError("unexpected argument %q; see pare help %s", got[len(want)], f.c.name())
	}
	return got, nil
}

// parseSome is parse for any number of arguments.
func (f *flags) parseSome(args []string, stdout io.Writer) ([]string, error) {
	var got []string
	for {
		before := args
		if err := f.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				f.help(stdout)
				return nil, err
			}
			return nil, cli.FlagError(err, f.FlagSet, "see pare help "+f.c.name())
		}
		args = f.Args()
		if read := len(before) - len(args); read > 0 && before[read-1] == "--" {
			got = append(got, args...) // nothing after it is an option
			break
		}
		if len(args) == 0 {
			break
		}
		got, args = append(got, args[0]), args[1:]
	}
	if f.threads < 0 || f.threads > parallel.MaxThreads {
		return nil, cli.InputError("-threads is %d, it must be 0 to %d", f.threads, parallel.MaxThreads)
	}
	parallel.SetThreads(f.threads)
	return got, nil
}

// help prints the options; where the shell's completion asks, it is given them.
func (f *flags) help(w io.Writer) {
	if c, ok := w.(*collector); ok {
		c.set = f.FlagSet
		return
	}
	cli.Help{Name: "pare " + f.c.name(), Doc: f.c.doc(), Usage: []string{f.c.args()}, Examples: f.c.examples(), Flags: f.FlagSet}.Write(w)
}

// given reports whether the option was on the command line.
func (f *flags) given(name string) bool {
	found := false
	f.Visit(func(o *flag.Flag) { found = found || o.Name == name })
	return found
}

// writable checks, before any work, that files could be written at the paths;
// empty ones are left out.
func writable(paths ...string) error {
	seen := map[string]bool{}
	for _, path := range paths {
		if path == "" {
			continue
		}
		clean := filepath.Clean(path)
		if seen[clean] {
			return cli.InputError("%s is to be written twice; choose two files", path)
		}
		seen[clean] = true
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return cli.InputError("%s is not a regular file; choose another name", path)
		}
		if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
			return cli.InputError("%s cannot be written: there is no folder %s", path, filepath.Dir(path))
		}
	}
	return nil
}
