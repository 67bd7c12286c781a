package cli

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"pare/internal/suggest"
)

// Help is the text of a program or subcommand for -h.
type Help struct {
	Name     string // "pare prune"
	Doc      string // purpose, in a line
	Usage    []string
	Examples []string // command lines, each with a comment behind a #
	Flags    *flag.FlagSet
}

// Write prints the help.
func (h Help) Write(w io.Writer) {
	fmt.Fprintf(w, "%s %s\n\n", h.Name, h.Doc)
	label := "usage:"
	for _, u := range h.Usage {
		fmt.Fprintf(w, "%-6s %s %s\n", label, h.Name, u)
		label = ""
	}
	if len(h.Examples) > 0 {
		fmt.Fprintln(w, "\nexamples:")
		for _, e := range h.Examples {
			fmt.Fprintln(w, "  "+e)
		}
	}
	fmt.Fprintln(w, "\noptions:")
	h.Flags.SetOutput(w)
	h.Flags.PrintDefaults()
	h.Flags.SetOutput(io.Discard)
}

// FlagError is an error of a flag set as an InputError. It suggests the options whose
// names are like a misspelt one; more says where all of them are listed.
func FlagError(err error, set *flag.FlagSet, more string) error {
	name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !ok {
		return InputError("%w; %s", err, more)
	}
	var names []string
	set.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return InputError("%w; %s", err, hint(strings.TrimLeft(name, "-"), names, "-", more))
}

// Unknown is the InputError of a name that does not exist. It suggests those like it; more
// says where all of them are listed.
func Unknown(kind, name string, names []string, more string) error {
	return InputError("there is no %s %q; %s", kind, name, hint(name, names, "", more))
}

// hint asks whether a name like the misspelt one was meant, or else is more.
func hint(name string, names []string, prefix, more string) string {
	near := suggest.Nearest(name, names)
	if len(near) == 0 {
		return more
	}
	return "did you mean " + prefix + strings.Join(near, " or "+prefix) + "?"
}
