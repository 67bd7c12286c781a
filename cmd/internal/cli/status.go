// Package cli is shared by the commands: how an error becomes a line and an exit status,
// help, completion and progress bars.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"pare/internal/fault"
	"pare/internal/option"
	"pare/internal/printable"
	"pare/run"
	"pare/train"
)

// Exit statuses of the commands; 0 is success.
const (
	ExitFailed      = 1
	ExitBadInput    = 2   // the input is at fault
	ExitInterrupted = 130 // 128 + SIGINT, as shells report it
)

// maxLine bounds errors, in bytes: names and shapes in them come from files.
const maxLine = 2000

// Status prints an error as one line that begins with the command's name, and
// returns the exit status. A panic is named with the kind in whose method it happened. An interruption that was saved keeps its second
// line, which says how to go on.
func Status(command string, err error, stderr io.Writer) int {
	stderr = printable.Writer{W: stderr}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, train.ErrInterrupted):
		fmt.Fprintf(stderr, "%s: %v\n", command, err)
		return ExitInterrupted
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(stderr, "%s: interrupted\n", command)
		return ExitInterrupted
	}
	line := strings.ReplaceAll(err.Error(), "\n", " ")
	if len(line) > maxLine {
		line = strings.ToValidUTF8(line[:maxLine], "") + " …"
	}
	var p *fault.Panic
	if errors.As(err, &p) {
		fmt.Fprintf(stderr, "%s: %s%s%s\n", command, kindOf(p), line, trace(p))
		return ExitFailed
	}
	fmt.Fprintf(stderr, "%s: %s\n", command, line)
	if run.IsInput(err) {
		return ExitBadInput
	}
	return ExitFailed
}

// traceVariable is the environment variable that asks for the trace of a panic.
const traceVariable = "PARE_TRACE"

// kindOf is the kind in whose method a panic happened, "dataset stripes: "; empty: in none.
func kindOf(p *fault.Panic) string {
	for _, function := range p.Functions {
		if noun, name, ok := option.KindOf(function); ok {
			return noun + " " + name + ": "
		}
	}
	return ""
}

// trace is the trace of a panic where the environment asks for it, and else how to ask.
func trace(p *fault.Panic) string {
	if os.Getenv(traceVariable) == "" {
		return "; with " + traceVariable + "=1 the trace is printed"
	}
	return "\n" + string(p.Trace)
}

// Warn prints a warning as one line that begins with the command's name. Characters that
// command a terminal, which may come from the name of a file, are escaped.
func Warn(command, text string, stderr io.Writer) {
	fmt.Fprintf(stderr, "%s: warning: %s\n", command, printable.Text(strings.ReplaceAll(text, "\n", " ")))
}

// InputError is an error that the user can correct in the input.
func InputError(format string, args ...any) error {
	return &run.InputError{Err: fmt.Errorf(format, args...)}
}
