// Package lasso fits sparse linear models to tables: from the columns of a file to
// a chosen model with its duality gap, cross-validation, a guard against false
// discoveries, an audit of groups, worst-case losses, and the files and pictures
// that show them. It is what the command pare lasso does behind its options; the
// messages of errors name these options.
//
// Load makes Data of a table, Run fits them, and a Result writes itself as JSON, as
// text and as files. The numbers come from packages linear, selection, audit and
// robust.
package lasso

import "fmt"

// InputError is the fault of the data or of the options: one line that says what,
// where, and what to do.
type InputError struct{ err error }

func (e *InputError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.err }

func inputf(format string, args ...any) error {
	return &InputError{fmt.Errorf(format, args...)}
}

// input marks an error as the fault of what was given.
func input(err error) error {
	if err == nil {
		return nil
	}
	return &InputError{err}
}
