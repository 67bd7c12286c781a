// Package fault makes errors of panics, so that code of another module that fails ends the
// program with a line and not with a trace.
package fault

import (
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

// Panic is a panic as an error.
type Panic struct {
	// Value is the argument of panic.
	Value any
	// Functions are the functions that were running, the innermost first, without those of
	// the runtime: "example.org/stripes.(*Stripes).Load".
	Functions []string
	// Trace is Go's text of the stack.
	Trace []byte

	place string // file and line of the innermost function
}

// Error is one line with the function that panicked.
func (p *Panic) Error() string {
	if len(p.Functions) == 0 {
		return fmt.Sprintf("panic: %v", p.Value)
	}
	return fmt.Sprintf("panic in %s (%s): %v", p.Functions[0], p.place, p.Value)
}

// Recover stores a panic of the function that defers it in err: defer fault.Recover(&err).
func Recover(err *error) {
	if value := recover(); value != nil {
		*err = New(value)
	}
}

// New is the Panic of a value that recover returned, in the deferred function that called
// recover. A value that is a Panic, which another goroutine has passed on, stays as it is.
func New(value any) *Panic {
	if p, ok := value.(*Panic); ok {
		return p
	}
	p := &Panic{Value: value, Trace: debug.Stack()}
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	began := false // below the call of panic
	for {
		f, more := frames.Next()
		inRuntime := strings.HasPrefix(f.Function, "runtime.")
		if began && !inRuntime && f.Function != "" {
			if p.place == "" {
				p.place = fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
			}
			p.Functions = append(p.Functions, f.Function)
		}
		began = began || f.Function == "runtime.gopanic"
		if !more {
			return p
		}
	}
}
