package cli

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

// Command describes a program or one of its subcommands to shell completion.
type Command struct {
	Name string // "": the program itself, without a subcommand
	Doc  string // in a line
	// Flags holds the options; nil: none.
	Flags *flag.FlagSet
	// Values are the words that an option takes, by its name. Options that are not in
	// it take files, as the arguments do.
	Values map[string][]string
	// Words are the values of the first argument behind the subcommand; nil: files.
	Words []string
}

// shells are those that Completion writes a script for, and how each loads it.
var shells = map[string]func(w *strings.Builder, program string, commands []Command){
	"bash": bash, "zsh": zsh, "fish": fish,
}

// Completion writes the script that makes a shell (bash, zsh or fish) complete the
// subcommands, options and values of a program.
func Completion(w io.Writer, shell, program string, commands []Command) error {
	write, ok := shells[shell]
	if !ok {
		return InputError("completion is for bash, zsh or fish, not %q", shell)
	}
	var b strings.Builder
	write(&b, program, commands)
	_, err := io.WriteString(w, b.String())
	return err
}

// names lists the subcommands.
func names(commands []Command) []string {
	var out []string
	for _, c := range commands {
		if c.Name != "" {
			out = append(out, c.Name)
		}
	}
	return out
}

// visit calls f for every option of a command, in the order of names.
func (c Command) visit(f func(*flag.Flag)) {
	if c.Flags != nil {
		c.Flags.VisitAll(f)
	}
}

// takesValue reports whether an option is followed by a value.
func takesValue(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return !ok || !b.IsBoolFlag()
}

func bash(b *strings.Builder, program string, commands []Command) {
	fmt.Fprintf(b, "# bash completion of %[1]s; load it with: source <(%[1]s completion bash)\n", program)
	fmt.Fprintf(b, "_%s() {\n", program)
	b.WriteString("  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words= values= first=\n")
	sub := names(commands)
	if len(sub) > 0 {
		fmt.Fprintf(b, `  if [ "$COMP_CWORD" -eq 1 ] && [[ $cur != -* ]]; then
    COMPREPLY=($(compgen -W %q -- "$cur"))
    return
  fi
`, strings.Join(sub, " "))
	}
	b.WriteString("  case ${COMP_WORDS[1]}:$prev in\n")
	for _, c := range commands {
		c.visit(func(f *flag.Flag) {
			if v := c.Values[f.Name]; len(v) > 0 {
				fmt.Fprintf(b, "    %s:-%s) values=%q ;;\n", pattern(c.Name), f.Name, strings.Join(v, " "))
			}
		})
	}
	b.WriteString(`  esac
  if [ -n "$values" ]; then
    COMPREPLY=($(compgen -W "$values" -- "$cur"))
    [ ${#COMPREPLY[@]} -eq 0 ] || return
  fi
  case ${COMP_WORDS[1]} in
`)
	for _, c := range commands {
		var options []string
		c.visit(func(f *flag.Flag) { options = append(options, "-"+f.Name) })
		first := ""
		if c.Words != nil {
			first = fmt.Sprintf(" first=%q", strings.Join(c.Words, " "))
		}
		fmt.Fprintf(b, "    %s) words=%q%s ;;\n", pattern(c.Name), strings.Join(options, " "), first)
	}
	fmt.Fprintf(b, `  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  elif [ "$COMP_CWORD" -eq 2 ] && [ -n "$first" ]; then
    COMPREPLY=($(compgen -W "$first" -- "$cur"))
  else
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}
complete -o filenames -F _%[1]s %[1]s
`, program)
}

// pattern is the pattern of a case that matches the subcommand, any word for a program
// without one.
func pattern(name string) string {
	if name == "" {
		return "*"
	}
	return name
}

func zsh(b *strings.Builder, program string, commands []Command) {
	fmt.Fprintf(b, "#compdef %[1]s\n# zsh completion of %[1]s; load it with: source <(%[1]s completion zsh)\n", program)
	fmt.Fprintf(b, "_%s() {\n", program)
	sub := names(commands)
	if len(sub) > 0 {
		b.WriteString("  if (( CURRENT == 2 )); then\n    local -a subcommands=(\n")
		for _, c := range commands {
			if c.Name != "" {
				fmt.Fprintf(b, "      %s\n", quote(c.Name+":"+c.Doc))
			}
		}
		b.WriteString(`    )
    _describe command subcommands
    return
  fi
  local subcommand=$words[2]
  shift words
  (( CURRENT-- ))
  case $subcommand in
`)
	}
	for _, c := range commands {
		if c.Name == "" && len(sub) > 0 {
			continue
		}
		indent := "  "
		if c.Name != "" {
			fmt.Fprintf(b, "    %s)\n", c.Name)
			indent = "      "
		}
		fmt.Fprintf(b, "%s_arguments", indent)
		c.visit(func(f *flag.Flag) {
			spec := "-" + f.Name + "[" + bracketless(usage(f)) + "]"
			if takesValue(f) {
				action := "_files"
				if v := c.Values[f.Name]; len(v) > 0 {
					action = "(" + strings.Join(v, " ") + ")"
				}
				spec += ":" + f.Name + ":" + action
			}
			fmt.Fprintf(b, " \\\n%s  %s", indent, quote(spec))
		})
		if c.Words != nil {
			fmt.Fprintf(b, " \\\n%s  %s", indent, quote("1:action:("+strings.Join(c.Words, " ")+")"))
		}
		fmt.Fprintf(b, " \\\n%s  '*:file:_files'\n", indent)
		if c.Name != "" {
			b.WriteString("      ;;\n")
		}
	}
	if len(sub) > 0 {
		b.WriteString("  esac\n")
	}
	fmt.Fprintf(b, "}\ncompdef _%[1]s %[1]s\n", program)
}

func fish(b *strings.Builder, program string, commands []Command) {
	fmt.Fprintf(b, "# fish completion of %[1]s; load it with: %[1]s completion fish | source\n", program)
	sub := strings.Join(names(commands), " ")
	for _, c := range commands {
		condition := ""
		if c.Name != "" {
			fmt.Fprintf(b, "complete -c %s -f -n %s -a %s -d %s\n", program, quote("not __fish_seen_subcommand_from "+sub), c.Name, quote(c.Doc))
			condition = " -n " + quote("__fish_seen_subcommand_from "+c.Name)
			if c.Words != nil {
				fmt.Fprintf(b, "complete -c %s%s -a %s\n", program, condition, quote(strings.Join(c.Words, " ")))
			}
		}
		c.visit(func(f *flag.Flag) {
			fmt.Fprintf(b, "complete -c %s%s -o %s -d %s", program, condition, f.Name, quote(usage(f)))
			if takesValue(f) {
				b.WriteString(" -r")
				if v := c.Values[f.Name]; len(v) > 0 {
					fmt.Fprintf(b, " -a %s", quote(strings.Join(v, " ")))
				}
			}
			b.WriteString("\n")
		})
	}
}

// quote makes one word of a text for any of the shells.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// usage is the first line about an option.
func usage(f *flag.Flag) string {
	_, text := flag.UnquoteUsage(f)
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// bracketless is a text without the characters that end a description in zsh.
func bracketless(s string) string {
	return strings.NewReplacer("[", "(", "]", ")", ":", " -").Replace(s)
}
