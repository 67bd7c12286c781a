package app

import (
	"context"
	"flag"
	"io"
	"strings"
	"testing"

	"pare/cmd/internal/cli"
)

// Every option that completes to a word exists, and its help names the word.
func TestChoicesAreOptions(t *testing.T) {
	for _, c := range commands {
		f := newFlags(c, []string{"-h"}, io.Discard, io.Discard)
		if err := c.run(context.Background(), f); err != flag.ErrHelp {
			t.Fatalf("%s -h ends with %v", c.name, err)
		}
		if len(c.examples) == 0 {
			t.Errorf("%s has no examples", c.name)
		}
		for name, words := range f.words {
			o := f.Lookup(name)
			if o == nil {
				t.Errorf("%s has no option -%s", c.name, name)
				continue
			}
			for _, w := range words {
				if name != "model" && !strings.Contains(o.Usage+c.args, w) {
					t.Errorf("the help of %s -%s does not name %q: %s", c.name, name, w, o.Usage)
				}
			}
		}
		for name := range f.bounds {
			if f.Lookup(name) == nil {
				t.Errorf("%s has no option -%s to bound", c.name, name)
			}
		}
		for _, a := range f.older {
			if f.current().Lookup(a.old) != nil || f.current().Lookup(a.Name) == nil {
				t.Errorf("%s: -%s for -%s", c.name, a.old, a.Name)
			}
		}
	}
}

func TestCompletion(t *testing.T) {
	script := succeed(t, "completion", "bash")
	for _, want := range []string{"complete -o filenames -F _pare pare", "inspect", "-foldid", "knockoffs"} {
		if !strings.Contains(script, want) {
			t.Errorf("no %q in the script", want)
		}
	}
	fail(t, cli.ExitBadInput, "bash, zsh or fish", "completion")
	fail(t, cli.ExitBadInput, "not \"csh\"", "completion", "csh")
}

func TestMisspelt(t *testing.T) {
	fail(t, cli.ExitBadInput, "did you mean inspect?", "inspct", "x")
	fail(t, cli.ExitBadInput, "did you mean -method?", "prune", "-methd", "zeros", "x")
	fail(t, cli.ExitBadInput, "see pare help", "frobnicate", "x")
}
