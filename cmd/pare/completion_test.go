package main

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
		var asked collector
		if err := c.run(context.Background(), []string{"-h"}, &asked, io.Discard); err != flag.ErrHelp {
			t.Fatalf("%s -h ends with %v", c.name(), err)
		}
		if asked.set == nil {
			t.Fatalf("%s gives its options to nobody", c.name())
		}
		if len(c.examples()) == 0 {
			t.Errorf("%s has no examples", c.name())
		}
		with, ok := c.(chooser)
		if !ok {
			continue
		}
		for name, words := range with.choices() {
			f := asked.set.Lookup(name)
			if f == nil {
				t.Errorf("%s has no option -%s", c.name(), name)
				continue
			}
			for _, w := range words {
				if name != "model" && !strings.Contains(f.Usage+c.args(), w) {
					t.Errorf("the help of %s -%s does not name %q: %s", c.name(), name, w, f.Usage)
				}
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
