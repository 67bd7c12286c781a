package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pare/cmd/internal/cli"
	"pare/internal/atomicfile"
	"pare/internal/fault"
	"pare/internal/kernel/parallel"
	"pare/internal/option"
	"pare/internal/printable"
)

// command is a subcommand. main prints the error of run as one line.
type command struct {
	name     string
	args     string // behind the name in the line of usage
	doc      string // its purpose, in a line
	examples []string
	run      func(ctx context.Context, f *flags) error
}

// guarded is run with a panic as an error.
func (c *command) guarded(ctx context.Context, f *flags) (err error) {
	defer fault.Recover(&err)
	return c.run(ctx, f)
}

// flags holds the options of a subcommand, its command line and its output.
type flags struct {
	*flag.FlagSet
	c              *command
	args           []string
	stdout, stderr io.Writer
	threads        int
	words          map[string][]string // that an option takes, for completion
	firstWords     []string            // that the first argument takes, for completion
	bounds         map[string]bound
	older          []*alias
	refused        error // the first contradiction that refuse found
}

// bound is a test of the value of an option, with its text for errors.
type bound struct {
	text string
	is   func(v any) bool
}

func newFlags(c *command, args []string, stdout, stderr io.Writer) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(c.name, flag.ContinueOnError), c: c, args: args, stdout: stdout, stderr: stderr,
		words: map[string][]string{}, bounds: map[string]bound{}}
	f.SetOutput(io.Discard) // errors are printed once, by main
	f.IntVar(&f.threads, "threads", 0, "processor threads to use; 0: all cores")
	f.within(between(0, parallel.MaxThreads), "threads")
	return f
}

// choice defines an option that takes one of some words, or its default.
func (f *flags) choice(to *string, name, value, usage string, words ...string) {
	f.StringVar(to, name, value, usage)
	f.words[name] = words
	f.bounds[name] = bound{option.OneOf(words), func(v any) bool {
		return v == value || slices.Contains(words, v.(string))
	}}
}

// within bounds the values that may be given to options.
func (f *flags) within(b bound, names ...string) {
	for _, name := range names {
		f.bounds[name] = b
	}
}

// numeric returns a bound for options of type int or float64.
func numeric(text string, is func(v float64) bool) bound {
	return bound{text, func(v any) bool {
		if n, ok := v.(int); ok {
			return is(float64(n))
		}
		return is(v.(float64))
	}}
}

func between(low, high int) bound {
	return numeric(fmt.Sprintf("%d to %d", low, high), func(v float64) bool { return v >= float64(low) && v <= float64(high) })
}

func atLeast(low int) bound {
	return numeric(fmt.Sprintf("a number of at least %d", low), func(v float64) bool { return v >= float64(low) && !math.IsInf(v, 1) })
}

var (
	positive = numeric("a number above 0", func(v float64) bool { return v > 0 && !math.IsInf(v, 1) })
	share    = numeric("between 0 and 1", func(v float64) bool { return v > 0 && v < 1 })
)

// alias is an older name of an option. It keeps working.
type alias struct {
	*flag.Flag        // the option
	old, text  string // the name, and its value as given
	values     map[string]string
}

func (a *alias) String() string     { return a.text }
func (a *alias) Set(s string) error { a.text = s; return nil }

// IsBoolFlag reports whether the name may stand without a value.
func (a *alias) IsBoolFlag() bool {
	b, ok := a.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag() && (a.values == nil || a.values["true"] != "")
}

// alias defines an older name of an option. values maps older values to values of the
// option; nil: they are the same.
func (f *flags) alias(old, name string, values map[string]string) {
	a := &alias{Flag: f.Lookup(name), old: old, values: values}
	f.older = append(f.older, a)
	f.Var(a, old, "")
}

// settle gives the option the value of its older name, and returns the replacement in
// words.
func (a *alias) settle(f *flags) (string, error) {
	if f.given(a.Name) {
		return "", cli.InputError("-%s is an older name of -%s; give one of them", a.old, a.Name)
	}
	value, now := a.text, "-"+a.Name
	if a.values != nil {
		var ok bool
		if value, ok = a.values[a.text]; !ok {
			return "", cli.InputError("-%s is %q; it is an older name of -%s, see pare help %s", a.old, a.text, a.Name, f.c.name)
		}
		now += "=" + value
	}
	if err := f.Set(a.Name, value); err != nil {
		return "", cli.InputError("invalid value %q for flag -%s: %w", a.text, a.old, err)
	}
	return now + " for -" + a.old, nil
}

// current returns the options without older names.
func (f *flags) current() *flag.FlagSet {
	out := flag.NewFlagSet(f.Name(), flag.ContinueOnError)
	f.VisitAll(func(o *flag.Flag) {
		if _, old := o.Value.(*alias); !old {
			out.Var(o.Value, o.Name, o.Usage)
			out.Lookup(o.Name).DefValue = o.DefValue
		}
	})
	return out
}

// parse reads the options, which may stand before and after the arguments named in want,
// and returns the arguments. For -h it prints the help and returns flag.ErrHelp.
func (f *flags) parse(want ...string) ([]string, error) {
	got, err := f.parseSome()
	switch {
	case err != nil:
		return nil, err
	case len(got) < len(want):
		return nil, cli.InputError("no %s given; see pare help %s", want[len(got)], f.c.name)
	case len(got) > len(want):
		return nil, cli.InputError("unexpected argument %q; see pare help %s", got[len(want)], f.c.name)
	}
	return got, nil
}

// parseSome is parse for any number of arguments.
func (f *flags) parseSome() ([]string, error) {
	var got []string
	for args := f.args; ; {
		before := args
		if err := f.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				f.help()
				return nil, err
			}
			return nil, cli.FlagError(err, f.current(), "see pare help "+f.c.name)
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
	var write []string
	for _, a := range f.older {
		if f.given(a.old) {
			now, err := a.settle(f)
			if err != nil {
				return nil, err
			}
			write = append(write, now)
		}
	}
	if write != nil {
		f.note("older names of options: write %s", strings.Join(write, ", "))
	}
	var err error
	f.Visit(func(o *flag.Flag) {
		l, ok := f.bounds[o.Name]
		if !ok || err != nil {
			return
		}
		v, verb := o.Value.(flag.Getter).Get(), "%v"
		if _, text := v.(string); text {
			verb = "%q"
		}
		if !l.is(v) {
			err = cli.InputError("-%s is "+verb+", it must be %s", o.Name, v, l.text)
		}
	})
	if err == nil {
		parallel.SetThreads(f.threads)
	}
	return got, err
}

func (f *flags) help() {
	cli.Help{Name: "pare " + f.c.name, Doc: f.c.doc, Usage: []string{f.c.args}, Examples: f.c.examples, Flags: f.current()}.Write(f.stdout)
	for i, a := range f.older {
		if i == 0 {
			fmt.Fprint(f.stdout, "\nolder names, which work too:\n")
		}
		fmt.Fprintf(f.stdout, "  -%s: now -%s\n", a.old, a.Name)
	}
}

// given reports whether the option was on the command line.
func (f *flags) given(name string) bool {
	found := false
	f.Visit(func(o *flag.Flag) { found = found || o.Name == name })
	return found
}

// refuse sets refused if one of the named options was given and has no meaning here.
func (f *flags) refuse(here bool, reason string, names ...string) {
	for _, name := range names {
		if here && f.refused == nil && f.given(name) {
			f.refused = cli.InputError("-%s: %s", name, reason)
		}
	}
}

// note writes a line on standard error.
func (f *flags) note(format string, args ...any) {
	fmt.Fprintf(f.stderr, "pare %s: %s\n", f.c.name, printable.Text(fmt.Sprintf(format, args...)))
}

func (f *flags) warn(text string) { cli.Warn("pare "+f.c.name, text, f.stderr) }

// progress returns a function that shows a progress bar for work that takes longer than
// two seconds; nil if standard error is no terminal.
func (f *flags) progress() func(what string, done, total int64) {
	w := f.stderr
	if p, ok := w.(printable.Writer); ok {
		w = p.W // a bar moves the cursor
	}
	return cli.Progress(w, 2*time.Second)
}

// columns is the width of standard output where it is a terminal; 0: it is none.
func (f *flags) columns() int {
	w := f.stdout
	if p, ok := w.(printable.Writer); ok {
		w = p.W
	}
	if out, ok := w.(*cli.Output); ok {
		w = out.W
	}
	if !cli.IsTerminal(w) {
		return 0
	}
	return cli.Columns(w)
}

// writable checks, before any work, that files could be written at the paths. It skips
// empty paths.
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
		if err := atomicfile.Check(path); err != nil {
			return cli.InputError("%s cannot be written: %w", path, err)
		}
	}
	return nil
}
